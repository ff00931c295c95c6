/**
 * Removal of an object from the documents that name it.
 */

import type { MatchingKind, MatchingObject } from '../state/model.ts';
import type { Store } from '../state/store.ts';

const KEYS = { correspondent: 'correspondent', document_type: 'documentType', storage_path: 'storagePath' } as const;

/** Documents lose the reference by a database cascade, which moves no `modified` (paperless-api.md 2.6). */
export function removeReference(store: Store, kind: Exclude<MatchingKind, 'tag'>, row: MatchingObject): void {
  store.matching[kind].remove(row.id);
  const key = KEYS[kind];
  for (const document of store.documents.filter((candidate) => candidate[key] === row.id)) {
    document[key] = null;
    store.saveDocument(document);
  }
}
