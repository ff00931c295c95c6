/** Who asks, and how that was proved (S1). */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Door } from '../../../shared/config/env.ts';
import { useSession } from '../../../shared/db/admin.repo.ts';
import type { KeyScope } from '../../../shared/db/door-tables.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { hashToken } from '../../../shared/kernel/passwords.ts';
import { ADMIN, SESSION } from '../../../shared/replication/doors/admin.ts';
import { keyOfHeader } from '../../../shared/replication/doors/api-keys.ts';
import { readSession } from './cookies.ts';
import { peerOf, requestOf } from './visitor-address.ts';

export interface Visitor {
  readonly name: string;
  readonly via: 'key' | 'session' | 'forward' | 'none';
  readonly scope: KeyScope;
}

export interface GateVariables {
  Bindings: HttpBindings;
  Variables: { requestId: string; visitor: Visitor | null };
}
export type GateContext = Context<GateVariables>;

/** As the audit log names him. */
export const actorOf = (c: GateContext): string => c.get('visitor')?.name ?? 'anybody';

/** Null: unknown. A key that is given counts alone: one that is revoked must not act as somebody else. */
export async function visitorOf(
  c: GateContext,
  deps: { readonly db: Db; readonly door: Door },
): Promise<Visitor | null> {
  const key = await keyOfHeader(deps.db, c.req.header('authorization'));
  if (key !== null) return key === undefined ? null : { name: `key ${key.name}`, via: 'key', scope: key.scope };
  switch (deps.door.mode) {
    case 'none':
      return { name: 'anybody', via: 'none', scope: 'full' };
    case 'forward': {
      const name = forwardedName(c, deps.door);
      return name === null ? null : { name, via: 'forward', scope: 'full' };
    }
    case 'password': {
      const token = readSession(c);
      const known = token !== null && (await useSession(deps.db, hashToken(token), SESSION.idleSeconds));
      return known ? { name: ADMIN, via: 'session', scope: 'full' } : null;
    }
    default:
      return deps.door.mode satisfies never;
  }
}

/**
 * Read from the raw headers: node joins a doubled one, and then the part that a visitor sent himself would stand first.
 * A proxy that adds the header without taking away the visitor's is a hole, so two of them are nobody.
 */
function forwardedName(c: Context, { header, proxies }: Door): string | null {
  const request = requestOf(c);
  if (request === undefined || !proxies.has(peerOf(c))) return null;
  const given = request.rawHeaders.filter((_, at, all) => at % 2 === 1 && all[at - 1]?.toLowerCase() === header);
  const name = given.length === 1 ? given[0]?.trim() : undefined;
  return name !== undefined && /^[^\p{C},]{1,200}$/u.test(name) ? name : null;
}
