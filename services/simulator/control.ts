/**
 * Tests hold a simulator in their own process or drive one in another; both get the same knobs. The path lies outside /api/,
 * so no client of paperless can meet it by accident, and its requests are not counted.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Instance } from './context.ts';
import { FAULTS, faultRule, type FaultName } from './faults.ts';
import { json, type Reply } from './http/reply.ts';
import { send } from './http/send.ts';
import { ACTIONS, actionInput, act } from './actions.ts';
import { exportLibrary, fromJson, importLibrary, toJson } from './exchange.ts';
import type { RequestLog } from './request-log.ts';

export interface Controlled {
  readonly instance: Instance;
  readonly log: RequestLog;
}

type Command = (controlled: Controlled, input: unknown) => Promise<Reply> | Reply;

const clearInput = z.object({ name: z.string().optional() });
const followInput = z.object({ after: z.number(), writesOnly: z.boolean().default(false) });

/** The part of the server that only a simulator has, below /simulator/. */
const COMMANDS: Readonly<Record<string, Command>> = {
  'GET /simulator/': () => json({ faults: FAULTS, actions: ACTIONS }),
  'GET /simulator/faults': ({ instance }) => json(instance.faults.rules),
  'POST /simulator/faults': ({ instance }, input) => {
    instance.faults.set(faultRule.parse(input));
    return json({ faults: instance.faults.rules });
  },
  'DELETE /simulator/faults': ({ instance }, input) => {
    instance.faults.clear(clearInput.parse(input).name as FaultName | undefined);
    return json({ faults: instance.faults.rules });
  },
  'GET /simulator/idle': async ({ instance }) => {
    await instance.queue.idle();
    return json({ idle: true });
  },
  'GET /simulator/requests': ({ log }) => json(log.entries()),
  'POST /simulator/requests': ({ log }, input) => {
    const { after, writesOnly } = followInput.parse(input);
    return json(log.since(after, writesOnly));
  },
  'DELETE /simulator/requests': ({ log }) => {
    log.clear();
    return json({ cleared: true });
  },
  'GET /simulator/counters': ({ log, instance }) => json({ ...log.counters(), queue: instance.queue.depth }),
  'GET /simulator/export': async ({ instance }) => json(toJson(await exportLibrary(instance))),
  'POST /simulator/import': ({ instance }, input) => {
    importLibrary(instance, fromJson(input));
    return json({ imported: instance.store.documents.size });
  },
  'POST /simulator/actions': ({ instance }, input) => {
    const { name } = actionInput.parse(input);
    return json({ result: act(instance, name) ?? null });
  },
};

export async function control(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const command = COMMANDS[`${request.method} ${path === '/simulator/' ? path : path.replace(/\/$/, '')}`];
  let reply: Reply;
  try {
    const body = Buffer.concat(chunks).toString('utf8');
    reply = command ? await command(controlled, JSON.parse(body || '{}')) : json({ error: 'no such command' }, 404);
  } catch (error) {
    reply = json({ error: error instanceof Error ? error.message : String(error) }, 400);
  }
  controlled.instance.store.commit();
  await send(request, response, reply);
}
