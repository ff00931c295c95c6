/** What lists share: names for rows that hold an id alone, and where the next page begins. */
import { listReplicas } from '../../../shared/db/replicas.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';

export type Names = readonly { readonly id: number; readonly name: string }[];

/** Of a replica nothing else leaves for a page: its row holds a token. */
export async function replicaNames(db: Db): Promise<Names> {
  return (await listReplicas(db)).map(({ id, name }) => ({ id, name }));
}

/** The id of the last row, behind which the next page begins; null: this is the last one. */
export function nextAfter(rows: readonly { readonly id: number }[], limit: number): number | null {
  return rows.length === limit ? (rows.at(-1)?.id ?? null) : null;
}
