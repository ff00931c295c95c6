/**
 * The only client that may write to a master, and all that it may write: one workflow, known by its name (product.md, promise
 * 2). Every write reads first, so that another workflow is never touched.
 */
import { z } from 'zod';
import {
  emptiedBody,
  WORKFLOW_NAME,
  workflowBody,
  type FoundWorkflow,
  type WorkflowWish,
} from '../domain/webhook-workflow.ts';
import type { Connection, WriterDeps } from './client.ts';
import { createHttp, writeJson, type Http } from './http.ts';
import { readAll } from './lists.ts';

const ROUTE = '/api/workflows/';
const texts = z.record(z.string(), z.string()).nullish();
const workflow = z.object({
  id: z.int(),
  name: z.string(),
  enabled: z.boolean(),
  triggers: z.array(z.record(z.string(), z.unknown())),
  actions: z.array(
    z.object({
      type: z.int(),
      webhook: z
        .object({
          url: z.string(),
          use_params: z.boolean().nullish(),
          params: texts,
          headers: texts,
          include_document: z.boolean().nullish(),
        })
        .nullish(),
    }),
  ),
});
const written = z.object({ id: z.int(), name: z.literal(WORKFLOW_NAME) });

export interface HintWorkflows {
  /** Null: the master has none of that name. */
  find(signal?: AbortSignal): Promise<FoundWorkflow | null>;
  /** Makes it, or makes the one that is there as it should be. */
  put(wish: WorkflowWish, signal?: AbortSignal): Promise<'created' | 'changed'>;
  /** False: there was none. */
  remove(signal?: AbortSignal): Promise<boolean>;
}

export function createHintWorkflows(connection: Connection, deps: WriterDeps): HintWorkflows {
  const http = createHttp(connection, deps);
  const find = (signal: AbortSignal | undefined) => findIn(http, signal);
  return {
    find,
    async put(wish, signal) {
      const found = await find(signal);
      const body = workflowBody(wish);
      if (found === null)
        await writeJson(http, { method: 'POST', route: ROUTE, purpose: 'create', signal }, body, written);
      else await writeJson(http, { method: 'PATCH', ...oneOf(found.id, signal) }, body, written);
      return found === null ? 'created' : 'changed';
    },
    async remove(signal) {
      const found = await find(signal);
      if (found === null) return false;
      const url = found.actions[0]?.webhook?.url;
      if (url !== undefined)
        await writeJson(http, { method: 'PATCH', ...oneOf(found.id, signal) }, emptiedBody(url), written);
      await http.write({ method: 'DELETE', ...oneOf(found.id, signal) }, () => undefined);
      return true;
    },
  };
}

const oneOf = (id: number, signal: AbortSignal | undefined) =>
  ({ route: `${ROUTE}{id}/`, id, purpose: 'change', signal }) as const;

async function findIn(http: Http, signal: AbortSignal | undefined): Promise<FoundWorkflow | null> {
  const all = await readAll(http, { route: ROUTE, signal }, workflow);
  return all.find(({ name }) => name === WORKFLOW_NAME) ?? null;
}
