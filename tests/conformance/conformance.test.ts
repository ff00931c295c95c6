/**
 * What the engine relies on, stated for paperless and for the simulator alike. One file runs everything in order: tests
 * of one instance share its consumption queue, its inbox tags and, on SQLite, its one writer.
 */
import { afterAll, describe, vi } from 'vitest';
import { customFieldBehaviour } from './behaviour/custom-fields.ts';
import { documentLinkBehaviour } from './behaviour/document-links.ts';
import { duplicateBehaviour } from './behaviour/duplicates.ts';
import { fenceBehaviour } from './behaviour/fence.ts';
import { fileBehaviour } from './behaviour/files.ts';
import { listBehaviour } from './behaviour/document-list.ts';
import { modifiedBehaviour } from './behaviour/modified.ts';
import { negotiationBehaviour } from './behaviour/negotiation.ts';
import { noteBehaviour } from './behaviour/notes.ts';
import { patchBehaviour } from './behaviour/document-patch.ts';
import { permissionBehaviour } from './behaviour/permissions.ts';
import { sweepBehaviour } from './behaviour/sweep.ts';
import { systemBehaviour } from './behaviour/system.ts';
import { tagBehaviour } from './behaviour/tags.ts';
import { taskBehaviour } from './behaviour/tasks.ts';
import { taxonomyBehaviour } from './behaviour/taxonomy.ts';
import { trashBehaviour } from './behaviour/trash.ts';
import { uploadBehaviour } from './behaviour/upload.ts';
import { usesBehaviour } from './behaviour/uses.ts';
import { userBehaviour } from './behaviour/users.ts';
import { versionBehaviour } from './behaviour/versions.ts';
import { Library } from './support/library.ts';
import { openTargets } from './target.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const libraries = await Promise.all((await openTargets()).map((target) => Library.open(target)));

describe.each(libraries)('$target.title', (library) => {
  afterAll(() => library.close());
  negotiationBehaviour(library);
  userBehaviour(library);
  systemBehaviour(library);
  taxonomyBehaviour(library);
  listBehaviour(library);
  uploadBehaviour(library);
  taskBehaviour(library);
  fenceBehaviour(library);
  duplicateBehaviour(library);
  fileBehaviour(library);
  patchBehaviour(library);
  permissionBehaviour(library);
  tagBehaviour(library);
  customFieldBehaviour(library);
  usesBehaviour(library);
  documentLinkBehaviour(library);
  noteBehaviour(library);
  trashBehaviour(library);
  modifiedBehaviour(library);
  sweepBehaviour(library);
  versionBehaviour(library);
});
