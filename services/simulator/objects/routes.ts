import { notFound } from '../http/reply.ts';
import type { Route } from '../router.ts';
import { bulkEditObjects } from './bulk-edit-objects.ts';
import { createField, deleteField, listFields, readField, updateField } from './custom-fields.ts';
import { OBJECT_KINDS, type ObjectKind } from './kinds.ts';
import { createObject, deleteObject, listObjects, readObject, updateObject } from './matching-objects.ts';
import { testPath } from './storage-paths.ts';

const routesOf = (kind: ObjectKind): Route[] => [
  {
    path: kind.path,
    methods: { GET: (context) => listObjects(context, kind), POST: (context) => createObject(context, kind) },
  },
  {
    path: `${kind.path}:id/`,
    methods: {
      GET: (context) => readObject(context, kind),
      PATCH: (context) => updateObject(context, kind),
      PUT: (context) => updateObject(context, kind),
      DELETE: (context) => deleteObject(context, kind),
    },
  },
];

/** An id that is no number is looked up all the same, and not found. */
const notANumber = (path: string, permission: string): Route => ({
  path: `${path}:word/`,
  methods: {
    GET: (context) => {
      context.require(permission);
      throw notFound();
    },
  },
});

export const objectRoutes: readonly Route[] = [
  ...OBJECT_KINDS.flatMap(routesOf),
  { path: 'storage_paths/test/', methods: { POST: testPath } },
  { path: 'custom_fields/', methods: { GET: listFields, POST: createField } },
  {
    path: 'custom_fields/:id/',
    methods: { GET: readField, PATCH: updateField, PUT: updateField, DELETE: deleteField },
  },
  ...OBJECT_KINDS.map((kind) => notANumber(kind.path, `view_${kind.model}`)),
  notANumber('custom_fields/', 'view_customfield'),
  { path: 'bulk_edit_objects/', methods: { POST: bulkEditObjects } },
];
