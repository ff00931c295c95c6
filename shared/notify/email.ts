import { isIP } from 'node:net';
import { createTransport } from 'nodemailer';
import { AppError } from '../kernel/errors.ts';
import { isForbiddenHost } from '../kernel/forbidden-hosts.ts';
import { headerFault } from './fields.ts';
import { tooSlow, unreached } from './net.ts';
import { type Config, defineChannel, type Net, type Notice, wholeText } from './transport.ts';

const ADDRESS = /^[^\s@<>,;"]+@[^\s@<>,;"]+$/;
const MAX_RECEIVERS = 20;

export const email = defineChannel({
  title: 'E-mail',
  help: 'A mail through a mail server (SMTP).',
  fields: {
    host: { label: 'Mail server', secret: false, required: true, fault: hostFault },
    port: { label: 'Port', secret: false, required: false, hint: 'Empty: 587.', fault: portFault },
    security: {
      label: 'Encryption',
      secret: false,
      required: false,
      choices: ['starttls', 'tls', 'none'],
      hint: 'starttls: it must be offered (587). tls: from the first byte (465). none: only on a network of your own.',
    },
    user: { label: 'User', secret: false, required: false, fault: headerFault },
    password: { label: 'Password', secret: true, required: false, fault: headerFault },
    from: { label: 'From', secret: false, required: true, hint: 'An address.', fault: addressFault },
    to: {
      label: 'To',
      secret: false,
      required: true,
      hint: 'Addresses with commas between them.',
      fault: receiversFault,
    },
  },
  shown: ({ to }) => to,
  send: (config, notice, net) => sendMail(config, notice, net),
});

type Fields = 'host' | 'port' | 'security' | 'user' | 'password' | 'from' | 'to';

async function sendMail(config: Config<Fields>, notice: Notice, net: Net): Promise<void> {
  const address = await net.resolve(config.host);
  const security = config.security === '' ? 'starttls' : config.security;
  const transport = createTransport({
    host: address,
    port: config.port === '' ? 587 : Number(config.port),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    // The name was resolved here, the certificate is still that of the name.
    ...(isIP(config.host) === 0 ? { tls: { servername: config.host } } : {}),
    ...(config.user === '' ? {} : { auth: { user: config.user, pass: config.password } }),
    ...{ connectionTimeout: net.timeoutMs, greetingTimeout: net.timeoutMs, socketTimeout: net.timeoutMs },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const limit = new Promise<never>((_, reject) => {
    AbortSignal.timeout(net.timeoutMs).addEventListener('abort', () => reject(tooSlow(config.host)), { once: true });
  });
  try {
    await Promise.race([transport.sendMail(mailOf(config, notice)), limit]);
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : refusedMail(config.host, thrown);
  } finally {
    transport.close();
  }
}

function mailOf({ from, to }: Config<Fields>, notice: Notice) {
  return {
    from,
    to: receivers(to),
    subject: `[pngx-controller] ${notice.title.replaceAll(/\s+/g, ' ').slice(0, 200)}`,
    text: wholeText(notice),
    // The same at each attempt.
    messageId: `<${notice.id}@${from.split('@')[1] ?? 'pngx-controller'}>`,
    date: notice.at,
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** Of the library's error only codes: its text repeats what the server said, which may repeat what was sent. */
function refusedMail(host: string, thrown: unknown): AppError {
  const { code, responseCode: status } = thrown as { code?: unknown; responseCode?: unknown };
  if (code === 'EAUTH')
    return new AppError({
      ...{ code: 'notify_token_refused', class: 'auth', scope: 'instance' },
      message: `${host} does not accept user and password.`,
    });
  if (code === 'ETLS')
    return new AppError({
      ...{ code: 'notify_untrusted', class: 'config', scope: 'instance' },
      message: `${host} offers no encryption that can be trusted.`,
    });
  if (typeof status === 'number' && status >= 500)
    return new AppError({
      ...{ code: 'notify_refused', class: 'invalid', scope: 'instance', status },
      message: `${host} does not take the mail (${status}).`,
    });
  return code === 'ETIMEDOUT' ? tooSlow(host) : unreached(host, thrown);
}

function receivers(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

function receiversFault(text: string): string | null {
  const all = receivers(text);
  if (all.length > MAX_RECEIVERS) return `must be at most ${MAX_RECEIVERS} addresses`;
  return all.length > 0 && all.every((one) => ADDRESS.test(one)) ? null : 'must be addresses such as a@example.org';
}

function addressFault(text: string): string | null {
  return ADDRESS.test(text) ? null : 'must be an address such as a@example.org';
}

function hostFault(text: string): string | null {
  if (isIP(text) === 0 && !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) return 'must be a host name or an address';
  return isForbiddenHost(text) ? 'must not be a link-local or metadata address' : null;
}

function portFault(text: string): string | null {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535 ? null : 'must be from 1 to 65535';
}
