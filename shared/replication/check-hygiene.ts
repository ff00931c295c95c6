/**
 * How an instance is set up, as far as it matters to us (E25). Reads only. A part that cannot be read is said to be unread,
 * never taken for one without findings (E4).
 */
import type { SecretBox } from '../config/secret-key.ts';
import type { Settings } from '../config/settings.ts';
import { updateMaster } from '../db/master.repo.ts';
import { updateReplica } from '../db/replicas.repo.ts';
import type { Db, Replica } from '../db/tables.ts';
import { countRefusedDuplicates } from '../db/views.repo.ts';
import type { Finding, InstanceFacts, KnownFacts, MatcherFacts, UnreadPart } from '../domain/hygiene/facts.ts';
import { masterFindings, replicaFindings, unreachableFinding } from '../domain/hygiene/findings.ts';
import { TAXONOMY_KINDS } from '../domain/model.ts';
import type { Clock } from '../kernel/clock.ts';
import { toAppError } from '../kernel/errors.ts';
import type { Capabilities, PaperlessReader } from '../paperless/api.ts';
import { masterAccess } from './load-settings.ts';
import type { InstanceClients } from './test-connection.ts';

export interface HygieneReport {
  /** Null: never looked at. */
  readonly checkedAt: Date | null;
  readonly findings: readonly Finding[];
}
export interface HygieneDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly secrets: SecretBox;
  readonly clients: Pick<InstanceClients, 'openReader'>;
  settings(): Promise<Settings>;
}

/** Nothing was ever sent to it. */
export const UNKNOWN_REPLICA: KnownFacts = { asnFence: true, refusedDuplicates: 0 };

export async function knownFacts(db: Db, replica: Pick<Replica, 'id' | 'asn_fence'>): Promise<KnownFacts> {
  return { asnFence: replica.asn_fence, refusedDuplicates: await countRefusedDuplicates(db, replica.id) };
}

/** A fresh look at a saved replica, beside the master where one is configured; kept with its time. */
export async function checkReplicaHygiene(
  deps: HygieneDeps,
  replica: Replica,
  signal?: AbortSignal,
): Promise<HygieneReport> {
  const master = masterAccess(await deps.settings());
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  const readers = {
    replica: deps.clients.openReader(access),
    master: master === null ? null : deps.clients.openReader(master),
  };
  const findings = await replicaHygiene(readers, await knownFacts(deps.db, replica), deps.clock, signal);
  const checkedAt = deps.clock.now();
  await updateReplica(deps.db, replica.id, { hygiene: JSON.stringify(findings), hygiene_at: checkedAt });
  return { checkedAt, findings };
}

/** Null: no master is configured. */
export async function checkMasterHygiene(deps: HygieneDeps, signal?: AbortSignal): Promise<HygieneReport | null> {
  const access = masterAccess(await deps.settings());
  if (access === null) return null;
  const findings = await masterHygiene(deps.clients.openReader(access), deps.clock, signal);
  const checkedAt = deps.clock.now();
  await updateMaster(deps.db, { hygiene: JSON.stringify(findings), hygiene_at: checkedAt });
  return { checkedAt, findings };
}

/** What the last look found, without a request. */
export function storedHygiene(row: { hygiene: Finding[] | null; hygiene_at: Date | null }): HygieneReport {
  return { checkedAt: row.hygiene_at, findings: row.hygiene ?? [] };
}

export async function replicaHygiene(
  readers: { readonly replica: PaperlessReader; readonly master: PaperlessReader | null },
  known: KnownFacts,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const [facts, master] = await Promise.all([
    gatherFacts(readers.replica, clock, signal),
    // Only for comparison: what is wrong with the master is said at the master.
    readers.master === null ? null : gatherFacts(readers.master, clock, signal).catch(() => null),
  ]).catch((thrown: unknown) => [unreachableFinding(toAppError(thrown)), null] as const);
  return 'severity' in facts ? [facts] : replicaFindings(facts, known, master);
}

export async function masterHygiene(reader: PaperlessReader, clock: Clock, signal?: AbortSignal): Promise<Finding[]> {
  try {
    return masterFindings(await gatherFacts(reader, clock, signal));
  } catch (thrown) {
    return [unreachableFinding(toAppError(thrown))];
  }
}

/** One question after the other: an interactive look must not crowd out the engine's own requests. */
async function gatherFacts(reader: PaperlessReader, clock: Clock, signal?: AbortSignal): Promise<InstanceFacts> {
  const facts = await reader.probe(signal);
  const clockOffsetMs = offsetOf(facts, clock);
  const unread: UnreadPart[] = [];
  const ask = async <T>(part: string, question: () => Promise<T>): Promise<T | null> => {
    try {
      return await question();
    } catch (thrown) {
      if (signal?.aborted) throw thrown;
      const { code, message } = toAppError(thrown);
      unread.push({ part, code, why: message });
      return null;
    }
  };
  return {
    generation: facts.generation,
    version: facts.version,
    clockOffsetMs,
    rights: await ask('the rights of the token', () => reader.rights(signal)),
    matchers: await ask('matching rules and inbox tags', () => matchersOf(reader, signal)),
    workflows: await ask('workflows', () => reader.workflows(signal)),
    mailRules: await ask('mail rules', () => reader.mailRules(signal)),
    config: await ask('the configuration', () => reader.config(signal)),
    status: await ask('the system status', () => reader.status(signal)),
    unread,
  };
}

/** The header was written while the request was under way: half its time is the best guess of when. */
function offsetOf({ serverDate, latencyMs }: Capabilities, clock: Clock): number {
  return serverDate - (clock.now().getTime() - latencyMs / 2);
}

async function matchersOf(reader: PaperlessReader, signal?: AbortSignal): Promise<MatcherFacts[]> {
  const found: MatcherFacts[] = [];
  for (const kind of TAXONOMY_KINDS)
    for (const { name, match, matchingAlgorithm: algorithm, isInboxTag } of await reader.taxonomy(kind, signal))
      found.push({ kind, name, match, algorithm, isInboxTag });
  return found;
}
