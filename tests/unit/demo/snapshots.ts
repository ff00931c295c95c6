import type { Snapshot } from '../../../services/demo/comparison/read.ts';
import type { DocumentWire, NoteWire, ObjectWire } from '../../../services/demo/wire.ts';

/** Small worlds to compare: what is not named is plain and the same on both sides. */
export const nobody = { view: { users: [], groups: [] }, change: { users: [], groups: [] } };

export function aDocument(id: number, overrides: Partial<DocumentWire> = {}): DocumentWire {
  return {
    id,
    title: 'Bill',
    content: 'Text',
    created: '2020-01-02',
    archive_serial_number: null,
    correspondent: null,
    document_type: null,
    storage_path: null,
    tags: [],
    owner: null,
    permissions: nobody,
    custom_fields: [],
    notes: [],
    original_file_name: 'bill.txt',
    archived_file_name: null,
    mime_type: 'text/plain',
    page_count: null,
    versions: [],
    ...overrides,
  };
}

export function aTag(id: number, name: string, overrides: Partial<ObjectWire> = {}): ObjectWire {
  return {
    id,
    name,
    owner: null,
    permissions: nobody,
    match: '',
    matching_algorithm: 0,
    is_insensitive: true,
    color: '#a6cee3',
    is_inbox_tag: false,
    parent: null,
    ...overrides,
  };
}

export function aNote(id: number, note: string, overrides: Partial<NoteWire> = {}): NoteWire {
  return { id, note, created: '2026-08-01T10:20:00.123987+02:00', user: { username: 'office' }, ...overrides };
}

export interface World {
  readonly version?: string;
  readonly users?: readonly (readonly [number, string])[];
  readonly groups?: readonly (readonly [number, string])[];
  readonly tags?: readonly ObjectWire[];
  readonly correspondents?: readonly ObjectWire[];
  readonly fields?: readonly (Snapshot['fields'] extends ReadonlyMap<number, infer F> ? F : never)[];
  readonly documents?: readonly DocumentWire[];
}

export function aSnapshot(world: World = {}): Snapshot {
  const byId = <T extends { readonly id: number }>(rows: readonly T[] = []) =>
    new Map(rows.map((row) => [row.id, row]));
  return {
    version: world.version ?? '3.0.5',
    tokenUser: 'admin',
    users: new Map(world.users ?? [[2, 'admin']]),
    groups: new Map(world.groups ?? []),
    objects: {
      tags: byId(world.tags),
      correspondents: byId(world.correspondents),
      document_types: new Map(),
      storage_paths: new Map(),
    },
    fields: byId(world.fields),
    documents: world.documents ?? [],
  };
}
