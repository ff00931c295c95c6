/** What the lists alone tell: copies that are not there, and documents of the replica that no link owns (E22, H3). */
import * as findingsRepo from '../db/findings.repo.ts';
import * as ledger from '../db/verification-ledger.repo.ts';
import { markedMasterId, reservedAsn } from '../domain/markers.ts';
import type { FindingKind } from '../domain/verification.ts';
import { BATCH_SIZE } from './compare-batch.ts';
import { save, type Scene } from './verify-scene.ts';

/** Of a replica with a library of its own these are named; of the others only the number is known. */
const NAMED_FOREIGN = 500;
const UNLINKED: readonly FindingKind[] = ['foreign', 'twin'];

interface Unlinked {
  readonly id: number;
  readonly title: string | null;
  readonly asn: number | null;
}

export async function verifyList(scene: Scene): Promise<void> {
  const { deps, verification, replica } = scene;
  const ids = await ledger.unlinkedAmong(deps.db, replica.id, [...scene.compare.replicaIds]);
  const found = await describe(scene, ids);
  const of = { replicaId: replica.id, verificationId: verification.id };
  const absent = await ledger.linksNotAmong(deps.db, replica.id, [...scene.compare.replicaIds]);
  await deps.db.transaction().execute(async (trx) => {
    await findingsRepo.saveFindings(trx, of, found);
    await findingsRepo.endUnseenOfKind(trx, { ...of, kinds: UNLINKED });
    // A slice looks at some documents only, but no copy may be missing unseen: these are looked at at its end.
    if (verification.scope === 'slice')
      await ledger.saveLedger(trx, verification.id, deps.clock.now(), absent.map(putOff));
    await save(scene, trx, { phase: verification.scope === 'slice' ? 'fresh' : 'documents', checkpoint: 0 });
  });
}

function putOff(link: ledger.AbsentLink): ledger.NewLedgerRow {
  return {
    link_id: link.id,
    master_doc_id: link.master_doc_id,
    replica_doc_id: link.replica_doc_id,
    depth: 'list',
    outcome: 'again',
    reason: 'not_in_list',
    master_file: null,
    copy_file: null,
    master_fields: null,
    copy_fields: null,
    derived: false,
  };
}

async function describe(scene: Scene, ids: readonly number[]): Promise<findingsRepo.NewFinding[]> {
  if (ids.length === 0) return [];
  const rows = new Map<number, Unlinked>(ids.map((id) => [id, { id, title: null, asn: null }]));
  const named = ids.slice(0, NAMED_FOREIGN);
  for (let at = 0; at < named.length; at += BATCH_SIZE)
    for (const { id, title, asn } of await scene.copies.documents(named.slice(at, at + BATCH_SIZE), scene.signal))
      rows.set(id, { id, title, asn });
  for (const { id, title, asn } of await scene.copies.reserved(scene.settings.asnBase, scene.signal))
    if (rows.has(id)) rows.set(id, { id, title, asn });
  const marks = [...rows.values()].map((row) => ({ row, masterId: markedId(row, scene.settings.asnBase) }));
  const owners = await ledger.restingCopies(
    scene.deps.db,
    scene.replica.id,
    marks.flatMap(({ masterId }) => masterId ?? []),
  );
  return marks.flatMap(({ row, masterId }) => {
    if (masterId === null) return [foreign(row)];
    const owner = owners.find((link) => link.master_doc_id === masterId);
    // Of a document whose upload is under way this is no second copy: it is the first one.
    return owner ? [twin(row, owner)] : [];
  });
}

function markedId(row: Unlinked, asnBase: number): number | null {
  const marked = row.title === null ? null : markedMasterId(row.title);
  if (marked !== null) return marked;
  const id = row.asn === null ? 0 : row.asn - asnBase;
  return id > 0 && reservedAsn(asnBase, id) === row.asn ? id : null;
}

function twin(row: Unlinked, owner: ledger.AbsentLink): findingsRepo.NewFinding {
  return {
    linkId: null,
    masterDocId: owner.master_doc_id,
    replicaDocId: row.id,
    kind: 'twin',
    depth: 'list',
    message: `#${row.id} is a second copy of master document #${owner.master_doc_id}, which has #${owner.replica_doc_id}; it bears our mark.`,
    hint: 'It goes to the trash by itself if it is provably ours and nobody has written to it; else delete it.',
    fields: [],
  };
}

function foreign(row: Unlinked): findingsRepo.NewFinding {
  const title = row.title === null ? '' : `, "${row.title.slice(0, 128)}",`;
  return {
    linkId: null,
    masterDocId: null,
    replicaDocId: row.id,
    kind: 'foreign',
    depth: 'list',
    message: `#${row.id}${title} is a document of the replica's own.`,
    hint: 'It is never touched. Delete it there if it should not be, or accept this finding.',
    fields: [],
  };
}
