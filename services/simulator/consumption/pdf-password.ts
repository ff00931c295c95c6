import { createCipheriv, createHash } from 'node:crypto';

/** Whether a password opens a PDF that is encrypted with AES-256 (ISO 32000-2, algorithm 2.B); other ciphers never open. */
export function opensWith(bytes: Buffer, password: string): boolean {
  const entry = userEntry(bytes);
  if (!entry) return false;
  const hash = hardenedHash(Buffer.from(password, 'utf8'), entry.subarray(32, 40));
  return hash.equals(entry.subarray(0, 32));
}

/** The /U entry: 32 bytes of hash, 8 of validation salt, 8 of key salt. */
function userEntry(bytes: Buffer): Buffer | null {
  const hex = /\/U\s*<([0-9A-Fa-f\s]+)>/.exec(bytes.toString('latin1'))?.[1];
  const entry = Buffer.from((hex ?? '').replace(/\s/g, ''), 'hex');
  return entry.length >= 48 ? entry : null;
}

const DIGESTS = ['sha256', 'sha384', 'sha512'] as const;

function hardenedHash(password: Buffer, salt: Buffer): Buffer {
  let key: Buffer = createHash('sha256').update(password).update(salt).digest();
  for (let round = 1; ; round += 1) {
    const block = Buffer.concat([password, key]);
    const repeated = Buffer.concat(Array.from({ length: 64 }, () => block));
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32)).setAutoPadding(false);
    const encrypted = Buffer.concat([cipher.update(repeated), cipher.final()]);
    const remainder = encrypted.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = createHash(DIGESTS[remainder] ?? 'sha256')
      .update(encrypted)
      .digest();
    if (round >= 64 && (encrypted.at(-1) ?? 0) <= round - 32) return key.subarray(0, 32);
  }
}
