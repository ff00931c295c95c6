import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { Blocked } from '../comparison/types.ts';

/** The controller as any user of its API sees it. */
export interface Controller {
  readonly url: string;
  replicaNames(): Promise<readonly string[]>;
  addReplica(name: string, url: string, token: string): Promise<number>;
  /** What a person chooses for one replica; the names are those of PUT /api/replicas/{id}. */
  configureReplica(id: number, choices: Readonly<Record<string, unknown>>): Promise<void>;
  /** A sweep compares all documents, not only those that changed. */
  startCycle(options?: { readonly sweep?: boolean }): Promise<number>;
  progress(): Promise<Progress>;
  runs(): Promise<readonly Run[]>;
  blocked(replicaId: number): Promise<Blocked[]>;
  /** The id of the copy there, or null. */
  copyOf(masterId: number, replica: string): Promise<number | null>;
  configure(settings: Readonly<Record<string, unknown>>): Promise<void>;
}

const progressShape = z.object({
  running: z.boolean(),
  phase: z.string(),
  docs_done: z.number(),
  docs_total: z.number(),
  replicas: z.array(z.object({ name: z.string(), phase: z.string(), docs_done: z.number(), docs_total: z.number() })),
});
export type Progress = z.output<typeof progressShape>;

const runShape = z.object({
  id: z.number(),
  parent_run_id: z.number().nullable(),
  kind: z.string(),
  replica: z.string().nullable(),
  started_at: z.string(),
  finished_at: z.string().nullable(),
  outcome: z.string().nullable(),
  docs_synced: z.number(),
  docs_failed: z.number(),
  error_msg: z.string().nullable(),
});
export type Run = z.output<typeof runShape>;

const documentsShape = z.object({
  documents: z.array(
    z.object({ master_doc_id: z.number(), error_code: z.string().nullable(), error_msg: z.string().nullable() }),
  ),
  next_cursor: z.string().nullable(),
});

const copiesShape = z.object({
  replicas: z.array(z.object({ replica: z.string(), replica_doc_id: z.number().nullable() })),
});

const ANSWER_LIMIT_MS = 60_000;

export function controllerAt(url: string): Controller {
  const ask = <S extends z.ZodType>(shape: S, method: string, path: string, json?: unknown) =>
    call(url, shape, method, path, json);
  return {
    url,
    replicaNames: async () => {
      const shape = z.object({ replicas: z.array(z.object({ name: z.string() })) });
      return (await ask(shape, 'GET', '/api/replicas')).replicas.map(({ name }) => name);
    },
    addReplica: async (name, replicaUrl, token) => {
      const shape = z.object({ replica: z.object({ id: z.number() }) });
      return (await ask(shape, 'POST', '/api/replicas', { name, url: replicaUrl, api_token: token })).replica.id;
    },
    configureReplica: async (id, choices) => {
      await ask(z.unknown(), 'PUT', `/api/replicas/${id}`, choices);
    },
    startCycle: async ({ sweep = false } = {}) =>
      (await ask(z.object({ run_id: z.number() }), 'POST', `/api/sync${sweep ? '?sweep=1' : ''}`)).run_id,
    progress: () => ask(progressShape, 'GET', '/api/sync/running'),
    runs: async () => (await ask(z.object({ runs: z.array(runShape) }), 'GET', '/api/runs?limit=50')).runs,
    blocked: (replicaId) => readBlocked(ask, replicaId),
    copyOf: async (masterId, replica) => {
      const { replicas } = await ask(copiesShape, 'GET', `/api/documents/${masterId}`);
      return replicas.find((one) => one.replica === replica)?.replica_doc_id ?? null;
    },
    configure: async (settings) => {
      await ask(z.unknown(), 'PUT', '/api/settings', settings);
    },
  };
}

type Ask = <S extends z.ZodType>(shape: S, method: string, path: string, json?: unknown) => Promise<z.output<S>>;

async function readBlocked(ask: Ask, replicaId: number): Promise<Blocked[]> {
  const blocked: Blocked[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: z.output<typeof documentsShape> = await ask(
      documentsShape,
      'GET',
      `/api/replicas/${replicaId}/documents?phase=blocked&limit=1000${cursor && `&cursor=${cursor}`}`,
    );
    for (const { master_doc_id: masterId, error_code: code, error_msg: text } of page.documents) {
      // Listed without a reason is not listed: nobody could act on it.
      const reason = text ?? code;
      if (reason !== null) blocked.push({ masterId, reason });
    }
    cursor = page.next_cursor;
  }
  return blocked;
}

async function call<S extends z.ZodType>(
  base: string,
  shape: S,
  method: string,
  path: string,
  json?: unknown,
): Promise<z.output<S>> {
  const answer = await fetch(base + path, {
    method,
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    ...(json !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new Error(`The controller answered ${method} ${path} with ${answer.status}: ${text.slice(0, 500)}`);
  return shape.parse(JSON.parse(text));
}

/** It may print its address before its database is there. */
export async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (answer?.ok) return;
    await pause(200);
  }
  throw new Error(`The controller at ${url} was not ready within a minute.`);
}
