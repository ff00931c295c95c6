import { listReplicas } from '../../shared/db/replicas.repo.ts';
import type { Db } from '../../shared/db/tables.ts';
import { AppError } from '../../shared/kernel/errors.ts';

/** A name wins over an id: a replica may be called "2". */
export async function replicaIdOf(db: Db, wanted: string): Promise<number> {
  const replicas = await listReplicas(db);
  const found = replicas.find(({ name }) => name === wanted) ?? replicas.find(({ id }) => String(id) === wanted);
  if (found !== undefined) return found.id;
  const names = replicas.map(({ name }) => name).join(', ');
  throw new AppError({
    code: 'replica_not_found',
    class: 'not-found',
    message: `There is no replica "${wanted}".`,
    hint: names === '' ? 'No replica is configured yet.' : `There are: ${names}.`,
  });
}
