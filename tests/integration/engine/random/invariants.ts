import { toMicros } from '../../../../shared/domain/instant.ts';
import type { Controller } from '../../../support/controller.ts';
import type { Simulator } from '../../../support/simulator.ts';

const ASN_BASE = 2_000_000_000;

export interface Sides {
  readonly master: Simulator;
  readonly replica: Simulator;
  readonly controller: Controller;
}

/**
 * Invariants 1-5, 7, 8 and 10 of the protocol (section 8), as far as equality does not say them already: after a cycle,
 * with the requests of that cycle alone in the logs of both instances. Each line is a broken one.
 */
export async function brokenInvariants(sides: Sides): Promise<string[]> {
  return [
    ...(await claims(sides)),
    ...(await rest(sides)),
    ...(await uploads(sides)),
    ...(await writes(sides)),
    ...masterReads(sides),
    ...(await cursor(sides)),
    ...purges(sides),
    ...notes(sides),
  ];
}

/**
 * 1: each claimed (id, added) exists, in the trash only with a tombstone, or the link is not ok. What the master has lost is
 * looked at by sweeps alone, and until then nobody misses its copy.
 */
async function claims({ controller, master, replica }: Sides): Promise<string[]> {
  const links = (await controller.links()).filter(
    (link) =>
      link.status === 'ok' &&
      link.replica_doc_id !== null &&
      master.store.documents.get(link.master_doc_id) !== undefined,
  );
  const ids = links.map((link) => link.replica_doc_id);
  const tombstones = await controller.db.selectFrom('tombstones').select(['replica_doc_id', 'state']).execute();
  const buried = new Set(tombstones.filter(({ state }) => state === 'trashed').map((row) => row.replica_doc_id));
  const broken = links.filter((link) => {
    const row = replica.store.documents.get(link.replica_doc_id);
    if (!row || toMicros(link.replica_added ?? '') !== row.added) return true;
    return row.deletedAt !== null && !buried.has(row.id);
  });
  return [
    ...(new Set(ids).size === ids.length ? [] : ['1: one copy is claimed twice']),
    ...broken.map(
      (link) => `1: link of master ${link.master_doc_id} claims ${link.replica_doc_id}, which is not there`,
    ),
  ];
}

/** 3: nothing of work in progress shows once nothing is in progress. */
async function rest({ controller, replica }: Sides): Promise<string[]> {
  const live = replica.store.documents.filter((row) => row.deletedAt === null);
  const marked = live.filter(
    (row) =>
      // A version keeps the title that its document had when it came; no request can change it.
      (row.rootDocument === null && row.title.startsWith('pngx.')) ||
      (row.archiveSerialNumber ?? 0) >= ASN_BASE ||
      row.versionLabel?.startsWith('pngx.') === true,
  );
  const links = await controller.links();
  const leased = links.filter((link) => link.lease_worker !== null);
  const open = links.filter((link) => link.status === 'ok' && link.dirty_seq !== link.applied_seq);
  return [
    ...marked.map(
      (row) => `3: document ${row.id} bears "${row.title}", ${row.archiveSerialNumber}, ${row.versionLabel}`,
    ),
    ...leased.map((link) => `3: the link of master ${link.master_doc_id} is leased`),
    ...open.map((link) => `3: the link of master ${link.master_doc_id} is ok with open work`),
  ];
}

/** 4: each upload has its row, written before its first byte. */
async function uploads({ controller, replica }: Sides): Promise<string[]> {
  const posts = replica.requests().filter((request) => request.method === 'POST' && request.fileSha256 !== null);
  const uploaded = await controller.db.selectFrom('upload_attempts').select(['sha256', 'posted_at']).execute();
  const versions = await controller.db.selectFrom('version_attempts').select(['sha256', 'posted_at']).execute();
  const attempts = [...uploaded, ...versions];
  return posts.flatMap((post) => {
    const at = attempts.findIndex((row) => row.sha256 === post.fileSha256 && row.posted_at.getTime() <= post.startedAt);
    if (at >= 0) attempts.splice(at, 1);
    return at >= 0 ? [] : [`4: ${post.path} sent ${post.fileSha256} without a row that says so`];
  });
}

/** 4: each write to a document of the replica is to one that a link owns, has owned, or has made. */
async function writes({ controller, replica }: Sides): Promise<string[]> {
  const { db } = controller;
  const known = new Set<number>();
  for (const link of await controller.links()) known.add(link.replica_doc_id ?? 0);
  for (const row of await db.selectFrom('upload_attempts').select('success_doc_id').execute())
    known.add(row.success_doc_id ?? 0);
  for (const row of await db.selectFrom('replacements').select(['old_doc_id', 'new_doc_id']).execute())
    known.add(row.old_doc_id).add(row.new_doc_id ?? 0);
  return replica.requests().flatMap(({ method, path }) => {
    const id = /^\/api\/documents\/(\d+)\//.exec(path)?.[1];
    return method === 'GET' || id === undefined || known.has(Number(id))
      ? []
      : [`4: ${method} ${path} without a claim`];
  });
}

/** 5: the master is only read. */
function masterReads({ master }: Sides): string[] {
  return master
    .requests()
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ method, path }) => `5: the master got ${method} ${path}`);
}

/** 7: the cursor never runs ahead, and what is older is dirty, applied or failed in rows. */
async function cursor({ controller, master }: Sides): Promise<string[]> {
  const { cursor_us: at } = await controller.db
    .selectFrom('master_state')
    .select('cursor_us')
    .executeTakeFirstOrThrow();
  if (at === null) return [];
  const live = master.store.documents.filter((row) => row.deletedAt === null && row.rootDocument === null);
  const newest = Math.max(0, ...master.store.documents.filter(() => true).map((row) => row.modified));
  const known = new Set((await controller.links()).map((link) => link.master_doc_id));
  return [
    ...(Number(at) > newest ? [`7: the cursor ${at} is ahead of everything on the master (${newest})`] : []),
    ...live
      .filter((row) => row.modified < Number(at) && !known.has(row.id))
      .map((row) => `7: no row for master ${row.id}`),
  ];
}

/** 8: nothing is purged within a day. */
function purges({ replica }: Sides): string[] {
  const before = replica.store.documents.filter(() => true).length;
  const highest = Math.max(0, ...replica.store.documents.filter(() => true).map(({ id }) => id));
  return before === highest ? [] : [`8: ${highest - before} documents of the replica are gone for good`];
}

/** 10: one note a marker. */
function notes({ replica }: Sides): string[] {
  return replica.store.documents
    .filter((row) => row.deletedAt === null)
    .flatMap((row) => {
      const markers = row.notes.flatMap((note) => /^pngx n\d+@\S+/.exec(note.note)?.[0] ?? []);
      return new Set(markers).size === markers.length ? [] : [`10: document ${row.id} has a note twice`];
    });
}
