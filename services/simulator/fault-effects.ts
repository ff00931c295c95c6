/**
 * The faults that concern one request. They wrap the handler from outside: no handler knows that faults exist, so a request
 * that a fault lets through is answered exactly as without it.
 */

import type { ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { FaultBoard, FaultRule, Occasion } from './faults.ts';
import { json, type Reply, text } from './http/reply.ts';
import { bodyOf, writeHead } from './http/send.ts';

/** What the faults of the request stage make of a request. */
export type Interference =
  | { kind: 'none' }
  | { kind: 'reply'; reply: Reply }
  | { kind: 'reset' }
  | { kind: 'silence'; applies: 'all' | 'part' | 'none' };

const LOGIN_PAGE = `<!doctype html>
<html lang="en"><head><title>Paperless-ngx sign in</title></head>
<body><form method="post" action="/accounts/login/"><input name="login"><input name="password" type="password"></form></body></html>
`;

const page = (status: number, title: string): Reply =>
  text(`<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`, status);

const REPLIES: Partial<Record<FaultRule['name'], (rule: FaultRule) => Reply>> = {
  unauthorized: () => json({ detail: 'Invalid token.' }, 401, { 'www-authenticate': 'Token' }),
  forbidden: () => json({ detail: 'You do not have permission to perform this action.' }, 403),
  'not-acceptable': () => json({ detail: 'Invalid version in "Accept" header.' }, 406),
  'html-login': () => text(LOGIN_PAGE, 200),
  redirect: ({ value }) => text('', 302, { location: String(value ?? 'https://login.example.org/') }),
  'locked-500': () => page(500, 'Server Error (500): database is locked'),
  'too-large': () => page(413, '413 Request Entity Too Large'),
  throttled: ({ value }) => {
    const seconds = String(value ?? 1);
    const message = `Request was throttled. Expected available in ${seconds} seconds.`;
    return json({ detail: message }, 429, { 'retry-after': seconds });
  },
  'http-status': ({ value }) => page(Number(value ?? 503), `${value ?? 503}`),
};

export async function beforehand(faults: FaultBoard, occasion: Occasion): Promise<Interference> {
  for (const rule of faults.strikes('request', occasion)) {
    if (rule.name === 'slow') await wait(Number(rule.value ?? 1000));
    if (rule.name === 'down') return { kind: 'reset' };
    if (rule.name === 'never-answer') return { kind: 'silence', applies: appliesOf(rule) };
    const reply = REPLIES[rule.name]?.(rule);
    if (reply) return { kind: 'reply', reply };
  }
  return { kind: 'none' };
}

const appliesOf = (rule: FaultRule): 'all' | 'part' | 'none' =>
  rule.value === 'part' || rule.value === 'none' ? rule.value : 'all';

/** Sends the reply, or what the faults of the answer stage make of it. */
export async function afterwards(
  faults: FaultBoard,
  occasion: Occasion,
  reply: Reply,
  response: ServerResponse,
  sendReply: (reply: Reply) => Promise<void>,
): Promise<void> {
  let last = reply;
  for (const rule of faults.strikes('answer', occasion)) {
    if (rule.name === 'drop-after-commit') return void response.destroy();
    if (rule.name === 'truncated-body') return truncate(reply, response);
    if (rule.name === 'slow-body') return halves(reply, response, Number(rule.value ?? 1000));
    if (rule.name === 'bad-gateway-after-accept') last = page(502, '502 Bad Gateway');
    if (rule.name === 'wrong-shape' && reply.json !== undefined) last = { ...reply, json: { unexpected: ['shape'] } };
    if (rule.name === 'empty-list') last = emptied(reply);
    if (rule.name === 'short-list') last = shortened(reply, Number(rule.value ?? 1));
  }
  await sendReply(last);
}

/** A list that is wrong and looks right: shorter, with a count that fits. */
function shortened(reply: Reply, by: number): Reply {
  const list = reply.json;
  if (typeof list !== 'object' || list === null || !('all' in list) || !Array.isArray(list.all)) return reply;
  const all = list.all.slice(by) as unknown[];
  return { ...reply, json: { ...list, count: all.length, all } };
}

function emptied(reply: Reply): Reply {
  const list = reply.json;
  if (Array.isArray(list)) return { ...reply, json: [] };
  if (typeof list !== 'object' || list === null || !('results' in list)) return reply;
  const all = 'all' in list ? { all: [] } : {};
  return { ...reply, json: { ...list, count: 0, next: null, previous: null, ...all, results: [] } };
}

async function wholeBody(reply: Reply): Promise<Buffer> {
  const body = bodyOf(reply);
  if (body) return body;
  const chunks: Buffer[] = [];
  for await (const chunk of reply.file?.open() ?? []) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function truncate(reply: Reply, response: ServerResponse): Promise<void> {
  const body = await wholeBody(reply);
  writeHead(response, reply, body.length);
  await new Promise<void>((resolve) => response.write(body.subarray(0, body.length >>> 1), () => resolve()));
  response.destroy();
}

async function halves(reply: Reply, response: ServerResponse, pause: number): Promise<void> {
  const body = await wholeBody(reply);
  writeHead(response, reply, body.length);
  response.write(body.subarray(0, body.length >>> 1));
  await wait(pause);
  response.end(body.subarray(body.length >>> 1));
}
