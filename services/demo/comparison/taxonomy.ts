import type { FieldWire, ObjectWire } from '../wire.ts';
import {
  expectedOwner,
  nameWithOwner,
  objectName,
  type OwnerNamer,
  ownerName,
  permissionWords,
  type Sides,
} from './names.ts';
import { OBJECT_KINDS, type ObjectKind, type Snapshot } from './read.ts';
import type { TaxonomyFinding } from './types.ts';

type Mutable = { differences: string[]; replicaOnly: string[]; compared: number; heldBack: number };

export function compareTaxonomy(sides: Sides): TaxonomyFinding {
  const finding: Mutable = { compared: 0, differences: [], heldBack: 0, replicaOnly: [] };
  for (const kind of OBJECT_KINDS) compareKind(sides, kind, finding);
  compareFields(sides, finding);
  return finding;
}

function compareKind(sides: Sides, kind: ObjectKind, finding: Mutable): void {
  const expected: OwnerNamer = (owner) => expectedOwner(sides, owner);
  const actual: OwnerNamer = (owner) => ownerName(sides.replica, owner);
  const there = named(sides.replica, kind, actual);
  for (const [name, object] of named(sides.master, kind, expected)) {
    finding.compared += 1;
    const copy = there.get(name);
    there.delete(name);
    if (!copy) {
      finding.differences.push(`${kind}: "${name}" is missing`);
      continue;
    }
    const left = objectWords(sides.master, kind, object, expected, sides.replica);
    const right = objectWords(sides.replica, kind, copy, actual);
    for (const [what, word] of Object.entries(left)) {
      const other = right[what as keyof typeof right];
      if (word !== other) finding.differences.push(`${kind}: "${name}", ${what}: ${word} | ${other}`);
    }
    const rules = compareRules(object, copy);
    if (rules === 'held back') finding.heldBack += 1;
    if (rules === 'differ') finding.differences.push(`${kind}: "${name}": neither the master's rules nor none`);
  }
  finding.replicaOnly.push(...[...there.keys()].map((name) => `${kind}: ${name}`));
}

function named(side: Snapshot, kind: ObjectKind, owner: OwnerNamer): Map<string, ObjectWire> {
  return new Map(
    [...side.objects[kind].values()].map((object) => [nameWithOwner(object.name, owner(object.owner)), object]),
  );
}

function objectWords(side: Snapshot, kind: ObjectKind, object: ObjectWire, owner: OwnerNamer, known?: Snapshot) {
  return {
    color: object.color ?? '',
    parent: objectName(side, kind, object.parent ?? null, owner) ?? 'none',
    path: object.path ?? '',
    permissions: permissionWords(side, object.permissions, known).join(' '),
  };
}

/** Inbox flag and algorithm are off on a replica, else it would change what is brought to it (E5); on as on the master is
 * right as well, since that switch is a person's. */
function compareRules(master: ObjectWire, replica: ObjectWire): 'same' | 'held back' | 'differ' {
  const rules = (object: ObjectWire) =>
    JSON.stringify([object.is_inbox_tag ?? false, object.matching_algorithm, object.match, object.is_insensitive]);
  if (rules(master) === rules(replica)) return 'same';
  const off = !replica.is_inbox_tag && replica.matching_algorithm === 0;
  return off ? 'held back' : 'differ';
}

function compareFields({ master, replica }: Sides, finding: Mutable): void {
  const there = new Map([...replica.fields.values()].map((field) => [field.name, field]));
  for (const field of master.fields.values()) {
    finding.compared += 1;
    const copy = there.get(field.name);
    there.delete(field.name);
    if (!copy) {
      finding.differences.push(`custom_fields: "${field.name}" is missing`);
      continue;
    }
    const own = ownOptions(field, copy);
    finding.replicaOnly.push(...own.map((label) => `custom_fields: ${field.name}: option ${label}`));
    const [left, right] = [fieldWord(field), fieldWord(copy, own.length)];
    if (left !== right) finding.differences.push(`custom_fields: "${field.name}": ${left} | ${right}`);
  }
  finding.replicaOnly.push(...[...there.keys()].map((name) => `custom_fields: ${name}`));
}

const labels = ({ data_type: type, extra_data: extra }: FieldWire): string[] =>
  type === 'select' ? (extra?.select_options ?? []).map(({ label }) => label) : [];

/** Options that only the replica has stand after the master's. */
function ownOptions(master: FieldWire, replica: FieldWire): string[] {
  const known = new Set(labels(master));
  return labels(replica)
    .slice(known.size)
    .filter((label) => !known.has(label));
}

function fieldWord(field: FieldWire, own = 0): string {
  const { data_type: type, extra_data: extra } = field;
  const all = labels(field);
  const options = type === 'select' ? all.slice(0, all.length - own) : null;
  return JSON.stringify([type, options, extra?.default_currency || null]);
}
