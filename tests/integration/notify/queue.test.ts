/** From a fact in the database to a message at its receiver, by the worker as it runs, on each queue; and by the command. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createSecretBox } from '../../../shared/config/secret-key.ts';
import { insertReplica } from '../../../shared/db/replicas.repo.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { addChannel } from '../../../shared/replication/notify/channels.ts';
import { rotateKey } from '../../../shared/replication/rotate-key.ts';
import { onBothQueues } from '../../support/both-queues.ts';
import { createTestDatabase, type TestDatabase } from '../../support/postgres.ts';
import { startTestWorker } from '../../support/test-worker.ts';
import { waitFor } from '../../support/wait.ts';
import { startReceiver, type Receiver } from './receivers.ts';

vi.setConfig({ testTimeout: 60_000 });
const key = formatFernetKey(randomBytes(32));
const log = { info: () => undefined, warning: () => undefined, error: () => undefined };
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());

async function suspendedReplica(
  { owner: db }: TestDatabase,
  secrets = createSecretBox({ current: key, old: undefined }),
) {
  const config = { url: receiver.url, token: 'a-token-of-gotify' };
  await addChannel({ db, secrets, log }, { name: 'phone', kind: 'gotify', config });
  const row = { name: 'attic', url: 'http://127.0.0.1:9', api_token: secrets.seal('x') };
  await insertReplica(db, { ...row, suspended_at: new Date(), suspended_reason: 'It is gone.' });
}

onBothQueues('a suspended replica', (redisUrl) => {
  it('is told of by the worker that leads, through a job', async () => {
    const database = await createTestDatabase();
    receiver.received.length = 0;
    await suspendedReplica(database);
    const told: string[] = [];
    const { close } = await startTestWorker({ databaseUrl: database.url, redisUrl: redisUrl(), key, log });
    const arrived = () => receiver.received.find(({ body }) => body.includes('attic is suspended.'));
    told.push((await waitFor('the message', arrived)).path);
    const state = async () =>
      (await database.owner.selectFrom('alert_deliveries').select('state').executeTakeFirst())?.state === 'delivered';
    await waitFor('the note of it', state);
    await close();
    await database.drop();
    expect(told).toEqual(['/message']);
    expect(receiver.received).toHaveLength(1);
  });
});

/** As in `pngx-controller notifications ...`. */
function pngx(
  database: TestDatabase,
  args: readonly string[],
  input = '',
): Promise<{ code: number | null; text: string }> {
  const { PATH = '' } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', 'services/cli/main.ts', 'notifications', ...args], {
    env: { PATH, SECRET_KEY: key, DATABASE_URL: database.url },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => void child.once('close', (code) => resolve({ code, text })));
}

it('the command adds a channel whose fields come on standard input, and shows no token', async () => {
  const database = await createTestDatabase();
  const fields = JSON.stringify({ url: receiver.url, token: 'token-of-the-command' });
  const { code, text } = await pngx(database, ['add', '--kind', 'gotify', '--name', 'desk', '--json'], fields);
  expect([code, JSON.parse(text)]).toEqual([0, expect.objectContaining({ name: 'desk', kind: 'gotify' })]);
  expect(text).not.toContain('token-of-the-command');
  const { config } = await database.owner
    .selectFrom('notification_channels')
    .select('config')
    .executeTakeFirstOrThrow();
  expect(createSecretBox({ current: key, old: undefined }).open(config)).toBe(fields);
  await database.drop();
});

it('a channel is opened by the new key after a rotation', async () => {
  const database = await createTestDatabase();
  const next = formatFernetKey(randomBytes(32));
  const box = (current: string, old?: string) => createSecretBox({ current, old });
  await suspendedReplica(database);
  await rotateKey(database.owner, box(next, key), box(next));
  const { config } = await database.owner
    .selectFrom('notification_channels')
    .select('config')
    .executeTakeFirstOrThrow();
  expect(JSON.parse(box(next).open(config))).toEqual({ url: receiver.url, token: 'a-token-of-gotify' });
  await database.drop();
});
