import { Hono, type Context } from 'hono';
import { stream } from 'hono/streaming';
import { z } from 'zod';
import * as findingsRepo from '../../../shared/db/findings.repo.ts';
import { findReplica, listReplicas } from '../../../shared/db/replicas.repo.ts';
import type { Replica, Verification } from '../../../shared/db/tables.ts';
import { ledgerPage } from '../../../shared/db/verification-ledger.repo.ts';
import * as repo from '../../../shared/db/verifications.repo.ts';
import {
  DEPTHS,
  FINDING_KINDS,
  RECEIPT_HEADER,
  receiptLine,
  type FindingKind,
} from '../../../shared/domain/verification.ts';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import {
  cancelVerification,
  openVerification,
  type VerificationRequest,
} from '../../../shared/replication/verify-open.ts';
import type { ApiDeps } from '../deps.ts';
import { notFound } from '../http-error.ts';
import { bodyOf, id, idOf, pageSize, queryOf } from '../input.ts';
import { presentFinding, presentLedgerRow, presentVerification, toCsv } from '../presenters/verifications.ts';

const depth = z.enum(DEPTHS).default('checksum');
const format = z.enum(['json', 'csv']).optional();
const replicaBody = z.strictObject({ depth, document: z.int().positive().optional() });
const everythingBody = z.strictObject({ depth });
const pageQuery = z.strictObject({ format, cursor: id.optional(), limit: pageSize(50, 500) });
const rowsQuery = z.strictObject({ format, cursor: id.optional(), limit: pageSize(500, 5000) });
const findingQuery = z.strictObject({
  format,
  state: z.enum(['open', 'repairing', 'repaired', 'accepted']).optional(),
  kind: z.enum(FINDING_KINDS as [FindingKind, ...FindingKind[]]).optional(),
  verification: id.optional(),
  cursor: id.optional(),
  limit: pageSize(100, 1000),
});

/** Below /api/replicas/{id}/. */
export function replicaVerificationRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/:id/verify', async (c) => {
    const { depth: wanted, document } = await bodyOf(c, replicaBody);
    const scope = document === undefined ? ('replica' as const) : ('document' as const);
    return ask(c, deps, { replicaId: idOf(c), scope, depth: wanted, masterDocId: document });
  });
  routes.get('/:id/verifications', async (c) => {
    const { format: wanted, cursor, limit } = queryOf(c, pageQuery);
    const replica = await existing(deps, idOf(c));
    const rows = await repo.listVerifications(deps.db, replica.id, { before: cursor, limit });
    const verifications = rows.map((row) => presentVerification(row, replica.name));
    if (wantsCsv(c, wanted)) return csv(c, `verifications-${replica.id}`, toCsv(verifications));
    return c.json({ verifications, next_cursor: cursorAfter(rows, limit) });
  });
  routes.get('/:id/findings', async (c) => {
    const { format: wanted, state, kind, verification, cursor, limit } = queryOf(c, findingQuery);
    const replica = await existing(deps, idOf(c));
    const filter = { replicaId: replica.id, state, kind, verificationId: verification };
    const rows = await findingsRepo.listFindings(deps.db, filter, { before: cursor, limit });
    const findings = rows.map(presentFinding);
    if (wantsCsv(c, wanted)) return csv(c, `findings-${replica.id}`, toCsv(findings));
    return c.json({ findings, next_cursor: cursorAfter(rows, limit) });
  });
  return routes;
}

/** POST /api/verify: everything. */
export function verifyRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/', async (c) =>
    ask(c, deps, { replicaId: null, scope: 'everything', depth: (await bodyOf(c, everythingBody)).depth }),
  );
  return routes;
}

/** Below /api/verifications/. */
export function verificationRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.get('/:id', async (c) => {
    const { format: wanted, cursor = 0, limit } = queryOf(c, rowsQuery);
    const verificationId = idOf(c);
    const verification = await repo.findVerification(deps.db, verificationId);
    if (verification === undefined) throw notFound(`The verification ${verificationId}`, 'verification_not_found');
    if (wantsCsv(c, wanted)) return receipt(c, deps, verification);
    const rows = await ledgerPage(deps.db, verification.id, cursor, limit);
    const children = await repo.childrenOfVerification(deps.db, verification.id);
    const names = new Map((await listReplicas(deps.db)).map((replica) => [replica.id, replica.name]));
    const present = (one: Verification) => presentVerification(one, names.get(one.replica_id ?? 0) ?? null);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return c.json({
      verification: present(verification),
      replicas: children.map(present),
      rows: rows.map(presentLedgerRow),
      next_cursor: last === undefined ? null : String(last.link_id),
    });
  });
  routes.post('/:id/cancel', async (c) => {
    const verificationId = idOf(c);
    const verification = await repo.findVerification(deps.db, verificationId);
    if (verification === undefined) throw notFound(`The verification ${verificationId}`, 'verification_not_found');
    const cancelled = await cancelVerification(deps, verification);
    return c.json({ verification_id: verificationId, cancelled });
  });
  return routes;
}

/** Below /api/findings/. */
export function findingRoutes(deps: ApiDeps): Hono {
  const routes = new Hono();
  routes.post('/:id/accept', async (c) => {
    const findingId = idOf(c);
    const accepted = await findingsRepo.acceptFinding(deps.db, findingId);
    const finding = accepted ?? (await findingsRepo.findFinding(deps.db, findingId));
    if (finding === undefined) throw notFound(`The finding ${findingId}`, 'finding_not_found');
    if (accepted)
      deps.log.info(`Finding ${finding.id} (${finding.kind}) was accepted.`, { replicaId: finding.replica_id });
    return c.json({ finding: presentFinding(finding) });
  });
  return routes;
}

type Question = Pick<VerificationRequest, 'replicaId' | 'scope' | 'depth' | 'masterDocId'>;

async function ask(c: Context, deps: ApiDeps, question: Question): Promise<Response> {
  const opened = await openVerification(deps, { ...question, trigger: 'manual', askedBy: 'api' });
  return c.json({ verification_id: opened.verificationId, already_running: opened.alreadyRunning }, 202);
}

/** The parameter wins over the header: a link in a page cannot set headers. */
function wantsCsv(c: Context, wanted: 'json' | 'csv' | undefined): boolean {
  return wanted === undefined ? /^text\/csv\b/i.test(c.req.header('accept') ?? '') : wanted === 'csv';
}

const CSV_HEADERS = (name: string) => ({
  'content-type': 'text/csv; charset=utf-8',
  'content-disposition': `attachment; filename="${name}.csv"`,
});

function csv(c: Context, name: string, text: string): Response {
  return c.body(text, 200, CSV_HEADERS(name));
}

const PAGE = 1000;

/** Page by page: the receipt of a large library is no string. Its SHA-256 is the digest. */
function receipt(c: Context, deps: ApiDeps, verification: Verification): Response {
  for (const [header, value] of Object.entries(CSV_HEADERS(`verification-${verification.id}`))) c.header(header, value);
  return stream(c, async (out) => {
    await out.write(RECEIPT_HEADER);
    for (let after = 0; ; ) {
      const rows = await ledgerPage(deps.db, verification.id, after, PAGE);
      await out.write(rows.map(receiptLine).join(''));
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
      after = last.link_id;
    }
  });
}

function cursorAfter(rows: readonly { readonly id: number }[], limit: number): string | null {
  const last = rows.length === limit ? rows.at(-1) : undefined;
  return last === undefined ? null : String(last.id);
}

async function existing(deps: ApiDeps, replicaId: number): Promise<Replica> {
  const replica = await findReplica(deps.db, replicaId);
  if (replica === undefined) throw replicaNotFound(replicaId);
  return replica;
}
