/** Both libraries as rows of the scan: ids from one census, then who they are, 250 a request; flat in memory. */
import { toMicros } from '../../domain/instant.ts';
import * as repo from '../../db/reconcile.repo.ts';
import { fingerprint } from '../../domain/fingerprint.ts';
import { markedMasterId } from '../../domain/markers.ts';
import { pythonTrim } from '../../domain/python-text.ts';
import type { IdentityRow, PaperlessReader } from '../../paperless/api.ts';
import type { Scan } from './scan.ts';

const IDS_A_REQUEST = 250;

export interface Inventory {
  readonly masters: number;
  readonly copies: number;
  /** The highest id of the replica and when a document was last added; and the ones that bear a mark of an upload. */
  readonly highWater: { readonly id: number; readonly added: string } | null;
  readonly marked: readonly number[];
}

export async function takeInventory(scan: Scan): Promise<Inventory> {
  let highWater: Inventory['highWater'] = null;
  const marked: number[] = [];
  // A master that was a replica once, or a person, may have given a document such a title: its copy bears it rightly.
  const titles = new Set<string>();
  const masters = await readSide(scan, 'master', scan.master, titles, (row) => {
    if (markedMasterId(row.title) !== null) titles.add(row.title);
  });
  const copies = await readSide(scan, 'replica', scan.replica, titles, (row, saved) => {
    highWater = later(highWater, row);
    if (saved.marked_for !== null) marked.push(row.id);
  });
  await repo.analyzeScan(scan.db);
  await repo.attachLinks(scan.db, scan.id, scan.replicaId);
  return { masters, copies, highWater, marked };
}

async function readSide(
  scan: Scan,
  side: repo.Side,
  instance: PaperlessReader,
  titlesOfMaster: ReadonlySet<string>,
  see: (row: IdentityRow, saved: repo.ScanRow) => void,
): Promise<number> {
  const { ids } = await instance.census(scan.signal);
  let count = 0;
  for (let at = 0; at < ids.length; at += IDS_A_REQUEST) {
    const rows = await instance.identities(ids.slice(at, at + IDS_A_REQUEST), scan.signal);
    const saved = rows.map((row) => scanRow(scan, side, row, titlesOfMaster));
    await repo.addScanRows(scan.db, scan.id, side, saved);
    for (const [index, row] of rows.entries()) see(row, saved[index] as repo.ScanRow);
    count += rows.length;
  }
  return count;
}

function scanRow(scan: Scan, side: repo.Side, row: IdentityRow, titlesOfMaster: ReadonlySet<string>): repo.ScanRow {
  const name = row.originalFileName?.normalize('NFC').toLowerCase() ?? null;
  const reserved = row.asn !== null && row.asn >= scan.asnBase ? row.asn - scan.asnBase : null;
  return {
    doc_id: row.id,
    added: row.added,
    asn: row.asn,
    title_key: fingerprint([pythonTrim(row.title), row.created]),
    name_key: name === null ? null : fingerprint(name),
    ...fileOf(scan, side, row),
    marked_for:
      side === 'master' ? null : (reserved ?? (titlesOfMaster.has(row.title) ? null : markedMasterId(row.title))),
    bears_reserved: reserved !== null,
  };
}

/**
 * Between two 3.x instances the whole list of versions is the content, else the newest file (protocol section 4). Where the
 * families of hashes differ the master's key is filled in later, in the replica's family.
 */
function fileOf(
  { generations }: Scan,
  side: repo.Side,
  { versions }: IdentityRow,
): Pick<repo.ScanRow, 'content_key' | 'root_hex' | 'newest_hex'> {
  const newest = versions.at(-1)?.checksum ?? null;
  const root = versions.find((version) => version.isRoot)?.checksum ?? newest;
  const whole = generations.master === 'v3' && generations.replica === 'v3';
  const list = versions.map((version) => version.checksum).join(',') || null;
  const comparable = side === 'replica' || generations.master === generations.replica;
  return { content_key: comparable ? (whole ? list : newest) : null, root_hex: root, newest_hex: newest };
}

/** The highest id, and the latest time at which any was added: they need not be of one document (check-identity.ts). */
function later(known: Inventory['highWater'], row: { readonly id: number; readonly added: string }) {
  if (known === null) return { id: row.id, added: row.added };
  const isYounger = (toMicros(row.added) ?? 0) > (toMicros(known.added) ?? 0);
  return { id: Math.max(known.id, row.id), added: isYounger ? row.added : known.added };
}
