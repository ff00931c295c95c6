import { toMicros } from './instant.ts';

export type IdentityCheck = 'same' | 'cut' | 'other';

/**
 * (instance, id, added) is the identity of a document (F7). `cut`: what was read is the stored time cut to milliseconds,
 * so the instance went through paperless' own export and import; the caller stores the cut value. The reverse (stored is
 * cut, read is longer) is `other`: a replica seeded by import would otherwise pass for its master (H2).
 */
export function checkIdentity(stored: string, read: string): IdentityCheck {
  const was = toMicros(stored);
  const is = toMicros(read);
  if (was === null || is === null) return stored === read ? 'same' : 'other';
  if (was === is) return 'same';
  return is === Math.floor(was / 1000) * 1000 ? 'cut' : 'other';
}
