/** What each channel sends, byte for byte, and what it says of a receiver that does not take it (N2). */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../../shared/kernel/errors.ts';
import { channelConfig, CHANNEL_KINDS, sendNotice, type ChannelKind } from '../../../shared/notify/channels.ts';
import type { Notice } from '../../../shared/notify/transport.ts';
import { startMailServer, startReceiver, type MailServer, type Receiver } from './receivers.ts';

let receiver: Receiver;
let mail: MailServer;
beforeAll(async () => {
  receiver = await startReceiver();
  mail = await startMailServer();
});
afterAll(async () => {
  await receiver.close();
  await mail.close();
});
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer(200);
  mail.refuse(null);
});

const NOTICE: Notice = {
  id: 'msg_0123',
  at: new Date('2026-03-20T14:00:00Z'),
  event: 'replica_suspended',
  state: 'raised',
  severity: 'critical',
  title: 'attic <&> @everyone is suspended.',
  message: 'The token was refused.',
  link: 'https://pngx.example/replicas/1',
  payload: { event: 'replica_suspended', replica: 'attic', docs_failed: 12 },
  good: true,
};
const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const TEXT = 'attic <&> @everyone is suspended.\nThe token was refused.\nhttps://pngx.example/replicas/1';

function configs(): Record<ChannelKind, Record<string, string>> {
  const { url } = receiver;
  return {
    gotify: { url: `${url}/base/`, token: 'Agotify-token' },
    webhook: { url: `${url}/hook?key=in-the-address`, secret: SECRET, authorization: 'Bearer hook-token' },
    ntfy: { url, topic: 'hidden-topic', token: 'tk_secret' },
    telegram: { url, token: '123456:ABCDEFGHIJKLMNOPQRSTUVWX', chat_id: '-100123' },
    discord: { url: `${url}/api/webhooks/1/discord-secret` },
    slack: { url: `${url}/services/T0/B0/slack-secret` },
    apprise: { url, key: 'apprise-key', tag: 'ops' },
    ping: { url: `${url}/ping-uuid-secret` },
    email: {
      ...{ host: '127.0.0.1', port: String(mail.port), security: 'none', user: 'kim', password: 'mail-password' },
      ...{ from: 'pngx@example.org', to: 'a@example.org, b@example.org' },
    },
  };
}

function configOf(kind: ChannelKind) {
  const result = channelConfig(kind, configs()[kind], null);
  if ('faults' in result) throw new Error(JSON.stringify(result.faults));
  return result.config;
}
const send = (kind: ChannelKind, notice: Partial<Notice> = {}, timeoutMs?: number) =>
  sendNotice(kind, configOf(kind), { ...NOTICE, ...notice }, timeoutMs === undefined ? {} : { timeoutMs });
const failure = (kind: ChannelKind, timeoutMs?: number): Promise<AppError> =>
  send(kind, {}, timeoutMs).then(
    () => expect.unreachable('it was sent'),
    (error: AppError) => error,
  );
function only() {
  expect(receiver.received).toHaveLength(1);
  const { method, path, headers, body } = receiver.received[0] ?? { method: '', path: '', headers: {}, body: '' };
  return {
    method,
    path,
    headers,
    json: headers['content-type'] === 'application/json' ? JSON.parse(body) : body,
    body,
  };
}

describe('a message', () => {
  it('reaches Gotify with title, message and priority of the reference, the token in a header', async () => {
    await send('gotify');
    const { method, path, headers, json } = only();
    expect([method, path, headers['x-gotify-key']]).toEqual(['POST', '/base/message', 'Agotify-token']);
    expect(json).toEqual({ title: 'pngx-controller alert', message: TEXT, priority: 7 });
  });

  it('reaches a webhook with the payload unchanged, its Authorization header and the signature of Standard Webhooks', async () => {
    await send('webhook');
    const { method, path, headers, json, body } = only();
    expect([method, path, headers.authorization]).toEqual(['POST', '/hook?key=in-the-address', 'Bearer hook-token']);
    expect(json).toEqual(NOTICE.payload);
    expect(headers['webhook-id']).toBe('msg_0123');
    const sent = Number(headers['webhook-timestamp']);
    expect(Math.abs(Date.now() / 1000 - sent)).toBeLessThan(60);
    const expected = createHmac('sha256', '0123456789abcdef0123456789abcdef')
      .update(`msg_0123.${sent}.${body}`)
      .digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${expected}`);
  });

  it('reaches ntfy as JSON with priority, tags and the page to open', async () => {
    await send('ntfy');
    const { path, headers, json } = only();
    expect([path, headers.authorization]).toEqual(['/', 'Bearer tk_secret']);
    expect(json).toEqual({
      topic: 'hidden-topic',
      title: NOTICE.title,
      message: NOTICE.message,
      priority: 5,
      tags: ['warning'],
      click: NOTICE.link,
    });
  });

  it('reaches Telegram as plain text, which no sign in a name can format', async () => {
    await send('telegram');
    const { path, json } = only();
    expect(path).toBe('/bot123456:ABCDEFGHIJKLMNOPQRSTUVWX/sendMessage');
    expect(json).toEqual({ chat_id: '-100123', text: TEXT, disable_notification: false });
  });

  it('reaches Discord as an embed that calls nobody by name', async () => {
    await send('discord');
    const { path, json } = only();
    expect(path).toBe('/api/webhooks/1/discord-secret');
    expect(json).toEqual({
      username: 'pngx-controller',
      embeds: [
        {
          title: NOTICE.title,
          description: NOTICE.message,
          color: 0xdc2626,
          timestamp: '2026-03-20T14:00:00.000Z',
          url: NOTICE.link,
        },
      ],
      allowed_mentions: { parse: [] },
    });
  });

  it('reaches what is compatible with Slack with its signs escaped', async () => {
    await send('slack');
    const { path, json } = only();
    expect([path, json]).toEqual(['/services/T0/B0/slack-secret', { text: TEXT.replace('<&>', '&lt;&amp;&gt;') }]);
  });

  it('reaches an Apprise API by its key and tag', async () => {
    await send('apprise');
    const { path, json } = only();
    expect([path, json]).toEqual([
      '/notify/apprise-key',
      { title: NOTICE.title, body: `${NOTICE.message}\n${NOTICE.link}`, type: 'failure', format: 'text', tag: 'ops' },
    ]);
  });

  it('is a ping after a good cycle, and one to /fail after a failed one', async () => {
    await send('ping');
    await send('ping', { good: false });
    expect(receiver.received.map(({ method, path }) => [method, path])).toEqual([
      ['POST', '/ping-uuid-secret'],
      ['POST', '/ping-uuid-secret/fail'],
    ]);
  });

  it('reaches a mail server with its receivers, subject, and an id that is the same at each attempt', async () => {
    await send('email', { title: 'attic\r\nBcc: thief@evil.example\r\nis suspended.' });
    const said = mail.lines.filter((line) => /^(AUTH|MAIL|RCPT)/.test(line));
    const plain = Buffer.from('\0kim\0mail-password').toString('base64');
    expect(said).toEqual([
      `AUTH PLAIN ${plain}`,
      'MAIL FROM:<pngx@example.org>',
      'RCPT TO:<a@example.org>',
      'RCPT TO:<b@example.org>',
    ]);
    const [head = '', text] = (mail.mails[0] ?? '').split('\r\n\r\n', 2);
    expect(head).toMatch(/^To: a@example\.org, b@example\.org\r$/m);
    expect(head).toMatch(/^Subject: \[pngx-controller\] attic Bcc: thief@evil\.example is\r?\n? ?suspended\.\r$/m);
    expect(head).toMatch(/^Message-ID: <msg_0123@example\.org>\r$/m);
    expect(head).not.toMatch(/^Bcc:/im);
    expect(text).toContain('The token was refused.');
  });

  it('that something is over says so by its look', async () => {
    const over = { state: 'recovered', message: '' } as const;
    for (const kind of ['gotify', 'ntfy', 'apprise', 'discord'] as const) await send(kind, over);
    const [gotify, ntfy, apprise, discord] = receiver.received.map(({ body }) => JSON.parse(body));
    expect([gotify.title, gotify.priority]).toEqual(['pngx-controller: recovered', 4]);
    expect([ntfy.priority, ntfy.tags, apprise.type]).toEqual([3, ['white_check_mark'], 'success']);
    expect(discord.embeds[0].color).toBe(0x16a34a);
  });
});

describe('a receiver that does not take a message', () => {
  it.each([
    [401, 'notify_token_refused', 'auth'],
    [404, 'notify_refused', 'invalid'],
    [429, 'notify_rate_limited', 'rate-limited'],
    [503, 'notify_server_error', 'transient'],
    [302, 'notify_moved', 'not-an-api'],
  ])('with %i is told as %s', async (status, code, errorClass) => {
    receiver.answer(status, '', { location: 'http://127.0.0.1:9/', 'retry-after': '7' });
    const error = await failure('gotify');
    expect([error.code, error.class, error.status]).toEqual([code, errorClass, status]);
    expect(error.retryAfterMs).toBe(status === 429 ? 7000 : undefined);
  });

  it('shows no secret in its error, whatever it repeats of what it was sent', async () => {
    for (const kind of CHANNEL_KINDS.filter((one) => one !== 'email')) {
      const config = configOf(kind);
      receiver.answer(400, JSON.stringify({ description: `no such thing: ${Object.values(config).join(' ')}` }));
      const error = await failure(kind);
      const told = JSON.stringify({ ...error, message: error.message, cause: error.cause, stack: error.stack });
      expect(told).toContain('answered 400');
      for (const secret of ['token', 'tk_secret', 'secret-', 'topic', 'in-the-address', 'ABCDEFG', '-secret', 'whsec_'])
        expect([kind, told.includes(secret) && !told.includes('********')]).toEqual([kind, false]);
      for (const word of [
        'Agotify-token',
        'hook-token',
        'hidden-topic',
        'slack-secret',
        'discord-secret',
        'uuid-secret',
        'apprise-key',
        SECRET,
      ])
        expect([kind, word, told.includes(word)]).toEqual([kind, word, false]);
    }
  });

  it('is not waited for longer than the limit, and an answer without end is not read to its end', async () => {
    receiver.answer(null);
    expect((await failure('slack', 200)).code).toBe('notify_timeout');
    receiver.answer(200, 'x'.repeat(5_000_000));
    await send('slack');
  });

  it('over SMTP is told by the code, without what was said', async () => {
    mail.refuse('user');
    expect(await failure('email')).toMatchObject({ code: 'notify_token_refused', class: 'auth' });
    mail.refuse('receiver');
    expect(await failure('email')).toMatchObject({ code: 'notify_refused', status: 550 });
    const gone = { ...configOf('email'), port: '9' };
    await expect(sendNotice('email', gone, NOTICE)).rejects.toMatchObject({ code: 'notify_unreachable' });
    const plain = { ...configOf('email'), security: 'starttls' };
    await expect(sendNotice('email', plain, NOTICE)).rejects.toMatchObject({ class: 'config' });
  });
});

describe('a field', () => {
  it.each([
    'http://169.254.169.254/latest/',
    'http://2852039166/',
    'http://[::ffff:169.254.169.254]/',
    'http://metadata.google.internal/',
    'http://user:secret@127.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:6379/_flushall',
    'javascript:alert(1)',
  ])('refuses the address %s without repeating it', (url) => {
    for (const kind of ['gotify', 'webhook', 'ntfy', 'telegram', 'discord', 'slack', 'apprise', 'ping'] as const) {
      const result = channelConfig(kind, { ...configs()[kind], url }, null);
      expect([kind, Object.keys('faults' in result ? result.faults : {})]).toEqual([kind, ['url']]);
      expect(JSON.stringify(result)).not.toContain('secret@');
    }
    const result = channelConfig('email', { ...configs().email, host: '169.254.169.254' }, null);
    expect('faults' in result && result.faults).toEqual({ host: 'must not be a link-local or metadata address' });
  });

  it.each([
    ['telegram', 'token', '1:abc/../../x'],
    ['ntfy', 'token', 'a\r\nX-Evil: 1'],
    ['webhook', 'authorization', 'Bearer x\nX-Evil: 1'],
    ['webhook', 'secret', 'whsec_c2hvcnQ='],
    ['email', 'to', 'a@example.org\r\nRCPT TO:<b@x>'],
    ['email', 'from', 'nobody'],
    ['email', 'security', 'maybe'],
    ['gotify', 'more', 'x'],
  ] as const)('of %s refuses %s = %j', (kind, name, value) => {
    const result = channelConfig(kind, { ...configs()[kind], [name]: value }, null);
    expect('faults' in result && Object.keys(result.faults)).toEqual([name]);
  });

  it('that is secret stays when it is left empty, but not when the message would go to another place', () => {
    const before = configOf('gotify');
    expect(channelConfig('gotify', { url: before['url'] ?? '', token: '' }, before)).toEqual({ config: before });
    expect(channelConfig('gotify', { url: 'http://127.0.0.1:1', token: '' }, before)).toEqual({
      faults: { token: 'is needed again, since the address changes' },
    });
  });
});
