/** The dry run of reconcile and resync: the same look at both libraries, told instead of carried out. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SecretBox } from '../config/secret-key.ts';
import type { Settings } from '../config/settings.ts';
import type { NewProposal } from '../db/proposals.repo.ts';
import { countChanged } from '../db/reconcile-claims.repo.ts';
import * as repo from '../db/reconcile.repo.ts';
import type { Db, Replica } from '../db/tables.ts';
import type { PaperlessReader } from '../paperless/api.ts';
import { matches } from './document/file.ts';
import { masterNotConfigured } from './instances.ts';
import { masterAccess } from './load-settings.ts';
import type { Scan } from './reconcile/scan.ts';
import { matchLibraries, type ReconcileSummary } from './reconcile.ts';
import type { InstanceClients } from './test-connection.ts';

export interface PlanDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly clients: InstanceClients;
  readonly scratchDir: string;
  settings(): Promise<Settings>;
}

export interface ReconcilePlan {
  readonly summary: ReconcileSummary & { readonly released: number };
  /** What each document that is not linked now would be linked to; null: nothing, it is uploaded by the next cycle. */
  readonly documents: readonly repo.MatchedRow[];
  readonly proposals: readonly NewProposal[];
  /** Rows and proposals beyond the first thousand are counted only. */
  readonly truncated: boolean;
}

const SHOWN = 1000;

/** Changes nothing, neither on an instance nor in what is known of one. */
export async function planReconcile(
  deps: PlanDeps,
  replica: Replica,
  mode: repo.ReconcileMode,
  signal?: AbortSignal,
): Promise<ReconcilePlan> {
  const scanId = await repo.openScan(deps.db, { replicaId: replica.id, runId: null, mode });
  const folder = join(deps.scratchDir, `plan-${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await look(deps, await openPlanScan(deps, { replica, mode, scanId, folder, signal }));
  } finally {
    await rm(folder, { recursive: true, force: true });
    await repo.dropScan(deps.db, scanId);
  }
}

async function look(deps: PlanDeps, scan: Scan): Promise<ReconcilePlan> {
  const proposals: NewProposal[] = [];
  const { summary } = await matchLibraries(scan, async (batch) => {
    proposals.push(...batch.slice(0, Math.max(0, SHOWN - proposals.length)));
  });
  const rows = await repo.scanResults(deps.db, scan.id, SHOWN + 1);
  return {
    summary: { ...summary, released: await countChanged(deps.db, scan.id) },
    documents: rows.slice(0, SHOWN),
    proposals,
    truncated: rows.length > SHOWN || summary.proposals > proposals.length,
  };
}

interface PlanOf {
  readonly replica: Replica;
  readonly mode: repo.ReconcileMode;
  readonly scanId: number;
  readonly folder: string;
  readonly signal: AbortSignal | undefined;
}

async function openPlanScan(
  { db, secrets, clients, settings: load }: PlanDeps,
  { replica, mode, scanId, folder, signal }: PlanOf,
): Promise<Scan> {
  const settings = await load();
  const access = masterAccess(settings);
  if (access === null) throw masterNotConfigured();
  const master = clients.openReader(access);
  const copies = clients.openReader({
    url: replica.url,
    token: secrets.open(replica.api_token),
    target: replica.id,
  });
  const [a, b] = await Promise.all([master.probe(signal), copies.probe(signal)]);
  return {
    db,
    id: scanId,
    replicaId: replica.id,
    mode,
    asnBase: settings.asnBase,
    master,
    replica: copies,
    generations: { master: a.generation, replica: b.generation },
    signal,
    hashFile: (masterId) => hashInto(folder, master, masterId, signal),
  };
}

async function hashInto(folder: string, master: PaperlessReader, masterId: number, signal: AbortSignal | undefined) {
  const checksum = await master.originalChecksum(masterId, signal);
  if (checksum === null) return null;
  const path = join(folder, String(masterId));
  const { sha256, md5 } = await master.downloadOriginal(masterId, path, signal);
  await rm(path, { force: true });
  return matches({ sha256, md5 }, checksum.hex) ? { sha256, md5 } : null;
}
