import { serializeError } from './errors.ts';

/**
 * The last line of defence for S3: everything that leaves as a log line goes through here as text. What is known to be
 * secret is replaced wherever it stands; what merely looks like one is replaced by shape.
 */
export const MASK = '********';

const secrets = new Set<string>();
/** Shorter ones would blacken harmless words. */
const MIN_LENGTH = 6;

/** Tells the log a value that it must never print, in any place and form of line. */
export function registerSecret(value: string | null | undefined): void {
  if (value === null || value === undefined || value.length < MIN_LENGTH) return;
  secrets.add(value);
  // Inside a JSON line or a URL the same secret looks different.
  secrets.add(JSON.stringify(value).slice(1, -1));
  secrets.add(encodeURIComponent(value));
}

const SECRET_WORD = 'token|secret|password|passwd|authorization|cookie|api_?key|private_?key|secret_?key';

const SHAPES: readonly (readonly [RegExp, string])[] = [
  // A field of that name in a JSON line; the loggers of single jobs bring fields that `maskFields` never sees.
  [new RegExp(`("[\\w-]*(?:${SECRET_WORD})":)"(?:[^"\\\\]|\\\\.)+"`, 'gi'), `$1"${MASK}"`],
  // Fernet tokens: version byte 0x80 and the zero bytes of today's times always print like this.
  [/gAAAAA[A-Za-z0-9_-]{40,}={0,2}/g, MASK],
  [/\b(Token|Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}/gi, `$1 ${MASK}`],
  // Our own API keys and sessions.
  [/\bpngx[ks]_[A-Za-z0-9_-]{20,}/g, MASK],
  // User and password in a URL.
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*@/gi, `$1${MASK}@`],
  // The query of an address may hold a search text or a token, and says little.
  [/\b(https?:\/\/[^\s?"'\\<>]+)\?[^\s"'\\<>)]*/gi, '$1'],
];

export function maskText(text: string): string {
  let masked = text;
  for (const secret of secrets) if (masked.includes(secret)) masked = masked.replaceAll(secret, MASK);
  for (const [shape, replacement] of SHAPES) masked = masked.replace(shape, replacement);
  return masked;
}

const SECRET_NAME = new RegExp(`(^|_|-)(${SECRET_WORD})$`, 'i');

function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name.replace(/([a-z])([A-Z])/g, '$1_$2'));
}

/** Replaces the values of fields whose name says that they are secret, some levels deep. */
export function maskFields(value: unknown, depth = 4): unknown {
  if (value === null || typeof value !== 'object' || value instanceof Date) return value;
  // Under whatever name it stands: printed as it is, an error of the HTTP client shows its request headers.
  if (value instanceof Error) return serializeError(value);
  if (depth === 0) return '[...]';
  if (Array.isArray(value)) return value.map((item) => maskFields(item, depth - 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecretName(name) && item !== null && item !== undefined && item !== '' ? MASK : maskFields(item, depth - 1),
    ]),
  );
}
