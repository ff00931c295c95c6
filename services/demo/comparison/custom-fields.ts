import type { DocumentWire } from '../wire.ts';
import type { Sides } from './names.ts';
import type { Snapshot } from './read.ts';

/** Where the documents of the master are on the replica, and which of the others can be accounted for. */
export interface Targets {
  readonly pairOf: ReadonlyMap<number, number>;
  readonly masterIds: ReadonlySet<number>;
  readonly blocked: ReadonlySet<number>;
}

export interface FieldsFinding {
  readonly problems: readonly string[];
  readonly notReplicable: readonly string[];
}

/** Fields by name, options by label, links by the document they lead to. */
export function compareCustomFields(
  sides: Sides,
  targets: Targets,
  master: DocumentWire,
  replica: DocumentWire,
): FieldsFinding {
  const lost: string[] = [];
  const wanted = fieldWords(sides.master, master, (name, ids) =>
    translateLinks(targets, ids, `document ${master.id}, ${name}`, lost),
  );
  // A link goes on naming what lies in the trash, on either side (H27).
  const live = new Set(sides.replica.documents.map(({ id }) => id));
  const found = fieldWords(sides.replica, replica, (_, ids) => ids.filter((id) => live.has(id)));
  const problems = [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name) => {
    const [left, right] = [wanted.get(name), found.get(name)];
    // A field whose only links cannot be on the replica may be empty there or not be there at all.
    const emptied = left === NO_LINKS && right === undefined && lost.some((reason) => reason.includes(`, ${name}: `));
    return left === right || emptied ? [] : [`${name}: ${left ?? 'not set'} | ${right ?? 'not set'}`];
  });
  return { problems, notReplicable: lost };
}

type TellLinks = (name: string, ids: readonly number[]) => readonly number[];

function fieldWords(side: Snapshot, document: DocumentWire, tellLinks: TellLinks): Map<string, string> {
  return new Map(
    document.custom_fields.map(({ field, value }) => {
      const definition = side.fields.get(field);
      const name = definition?.name ?? `#${field}`;
      const isLink = definition?.data_type === 'documentlink';
      return [name, isLink ? linkWord(tellLinks(name, asIds(value))) : plainWord(side, field, value)];
    }),
  );
}

function translateLinks(targets: Targets, ids: readonly number[], where: string, lost: string[]): number[] {
  return ids.flatMap((target) => {
    const there = targets.pairOf.get(target);
    if (there !== undefined) return [there];
    if (!targets.masterIds.has(target)) lost.push(`${where}: ${target} lives no more`);
    else if (targets.blocked.has(target)) lost.push(`${where}: ${target} cannot be on the replica`);
    // A target that is simply missing must show: no id of the replica is negative.
    else return [-target];
    return [];
  });
}

/** A set: each end writes itself into the other one's list, so the order is that of the writes. */
function linkWord(ids: readonly number[]): string {
  return `links ${JSON.stringify([...new Set(ids)].sort((a, b) => a - b))}`;
}

const NO_LINKS = linkWord([]);

function asIds(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((id): id is number => typeof id === 'number') : [];
}

function plainWord(side: Snapshot, field: number, value: unknown): string {
  const definition = side.fields.get(field);
  if (definition?.data_type !== 'select' || value === null) return JSON.stringify(value);
  const option = definition.extra_data?.select_options?.find(({ id }) => id === value);
  return option ? `option ${JSON.stringify(option.label)}` : `unknown option ${JSON.stringify(value)}`;
}
