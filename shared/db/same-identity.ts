import { sql, type RawBuilder } from 'kysely';

/** Equal, or the stored time cut to milliseconds by paperless' own import; never the other way round (H2). As domain/identity.ts. */
export function sameIdentity(stored: string, read: string): RawBuilder<boolean> {
  return sql<boolean>`(${sql.ref(read)}::timestamptz = ${sql.ref(stored)}::timestamptz
    or ${sql.ref(read)}::timestamptz = date_trunc('milliseconds', ${sql.ref(stored)}::timestamptz))`;
}
