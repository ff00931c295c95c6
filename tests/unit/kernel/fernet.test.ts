import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  fernetDecrypt,
  fernetEncrypt,
  type FernetKey,
  formatFernetKey,
  parseFernetKey,
} from '../../../shared/kernel/fernet.ts';

/** The published test vectors of the Fernet specification. */
const KEY = 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=';
const TOKEN = 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==';
const WRITTEN = new Date('1985-10-26T01:20:00-07:00');

function key(text: string): FernetKey {
  const parsed = parseFernetKey(text);
  if (parsed === null) throw new Error('the test key does not parse');
  return parsed;
}

function age(now: string, ttlSeconds = 60) {
  return { now: new Date(now), ttlSeconds };
}

/** A token with its signature made right again, to reach the checks behind it. */
function altered(change: (bytes: Buffer) => void): string {
  const bytes = Buffer.from(TOKEN, 'base64url');
  change(bytes);
  return bytes.toString('base64url').padEnd(Math.ceil(bytes.toString('base64url').length / 4) * 4, '=');
}

describe('Fernet', () => {
  it('writes the published token from the published inputs', () => {
    const iv = Uint8Array.from({ length: 16 }, (_, index) => index);
    expect(fernetEncrypt(key(KEY), 'hello', WRITTEN, iv)).toBe(TOKEN);
  });

  it('reads the published token within its time to live', () => {
    expect(fernetDecrypt([key(KEY)], TOKEN, age('1985-10-26T01:20:01-07:00'))).toBe('hello');
  });

  it.each([
    [
      'a wrong signature',
      altered((bytes) => bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1)),
      /another key/,
    ],
    ['an altered time', altered((bytes) => bytes.writeUInt8(1, 8)), /another key/],
    ['an altered IV', altered((bytes) => bytes.writeUInt8(99, 9)), /another key/],
    ['a token that is too short', 'gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ', /too short/],
    ['characters that are no base64', `%%%${TOKEN.slice(3)}`, /not url-safe base64/],
    [
      'characters that a lenient decoder would skip',
      `${TOKEN.slice(0, 8)}\n\n\n\n${TOKEN.slice(8)}`,
      /not url-safe base64/,
    ],
    ['an unknown version', altered((bytes) => bytes.writeUInt8(0x81, 0)), /unknown version/],
    ['an empty text', '', /too short/],
  ])('refuses %s', (_, token, reason) => {
    expect(() => fernetDecrypt([key(KEY)], token)).toThrow(reason);
  });

  it('refuses a payload that is no whole number of blocks, though it is signed', () => {
    const signed = resign(Buffer.from(TOKEN, 'base64url').subarray(0, -33));
    expect(() => fernetDecrypt([key(KEY)], signed)).toThrow(/too short|does not decrypt/);
    const longer = resign(Buffer.concat([Buffer.from(TOKEN, 'base64url').subarray(0, -32), Buffer.alloc(5)]));
    expect(() => fernetDecrypt([key(KEY)], longer)).toThrow(/does not decrypt/);
  });

  it('refuses bad padding, as a wrong IV or block causes it, though it is signed', () => {
    const body = Buffer.from(TOKEN, 'base64url').subarray(0, -32);
    body.fill(7, 25);
    expect(() => fernetDecrypt([key(KEY)], resign(body))).toThrow(/does not decrypt/);
  });

  it('refuses a token that is older than its time to live, or from the future', () => {
    expect(() => fernetDecrypt([key(KEY)], TOKEN, age('1985-10-26T01:21:01-07:00'))).toThrow(/too old/);
    expect(() => fernetDecrypt([key(KEY)], TOKEN, age('1985-10-26T01:18:00-07:00'))).toThrow(/future/);
    expect(fernetDecrypt([key(KEY)], TOKEN, age('1985-10-26T01:19:30-07:00'))).toBe('hello');
  });

  it('reads with any of several keys while a key is being rotated', () => {
    const other = key(formatFernetKey(new Uint8Array(32).fill(9)));
    expect(fernetDecrypt([other, key(KEY)], TOKEN)).toBe('hello');
    expect(() => fernetDecrypt([other], TOKEN)).toThrow(/another key/);
  });

  it('carries any text, empty and multi-byte too', () => {
    for (const text of ['', 'x'.repeat(15), 'y'.repeat(16), 'Grüße, 書類 🗂']) {
      expect(fernetDecrypt([key(KEY)], fernetEncrypt(key(KEY), text, WRITTEN, new Uint8Array(16)))).toBe(text);
    }
  });

  it.each(['', 'short', KEY.slice(4), `${KEY}AAAA`, KEY.replace('c', '%')])('knows that %j is no key', (text) => {
    expect(parseFernetKey(text)).toBeNull();
  });
});

function resign(body: Buffer): string {
  const mac = createHmac('sha256', key(KEY).signing).update(body).digest();
  return Buffer.concat([body, mac]).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
