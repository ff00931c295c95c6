import type { MatchingKind } from '../../../../services/simulator/state/model.ts';
import type { Dice } from './dice.ts';

export interface SelectOption {
  readonly id: string;
  readonly label: string;
}

/** A library as it is now, and the hand that changes it. */
export interface Changeable {
  readonly dice: Dice;
  readonly isV3: boolean;
  /** A word that was not used before. */
  word(): string;
  ask(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<unknown>;
  advance(milliseconds: number): void;
  live(): { readonly id: number; readonly notes: readonly { readonly id: number }[] }[];
  trashed(): { readonly id: number }[];
  versions(isTrashed: boolean): { readonly id: number; readonly rootDocument: number | null }[];
  objects(kind: MatchingKind): number[];
  users(): number[];
  definitions(): { readonly id: number; readonly dataType: string; readonly options: readonly SelectOption[] }[];
}

/** Does something that is possible now, or nothing. */
type Change = (world: Changeable) => Promise<unknown>;

const fieldsOf = (world: Changeable, type: string) => world.definitions().filter(({ dataType }) => dataType === type);

const PATHS: Readonly<Record<MatchingKind, string>> = {
  tag: 'tags',
  correspondent: 'correspondents',
  document_type: 'document_types',
  storage_path: 'storage_paths',
};
const KINDS = Object.keys(PATHS) as MatchingKind[];

async function onDocument(world: Changeable, change: (id: number) => Record<string, unknown> | null): Promise<unknown> {
  const row = world.dice.pick(world.live());
  const body = row && change(row.id);
  return body ? world.ask('PATCH', `/api/documents/${row.id}/`, body) : null;
}

const pickOrNull = (world: Changeable, ids: readonly number[]): number | null =>
  world.dice.below(3) === 0 ? null : (world.dice.pick(ids) ?? null);

async function upload(world: Changeable): Promise<unknown> {
  const name = world.word();
  const form = new FormData();
  form.append('title', name);
  form.append('document', new Blob([`Words of ${name}.\n`], { type: 'text/plain' }), `${name}.txt`);
  return world.ask('POST', '/api/documents/post_document/', form);
}

const plain: readonly Change[] = [
  (world) => onDocument(world, () => ({ title: world.word() })),
  (world) => onDocument(world, () => ({ content: `Corrected by hand: ${world.word()}` })),
  (world) => onDocument(world, () => ({ created: `20${10 + world.dice.below(9)}-0${1 + world.dice.below(9)}-11` })),
  (world) =>
    onDocument(world, () => ({ archive_serial_number: world.dice.below(3) === 0 ? null : 1 + world.dice.below(30) })),
  (world) => onDocument(world, () => ({ tags: world.dice.some(world.objects('tag')) })),
  (world) => onDocument(world, () => ({ correspondent: pickOrNull(world, world.objects('correspondent')) })),
  (world) => onDocument(world, () => ({ document_type: pickOrNull(world, world.objects('document_type')) })),
  (world) => onDocument(world, () => ({ storage_path: pickOrNull(world, world.objects('storage_path')) })),
  (world) => onDocument(world, () => ({ owner: pickOrNull(world, world.users()) })),
  (world) =>
    onDocument(world, () => ({
      set_permissions: {
        view: { users: world.dice.some(world.users()), groups: [] },
        change: { users: world.dice.some(world.users()), groups: [] },
      },
    })),
  async (world) => {
    const [row, tag] = [world.dice.pick(world.live()), world.dice.pick(world.objects('tag'))];
    if (!row || tag === undefined) return;
    const method = world.dice.pick(['add_tag', 'remove_tag']);
    await world.ask('POST', '/api/documents/bulk_edit/', { documents: [row.id], method, parameters: { tag } });
  },
  async (world) => {
    const row = world.dice.pick(world.live());
    if (row)
      await world.ask('POST', '/api/documents/bulk_edit/', {
        documents: [row.id],
        method: 'reprocess',
        parameters: {},
      });
  },
];

const fields: readonly Change[] = [
  (world) => {
    const field = world.dice.pick(fieldsOf(world, 'string'))?.id;
    const value = world.dice.below(4) === 0 ? null : world.word();
    return onDocument(world, () => (field === undefined ? null : { custom_fields: [{ field, value }] }));
  },
  (world) => onDocument(world, () => ({ custom_fields: [] })),
  (world) => {
    const field = world.dice.pick(fieldsOf(world, 'documentlink'))?.id;
    const targets = world.dice.some(world.live().map(({ id }) => id)).slice(0, 3);
    return onDocument(world, (id) =>
      field === undefined ? null : { custom_fields: [{ field, value: targets.filter((target) => target !== id) }] },
    );
  },
  (world) => {
    const definition = world.dice.pick(fieldsOf(world, 'select'));
    const option = world.dice.pick(definition?.options ?? []);
    return onDocument(world, () =>
      definition && option ? { custom_fields: [{ field: definition.id, value: option.id }] } : null,
    );
  },
  async (world) => {
    const definition = world.dice.pick(fieldsOf(world, 'select'));
    if (!definition) return;
    const { options } = definition;
    const [first, ...rest] = options;
    // Renamed, taken away, or another one added.
    const choices = [
      [...rest, { ...first, label: world.word() }],
      rest.length > 0 ? rest : options,
      [...options, { label: world.word() }],
    ];
    const changed = world.dice.pick(choices);
    await world.ask('PATCH', `/api/custom_fields/${definition.id}/`, { extra_data: { select_options: changed } });
  },
  async (world) => {
    const type = world.dice.pick(['string', 'documentlink', 'select']);
    const extra = type === 'select' ? { extra_data: { select_options: [{ label: 'one' }, { label: 'two' }] } } : {};
    await world.ask('POST', '/api/custom_fields/', { name: world.word(), data_type: type, ...extra });
  },
  async (world) => {
    const field = world.dice.pick(world.definitions());
    if (!field) return;
    if (world.dice.below(3) === 0) await world.ask('DELETE', `/api/custom_fields/${field.id}/`);
    else await world.ask('PATCH', `/api/custom_fields/${field.id}/`, { name: world.word() });
  },
];

const objects: readonly Change[] = [
  async (world) => {
    const kind = world.dice.pick(KINDS) ?? 'tag';
    const path = kind === 'storage_path' ? { path: `${world.word()}/{{ title }}` } : {};
    const body = { name: world.word(), owner: pickOrNull(world, world.users()), ...path };
    await world.ask('POST', `/api/${PATHS[kind]}/`, body);
  },
  async (world) => {
    const kind = world.dice.pick(KINDS) ?? 'tag';
    const id = world.dice.pick(world.objects(kind));
    if (id === undefined) return;
    const changes = [{ name: world.word() }, { match: world.word(), matching_algorithm: 1 }, { is_insensitive: false }];
    if (world.dice.below(4) === 0) await world.ask('DELETE', `/api/${PATHS[kind]}/${id}/`);
    else await world.ask('PATCH', `/api/${PATHS[kind]}/${id}/`, world.dice.pick(changes) ?? {});
  },
  async (world) => {
    const tag = world.dice.pick(world.objects('tag'));
    const parent = pickOrNull(world, world.objects('tag'));
    if (tag !== undefined) await world.ask('PATCH', `/api/tags/${tag}/`, { parent, color: '#102030' });
  },
];

const notes: readonly Change[] = [
  async (world) => {
    const row = world.dice.pick(world.live());
    if (row) await world.ask('POST', `/api/documents/${row.id}/notes/`, { note: `A note, ${world.word()}` });
  },
  async (world) => {
    const row = world.dice.pick(world.live().filter((candidate) => candidate.notes.length > 0));
    const note = row && world.dice.pick(row.notes);
    if (note) await world.ask('DELETE', `/api/documents/${row.id}/notes/?id=${note.id}`);
  },
];

const lives: readonly Change[] = [
  upload,
  async (world) => {
    const row = world.dice.pick(world.live());
    if (row && world.live().length > 4) await world.ask('DELETE', `/api/documents/${row.id}/`);
  },
  async (world) => {
    const row = world.dice.pick(world.trashed());
    if (row) await world.ask('POST', '/api/trash/', { action: 'restore', documents: [row.id] });
  },
];

/** Gone for good, by whoever empties the master's trash. */
const purge: Change = async (world) => {
  const row = world.dice.pick(world.trashed());
  if (row) await world.ask('POST', '/api/trash/', { action: 'empty', documents: [row.id] });
};

const versions: readonly Change[] = [
  async (world) => {
    const row = world.dice.pick(world.live());
    if (!row || !world.isV3) return;
    const name = world.word();
    const form = new FormData();
    form.append('version_label', world.dice.below(2) === 0 ? name : '');
    form.append('document', new Blob([`Another text, ${name}.\n`], { type: 'text/plain' }), `${name}.txt`);
    await world.ask('POST', `/api/documents/${row.id}/update_version/`, form);
  },
  async (world) => {
    const version = world.dice.pick(world.versions(false));
    if (version) await world.ask('DELETE', `/api/documents/${version.rootDocument}/versions/${version.id}/`);
  },
  async (world) => {
    const roots = new Set(world.live().map(({ id }) => id));
    const alone = world.versions(true).filter((row) => roots.has(row.rootDocument ?? 0));
    const version = world.dice.pick(alone);
    if (version) await world.ask('POST', '/api/trash/', { action: 'restore', documents: [version.id] });
  },
  async (world) => {
    const version = world.dice.pick(world.versions(false));
    const path = `/api/documents/${version?.rootDocument}/versions/${version?.id}/`;
    if (version) await world.ask('PATCH', path, { version_label: world.word() });
  },
];

/** Hours go by in which nothing changes: the change feed will not look back that far. */
const pass: Change = async (world) => {
  const skew = world.dice.below(50) * 60_000 + 11 * 60_000;
  world.advance(skew);
};

export const MASTER_CHANGES: readonly (readonly Change[])[] = [
  plain,
  plain,
  plain,
  fields,
  fields,
  objects,
  objects,
  notes,
  lives,
  [...lives, purge],
  versions,
  [pass],
];

/** What users of a replica do; everything but their own notes is to be undone (E21). */
export const REPLICA_CHANGES: readonly (readonly Change[])[] = [
  plain,
  [fields[0], fields[1]].filter((change) => change !== undefined),
  notes,
  [lives[1]].filter((change) => change !== undefined),
];
