import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from './errors.ts';

/**
 * Fernet as its public specification says: version byte 0x80, 64-bit big-endian seconds, 16 bytes IV, AES-128-CBC with
 * PKCS7, HMAC-SHA256 over all of it, url-safe base64. Time and IV are arguments: this file reads no clock and no randomness.
 */
const VERSION = 0x80;
const HEADER = 1 + 8 + 16;
const MAC = 32;
const BLOCK = 16;
/** How far ahead of our clock a token may claim to be written; only looked at when a time to live is asked for. */
const MAX_CLOCK_SKEW_SECONDS = 60;

export interface FernetKey {
  readonly signing: Buffer;
  readonly encryption: Buffer;
}

function refuse(message: string): never {
  throw new AppError({ code: 'fernet_token_invalid', class: 'internal', message });
}

/** Node's decoder skips characters it does not know; a token with any of them was altered and must be refused. */
function decodeStrict(text: string): Buffer | null {
  if (!/^[A-Za-z0-9_-]*={0,2}$/.test(text) || text.length % 4 !== 0) return null;
  return Buffer.from(text, 'base64url');
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** The two halves of a 32-byte url-safe base64 key, or null where the text is no Fernet key. */
export function parseFernetKey(text: string): FernetKey | null {
  const padded = text.length === 43 ? `${text}=` : text;
  const bytes = decodeStrict(padded.replaceAll('+', '-').replaceAll('/', '_'));
  if (bytes === null || bytes.length !== 32) return null;
  return { signing: bytes.subarray(0, 16), encryption: bytes.subarray(16) };
}

/** Turns 32 random bytes into the text form of a key. */
export function formatFernetKey(random: Uint8Array): string {
  if (random.length !== 32) refuse('A Fernet key has 32 bytes.');
  return encode(Buffer.from(random));
}

export function fernetEncrypt(key: FernetKey, plaintext: string, at: Date, iv: Uint8Array): string {
  if (iv.length !== BLOCK) refuse('A Fernet IV has 16 bytes.');
  const head = Buffer.alloc(HEADER);
  head.writeUInt8(VERSION, 0);
  head.writeBigUInt64BE(BigInt(Math.floor(at.getTime() / 1000)), 1);
  head.set(iv, 9);
  const cipher = createCipheriv('aes-128-cbc', key.encryption, iv);
  const signed = Buffer.concat([head, cipher.update(plaintext, 'utf8'), cipher.final()]);
  return encode(Buffer.concat([signed, createHmac('sha256', key.signing).update(signed).digest()]));
}

export interface FernetAge {
  readonly ttlSeconds: number;
  readonly now: Date;
}

function checkAge(writtenSeconds: number, age: FernetAge): void {
  const now = age.now.getTime() / 1000;
  if (writtenSeconds + age.ttlSeconds < now) refuse('The token is too old.');
  if (writtenSeconds > now + MAX_CLOCK_SKEW_SECONDS) refuse('The token was written in the future.');
}

function decryptBody(key: FernetKey, signed: Buffer): string {
  const decipher = createDecipheriv('aes-128-cbc', key.encryption, signed.subarray(9, HEADER));
  try {
    return Buffer.concat([decipher.update(signed.subarray(HEADER)), decipher.final()]).toString('utf8');
  } catch {
    // Bad padding or a length that is no multiple of the block. The MAC was right, so this is a writer's fault, not an oracle.
    refuse('The token does not decrypt.');
  }
}

/** Decrypts with the first of `keys` whose signature fits; several keys are given while a key is being rotated (S5). */
export function fernetDecrypt(keys: readonly FernetKey[], token: string, age?: FernetAge): string {
  const bytes = decodeStrict(token);
  if (bytes === null) refuse('The token is not url-safe base64.');
  if (bytes.length < HEADER + BLOCK + MAC) refuse('The token is too short.');
  if (bytes[0] !== VERSION) refuse('The token has an unknown version.');
  const signed = bytes.subarray(0, -MAC);
  const mac = bytes.subarray(-MAC);
  const key = keys.find((k) => timingSafeEqual(createHmac('sha256', k.signing).update(signed).digest(), mac));
  if (key === undefined) refuse('The token was written with another key, or altered.');
  if (age !== undefined) checkAge(Number(bytes.readBigUInt64BE(1)), age);
  return decryptBody(key, signed);
}
