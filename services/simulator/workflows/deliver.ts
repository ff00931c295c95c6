/**
 * A webhook on its way (paperless-api.md 13): a message of the broker, 5 s for the answer, no redirects followed, up to three
 * more requests after an HTTP error, redirects included, and none after a connection that failed.
 */
import { request as httpRequest } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { Instance } from '../context.ts';
import { requestOf, type Occasion, type Webhook, type WebhookRequest } from './webhook.ts';

const ANSWER_MS = 5000;
const REPEATS = 3;
/** Real instances wait up to 4 s. */
const PAUSE_MS = 20;

type Around = Pick<Instance, 'store' | 'profile' | 'options' | 'queue' | 'faults'>;

export function deliver(around: Around, webhook: Webhook, on: Occasion): void {
  const occasion = { method: 'POST', path: '/webhook', detail: webhook.url };
  if (around.faults.strike('webhook-lost', occasion)) return;
  const times = around.faults.strike('webhook-twice', occasion) ? 2 : 1;
  // Rendered when it is queued, so that it tells of this change and not of the next one.
  const rendered = requestOf(around, webhook, on);
  for (let time = 0; time < times; time += 1)
    around.queue.add({
      name: 'send_webhook',
      run: async () => {
        const message = await rendered;
        if (message !== null) await send(around, message, 0);
      },
    });
}

async function send(around: Around, message: WebhookRequest, repeats: number): Promise<void> {
  const status = await post(around, message);
  if (status === null || status < 300 || repeats === REPEATS) return;
  await wait(PAUSE_MS * (repeats + 1));
  around.queue.add({ name: 'send_webhook', run: () => send(around, message, repeats + 1) });
}

/** Null: nobody answered. */
function post({ profile }: Around, { url, headers, body }: WebhookRequest): Promise<number | null> {
  const { host, hostname } = new URL(url);
  return new Promise((resolve) => {
    const asked = httpRequest(
      url,
      {
        method: 'POST',
        timeout: ANSWER_MS,
        // 2.20 connects to the address that it has looked up, and forgets the port in the name.
        headers: {
          host: profile.name === 'v2' ? hostname : host,
          accept: '*/*',
          'user-agent': 'python-httpx/0.28.1',
          ...headers,
          'content-length': String(body.byteLength),
        },
      },
      (answer) => {
        answer.resume();
        answer.on('close', () => resolve(answer.statusCode ?? null));
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(null));
    asked.end(body);
  });
}
