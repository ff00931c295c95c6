/** Names of replicas, for rows that hold an id alone. */
import type { Names } from '../../presenters/names.ts';
import { To } from './links.tsx';

export type { Names };

export function nameIn(names: Names, id: number | null): string {
  return names.find((one) => one.id === id)?.name ?? (id === null ? 'all replicas' : `replica ${id}`);
}

export function ReplicaLink({ names, id }: { names: Names; id: number }) {
  return <To to={`/replicas/${id}`}>{nameIn(names, id)}</To>;
}

export const replicaOptions = (names: Names) => [
  { value: '', label: 'any' },
  ...names.map(({ id, name }) => ({ value: String(id), label: name })),
];
