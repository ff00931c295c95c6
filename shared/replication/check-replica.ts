/** Before a run writes anything: is this still the replica we know, and may we write to it (E26, E28, H2, H4, H23)? */
import { sql } from 'kysely';
import * as links from '../db/links.repo.ts';
import { retryRestored } from '../db/retry.repo.ts';
import { markVanished } from '../db/sweeps.repo.ts';
import { markedMasterId } from '../domain/markers.ts';
import { AppError } from '../kernel/errors.ts';
import type { Capabilities, ReservedRow } from '../paperless/api.ts';
import { checkReplicaIdentity, noteLostDatabase } from './check-identity.ts';
import { removeSurplus } from './remove-surplus.ts';
import type { ReplicaRun } from './sync-replica.ts';

export interface ReplicaFindings {
  readonly generation: 'v2' | 'v3';
  readonly tokenUser: number;
  readonly masterSubset: boolean;
  /** Live documents that no link owns: only then is there anything to adopt (H3). */
  readonly foreignDocuments: number;
  /** Master ids whose reserved ASN or marker is live on the replica: unfinished or surplus uploads. */
  readonly marked: readonly number[];
  /** The same in its trash, and the documents themselves. */
  readonly markedInTrash: readonly number[];
  readonly trashMarks: readonly number[];
  /** The replica's clock minus ours, milliseconds. */
  readonly clockOffsetMs: number;
}

export async function checkReplica(work: ReplicaRun): Promise<ReplicaFindings> {
  const { deps, replica, writer, reader, signal } = work;
  const settings = await deps.settings();
  const facts = await writer.probe(signal);
  refuseWeakToken(replica.name, facts);
  const clockOffsetMs = facts.serverDate - deps.clock.now().getTime();
  await refuseSharedRange(work, settings.asnBase);
  const reserved = await writer.reserved(settings.asnBase, signal);
  await refuseForeignReserved(work, reserved, settings.asnBase);
  await revisitReserved(work, reserved, settings.asnBase);
  await removeSurplus(work, reserved, settings.asnBase);
  const census = await writer.census(signal);
  const counts = await links.censusAgainstLinks(deps.db, replica.id, census.ids);
  const trash = await writer.trash(signal);
  // A reconcile is what mends all that these two find; until then they stop or hold the replica.
  if (work.run.mode === 'sync' || work.run.mode === 'drain') {
    await checkReplicaIdentity(work, census.ids, counts);
    await noteLostDatabase(work, [...reserved, ...trash]);
    await markVanished(deps.db, replica.id, census.ids);
    await retryRestored(deps.db, replica.id, census.ids);
  }
  await noteReplica(work, facts, census.ids.length, counts.foreign_count);
  const marks = (rows: readonly { title: string; asn: number | null }[]) => markedIds(rows, settings.asnBase);
  const master = await reader.probe(signal);
  return {
    generation: facts.generation,
    tokenUser: facts.userId,
    masterSubset: !master.isSuperuser,
    foreignDocuments: counts.foreign_count,
    marked: marks(reserved),
    markedInTrash: marks(trash.filter((row) => row.rootDocument === null)),
    trashMarks: trash.filter((row) => marks([row]).length > 0).map((row) => row.id),
    clockOffsetMs,
  };
}

function refuseWeakToken(name: string, facts: Capabilities): void {
  if (facts.isSuperuser) return;
  throw new AppError({
    code: 'token_not_superuser',
    class: 'permission',
    scope: 'instance',
    message: `The token of replica "${name}" does not belong to a superuser: it cannot set owners, and a document it does not see looks deleted.`,
    hint: 'Use the token of a superuser who is also staff.',
  });
}

/** H23: the master bears no reserved ASN unless it is the replica itself, or its own numbers reach into the range. */
async function refuseSharedRange(work: ReplicaRun, asnBase: number): Promise<void> {
  const onMaster = await work.reader.reserved(asnBase, work.signal);
  if (onMaster.length === 0) return;
  const marked = onMaster.some((row) => row.title.startsWith('pngx.'));
  throw Object.assign(
    new AppError({
      code: marked ? 'same_library' : 'asn_range_in_use',
      class: 'config',
      scope: 'instance',
      message: marked
        ? `Master and replica "${work.replica.name}" are one library: an upload to the replica showed on the master.`
        : `The master uses archive serial numbers from ${asnBase} on, which are reserved for uploads.`,
      hint: marked
        ? 'Remove this replica, or correct its address.'
        : 'Set asn_base above the highest number in use, or free these numbers.',
    }),
    { target: marked ? work.replica.id : 0 },
  );
}

async function refuseForeignReserved(
  work: ReplicaRun,
  reserved: readonly ReservedRow[],
  asnBase: number,
): Promise<void> {
  if (reserved.length === 0) return;
  const ids = reserved.flatMap((row) => (row.asn === null ? [] : [row.asn - asnBase]));
  if (ids.length === 0) return;
  const rows = await work.deps.db
    .selectFrom('sync_map')
    .select('master_doc_id')
    .where('replica_id', '=', work.replica.id)
    .where('master_doc_id', 'in', ids)
    .execute();
  const known = new Set(rows.map((row) => row.master_doc_id));
  const foreign = reserved.filter(
    (row) => row.asn !== null && !known.has(row.asn - asnBase) && !row.title.startsWith('pngx.'),
  );
  if (foreign.length === 0) return;
  throw new AppError({
    code: 'asn_range_in_use',
    class: 'config',
    scope: 'instance',
    message: `Replica "${work.replica.name}" has ${foreign.length} documents of its own with archive serial numbers from ${asnBase} on, which are reserved for uploads.`,
    hint: 'Set asn_base above the highest number in use, or free these numbers.',
  });
}

/**
 * F12: v2 can undo a write. An `ok` link whose own copy bears R again is finalised anew, it is never surplus. And a link that
 * rests without a copy, its master document deleted, has one now: a message of its upload came very late.
 */
async function revisitReserved(work: ReplicaRun, reserved: readonly ReservedRow[], asnBase: number): Promise<void> {
  if (reserved.length === 0) return;
  const masterIds = reserved.flatMap(({ asn }) => (asn === null ? [] : [asn - asnBase]));
  await sql`update sync_map set dirty_seq = nextval('dirty_seq')
    where replica_id = ${work.replica.id} and status = 'ok' and dirty_seq = applied_seq
      and (replica_doc_id = any(${reserved.map((row) => row.id)}::bigint[])
        or (phase = 'gone' and replica_doc_id is null and master_doc_id = any(${masterIds}::bigint[])))`.execute(
    work.deps.db,
  );
}

/** Master ids whose reserved number or marker title these rows bear. */
function markedIds(rows: readonly { title: string; asn: number | null }[], asnBase: number): number[] {
  const ids = rows.flatMap((row) => {
    const id = row.asn !== null && row.asn >= asnBase ? row.asn - asnBase : markedMasterId(row.title);
    return id === null ? [] : [id];
  });
  return [...new Set(ids)];
}

async function noteReplica(work: ReplicaRun, facts: Capabilities, documents: number, foreign: number): Promise<void> {
  await work.deps.db
    .updateTable('replicas')
    .set({
      generation: facts.generation,
      version: facts.version,
      token_user_id: facts.userId,
      last_contact_at: work.deps.clock.now(),
      document_count: documents,
      foreign_count: foreign,
    })
    .where('id', '=', work.replica.id)
    .execute();
}
