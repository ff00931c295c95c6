/** What a person decides about the taxonomy of a replica: which object is meant, or that a deletion may be carried out (E5). */
import { sql } from 'kysely';
import { openRunOf } from '../../db/runs.repo.ts';
import * as taxonomyRepo from '../../db/taxonomy.repo.ts';
import type { Db, Replica } from '../../db/tables.ts';
import type { CustomFieldDefinition, TaxonomyObject } from '../../domain/model.ts';
import { heldBackOf } from '../../domain/taxonomy/object-values.ts';
import type { LinkKind, LinkRow, StoredLink } from '../../domain/taxonomy/vocabulary.ts';
import { AppError } from '../../kernel/errors.ts';
import type { PaperlessReader } from '../../paperless/api.ts';

export interface Choice {
  readonly db: Db;
  readonly replica: Replica;
  /** The master. */
  readonly reader: PaperlessReader;
  /** The replica; nothing is written to it here. */
  readonly copies: PaperlessReader;
  readonly kind: LinkKind;
  readonly masterId: number;
  readonly signal?: AbortSignal | undefined;
}
type Item = TaxonomyObject | CustomFieldDefinition;

/**
 * From now on this object of the replica stands for that of the master; null: none that is there, a new one is made. The
 * documents that use it are looked at again.
 */
export async function chooseCounterpart(choice: Choice, replicaObjId: number | null): Promise<LinkRow> {
  const { db, replica, reader, kind, masterId, signal } = choice;
  const master = await itemOf(reader, kind, masterId, signal);
  if (!master) throw notThere('The master', kind, masterId);
  if (replicaObjId === null && kind === 'custom_field') throw unnameable(master.name);
  if (replicaObjId !== null) await refuseUnlike(choice, master, replicaObjId);
  const using = await reader.documentsUsing({ kind, id: masterId }, signal);
  return withoutRuns(db, replica.id, async (trx) => {
    if (replicaObjId !== null) await makeRoom(trx, choice, replicaObjId);
    const before = await stored(trx, choice);
    const row: LinkRow = {
      kind,
      masterId,
      replicaId: replicaObjId,
      name: master.name,
      state: replicaObjId === null ? 'creating' : 'linked',
      createdByUs: replicaObjId !== null && before?.replicaId === replicaObjId && before.createdByUs,
      heldBack: 'matchingAlgorithm' in master ? heldBackOf(master) : null,
      detail: { choice: replicaObjId === null ? 'new' : 'chosen' },
      errorMsg: null,
    };
    await taxonomyRepo.saveTaxonomyLink(trx, replica.id, row);
    await taxonomyRepo.markDirtyByMasterDoc(trx, replica.id, using);
    return row;
  });
}

/** Lets the next sweep delete what a guard held up; proofs and uses are looked at again then. */
export async function approveDeletion(choice: Choice): Promise<LinkRow> {
  const { db, replica, reader, kind, masterId, signal } = choice;
  const there = await itemOf(reader, kind, masterId, signal);
  if (there)
    throw new AppError({
      code: 'taxonomy_not_deleted',
      class: 'conflict',
      message: `The master still has the ${words(kind)} "${there.name}".`,
    });
  return withoutRuns(db, replica.id, async (trx) => {
    const before = await stored(trx, choice);
    if (!before) throw notThere('The replica', kind, masterId);
    const { id: _id, ...row } = { ...before, detail: { ...before.detail, approved: true } };
    await taxonomyRepo.saveTaxonomyLink(trx, replica.id, row);
    return row;
  });
}

const words = (kind: LinkKind) => kind.replaceAll('_', ' ');

async function itemOf(
  instance: PaperlessReader,
  kind: LinkKind,
  id: number,
  signal: AbortSignal | undefined,
): Promise<Item | null> {
  return kind === 'custom_field' ? instance.customField(id, signal) : instance.taxonomyObject(kind, id, signal);
}

async function stored(db: Db, { replica, kind, masterId }: Choice): Promise<StoredLink | undefined> {
  const links = await taxonomyRepo.taxonomyLinks(db, replica.id);
  return links.find((link) => link.kind === kind && link.masterId === masterId);
}

async function refuseUnlike({ copies, kind, signal }: Choice, master: Item, replicaObjId: number): Promise<void> {
  const copy = await itemOf(copies, kind, replicaObjId, signal);
  if (!copy) throw unfit(`The replica has no ${words(kind)} #${replicaObjId}.`, 'does not exist there');
  if ('dataType' in master && 'dataType' in copy && master.dataType !== copy.dataType)
    throw unfit(
      `The custom field #${replicaObjId} of the replica is of type ${copy.dataType}, the master's of type ${master.dataType}.`,
      'is of another type',
    );
}

/** Two objects of the master never share one of the replica; one that the master has deleted makes room. */
async function makeRoom(trx: Db, { replica, kind, masterId }: Choice, replicaObjId: number): Promise<void> {
  const owner = await taxonomyRepo.ownerOfObject(trx, replica.id, kind, replicaObjId);
  if (!owner || owner.masterId === masterId) return;
  if (owner.state !== 'gone')
    throw new AppError({
      code: 'taxonomy_taken',
      class: 'conflict',
      message: `The ${words(kind)} #${replicaObjId} of the replica stands for "${owner.name}" (#${owner.masterId} of the master).`,
      hint: 'Choose another counterpart for that one first.',
    });
  await taxonomyRepo.dropTaxonomyLinks(trx, [owner.id]);
}

/**
 * A run that is open has its tables already and would apply documents by the old choice. The row of the replica is locked, so
 * that none can be opened before this is written.
 */
function withoutRuns<T>(db: Db, replicaId: number, write: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select 1 from replicas where id = ${replicaId} for update`.execute(trx);
    if (await openRunOf(trx, replicaId))
      throw new AppError({
        code: 'replica_locked',
        class: 'conflict',
        message: 'A run of this replica is open; a choice counts from the next run on.',
        hint: 'Wait until it has ended, or cancel it.',
      });
    return write(trx);
  });
}

function notThere(side: string, kind: LinkKind, id: number): AppError {
  return new AppError({
    code: 'taxonomy_unknown',
    class: 'not-found',
    message: `${side} has no ${words(kind)} #${id}.`,
  });
}

function unfit(message: string, why: string): AppError {
  return new AppError({ code: 'taxonomy_unfit', class: 'invalid', message, fields: { replica_obj_id: why } });
}

function unnameable(name: string): AppError {
  return unfit(
    `Names of custom fields are unique: a second "${name}" cannot be made on the replica.`,
    'must name a custom field',
  );
}
