import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { listFindings } from '../../../shared/db/findings.repo.ts';
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import type { LedgerRow, Verification } from '../../../shared/db/tables.ts';
import { ledgerPage } from '../../../shared/db/verification-ledger.repo.ts';
import * as repo from '../../../shared/db/verifications.repo.ts';
import { RECEIPT_HEADER, receiptLine } from '../../../shared/domain/verification.ts';
import { keepMaster } from '../../../shared/replication/keep-master.ts';
import {
  cancelVerification,
  openVerification,
  type VerificationRequest,
} from '../../../shared/replication/verify-open.ts';
import { csvFile, csvNewestFirst, full } from '../csv.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { actorOf } from '../gate/visitor.ts';
import { cursorAfter, flag, id, idParam, pageSize } from '../input.ts';
import { answer, answerOrCsv, jsonBody, newRoutes, operation, type Routes } from '../operation.ts';
import {
  FINDING_COLUMNS,
  presentFinding,
  presentLedgerRow,
  presentVerification,
  VERIFICATION_COLUMNS,
} from '../presenters/verifications.ts';
import { startRun } from '../presenters/document-acts.ts';
import { letBe } from '../presenters/findings.ts';
import { existingVerification } from '../presenters/verification-pages.ts';
import { retried } from '../schemas/documents.ts';
import * as schemas from '../schemas/verifications.ts';

const depth = schemas.depth.default('checksum');
const format = z
  .enum(['json', 'csv'])
  .optional()
  .meta({ description: 'Wins over the Accept header: a link in a page cannot set headers.' });
const tags = ['Verification'];

const postVerify = operation({
  method: 'post',
  path: '/replicas/{id}/verify',
  operationId: 'verifyReplica',
  summary: 'Compare a replica, or one document of it, with the master',
  tags,
  request: {
    params: idParam,
    body: jsonBody(z.strictObject({ depth, document: z.int().positive().optional() })),
  },
  responses: { 202: answer('It is on its way.', schemas.openedVerification) },
  problems: [409],
});
const postVerifyAll = operation({
  method: 'post',
  path: '/verify',
  operationId: 'verifyEverything',
  summary: 'Compare every replica with the master',
  tags,
  request: { body: jsonBody(z.strictObject({ depth })) },
  responses: { 202: answer('It is on its way.', schemas.openedVerification) },
  problems: [404, 409],
});
const getVerifications = operation({
  method: 'get',
  path: '/replicas/{id}/verifications',
  operationId: 'listVerifications',
  summary: 'Verifications of a replica, newest first; as CSV all of them',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({ format, cursor: id.optional(), limit: pageSize(50, 500) }),
  },
  responses: { 200: answerOrCsv('A page of verifications.', schemas.verificationPage) },
});
const getFindings = operation({
  method: 'get',
  path: '/replicas/{id}/findings',
  operationId: 'listFindings',
  summary: 'What verifications of a replica found, newest first; as CSV all of it',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({
      format,
      state: z.enum(schemas.FINDING_STATES).optional(),
      kind: schemas.findingKind.optional(),
      verification: id.optional(),
      cursor: id.optional(),
      limit: pageSize(100, 1000),
    }),
  },
  responses: { 200: answerOrCsv('A page of findings.', schemas.findingPage) },
});

/** Under /api: what is asked for, and lists. */
export function verificationRoutes(deps: ApiDeps): Routes {
  const routes = newRoutes();
  routes.openapi(postVerify, async (c) => {
    const { depth: wanted, document } = c.req.valid('json');
    const scope = document === undefined ? ('replica' as const) : ('document' as const);
    const replicaId = c.req.valid('param').id;
    return c.json(await ask(deps, actorOf(c), { replicaId, scope, depth: wanted, masterDocId: document }), 202);
  });
  routes.openapi(postVerifyAll, async (c) =>
    c.json(
      await ask(deps, actorOf(c), { replicaId: null, scope: 'everything', depth: c.req.valid('json').depth }),
      202,
    ),
  );
  routes.openapi(getVerifications, async (c) => {
    const { format: wanted, cursor, limit } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const page = async (before: number | undefined, size: number) =>
      (await repo.listVerifications(deps.db, replica.id, { before, limit: size })).map((row) =>
        presentVerification(row, replica.name),
      );
    if (wantsCsv(c, wanted))
      return csvNewestFirst(c, `verifications-${replica.id}`, VERIFICATION_COLUMNS, page, cursor);
    const verifications = await page(cursor, limit);
    return c.json({ verifications, next_cursor: cursorAfter(verifications, limit) }, 200);
  });
  routes.openapi(getFindings, async (c) => {
    const { format: wanted, state, kind, verification, cursor, limit } = c.req.valid('query');
    const replica = await existingReplica(deps.db, c.req.valid('param').id);
    const filter = { replicaId: replica.id, state, kind, verificationId: verification };
    const page = async (before: number | undefined, size: number) =>
      (await listFindings(deps.db, filter, { before, limit: size })).map(presentFinding);
    if (wantsCsv(c, wanted)) return csvNewestFirst(c, `findings-${replica.id}`, FINDING_COLUMNS, page, cursor);
    const findings = await page(cursor, limit);
    return c.json({ findings, next_cursor: cursorAfter(findings, limit) }, 200);
  });
  addSingle(routes, deps);
  return routes;
}

const getVerification = operation({
  method: 'get',
  path: '/verifications/{id}',
  operationId: 'getVerification',
  summary: 'One verification with its receipt; as CSV the whole receipt, whose SHA-256 is the digest',
  tags,
  request: {
    params: idParam,
    query: z.strictObject({ format, cursor: id.optional(), limit: pageSize(500, 5000) }),
  },
  responses: { 200: answerOrCsv('A page of the receipt.', schemas.verificationDetail) },
});
const postCancel = operation({
  method: 'post',
  path: '/verifications/{id}/cancel',
  operationId: 'cancelVerification',
  summary: 'Stop a verification',
  tags,
  request: { params: idParam },
  responses: { 200: answer('Whether there was anything to stop.', schemas.cancelledVerification) },
});
const postAccept = operation({
  method: 'post',
  path: '/findings/{id}/accept',
  operationId: 'acceptFinding',
  summary: 'Let a difference be as it is',
  tags,
  request: { params: idParam },
  responses: { 200: answer('The finding as it is now.', schemas.oneFinding) },
});

const postKeepMaster = operation({
  method: 'post',
  path: '/findings/{id}/keep-master',
  operationId: 'keepMaster',
  summary: "Write the master's values over what differs, whatever the replica's policy for edits",
  tags,
  request: { params: idParam, query: z.strictObject({ now: flag.default(false) }) },
  responses: { 202: answer('The document is due.', retried) },
  problems: [409, 422],
});

function addSingle(routes: Routes, deps: ApiDeps): void {
  routes.openapi(getVerification, async (c) => {
    const { format: wanted, cursor = 0, limit } = c.req.valid('query');
    const verification = await existingVerification(deps, c.req.valid('param').id);
    if (wantsCsv(c, wanted)) return receipt(c, deps, verification);
    const rows = await ledgerPage(deps.db, verification.id, cursor, limit);
    const children = await repo.childrenOfVerification(deps.db, verification.id);
    const names = new Map((await listReplicas(deps.db)).map((replica) => [replica.id, replica.name]));
    const present = (one: Verification) => presentVerification(one, names.get(one.replica_id ?? 0) ?? null);
    const last = full(rows, limit);
    return c.json(
      {
        verification: present(verification),
        replicas: children.map(present),
        rows: rows.map(presentLedgerRow),
        next_cursor: last === undefined ? null : String(last.link_id),
      },
      200,
    );
  });
  routes.openapi(postCancel, async (c) => {
    const verification = await existingVerification(deps, c.req.valid('param').id);
    const cancelled = await cancelVerification(deps, verification);
    return c.json({ verification_id: verification.id, cancelled }, 200);
  });
  routes.openapi(postKeepMaster, async (c) => {
    const { replica } = await keepMaster(deps, c.req.valid('param').id);
    return c.json({ retried: 1, run_id: c.req.valid('query').now ? await startRun(deps, replica.id) : null }, 202);
  });
  routes.openapi(postAccept, async (c) => {
    const { finding } = await letBe(deps, c.req.valid('param').id);
    return c.json({ finding: presentFinding(finding) }, 200);
  });
}

type Question = Pick<VerificationRequest, 'replicaId' | 'scope' | 'depth' | 'masterDocId'>;

async function ask(deps: ApiDeps, askedBy: string, question: Question) {
  const opened = await openVerification(deps, { ...question, trigger: 'manual', askedBy });
  return { verification_id: opened.verificationId, already_running: opened.alreadyRunning };
}

function wantsCsv(c: Context, wanted: 'json' | 'csv' | undefined): boolean {
  return wanted === undefined ? /^text\/csv\b/i.test(c.req.header('accept') ?? '') : wanted === 'csv';
}

const RECEIPT_PAGE = 1000;

/** Its SHA-256 is the digest, so the lines leave as they were hashed. */
function receipt(c: Context, deps: ApiDeps, { id: verificationId }: Verification): Response {
  return csvFile(c, `verification-${verificationId}`, RECEIPT_HEADER, async (after: LedgerRow | undefined) => {
    const rows = await ledgerPage(deps.db, verificationId, after?.link_id ?? 0, RECEIPT_PAGE);
    return { text: rows.map(receiptLine).join(''), last: full(rows, RECEIPT_PAGE) };
  });
}
