import type { Context } from '../context.ts';
import { canSee } from '../users/permissions.ts';

/** Documents in sight of the caller that name an object, e.g. `tag:4`; the trash does not count. */
export function documentCount({ store, user }: Context, reference: string): number {
  const rows = store.index.referring(reference);
  if (user.isSuperuser) return rows.size;
  let count = 0;
  for (const row of rows) if (canSee(user, row)) count += 1;
  return count;
}
