/** The bytes of documents that a list does not tell: 2.20 by one cheap probe each, across generations by fetching the file. */
import * as repo from '../../db/reconcile.repo.ts';
import { someAtOnce, type Scan } from './scan.ts';

const PROBES_A_BATCH = 200;
/** Files are large and each is fetched whole: what was learnt is saved before many more are. */
const FILES_A_BATCH = 40;

export async function hashFiles(scan: Scan): Promise<void> {
  const { master, replica } = scan.generations;
  if (replica === 'v2') await probeSide(scan, 'replica');
  if (master !== replica) await translateMasters(scan);
  else if (master === 'v2') await probeSide(scan, 'master');
}

async function probeSide(scan: Scan, side: repo.Side): Promise<void> {
  const instance = side === 'master' ? scan.master : scan.replica;
  await eachBatch(scan, side, PROBES_A_BATCH, async (row) => {
    const checksum = await instance.originalChecksum(row.doc_id, scan.signal);
    if (checksum === null) return null;
    const { hex, algorithm } = checksum;
    const key = { sha256: algorithm === 'sha256' ? hex : null, md5: algorithm === 'md5' ? hex : null };
    return { docId: row.doc_id, contentKey: hex, newestHex: hex, ...key };
  });
}

/**
 * MD5 on one side, SHA-256 on the other: a file whose two hashes are known from sending it is not fetched again; of the others
 * only those that something on the replica may be a copy of.
 */
async function translateMasters(scan: Scan): Promise<void> {
  await eachBatch(scan, 'master', FILES_A_BATCH, async (row) => {
    const pair = (await knownPair(scan, row)) ?? (row.nominated ? await scan.hashFile(row.doc_id) : null);
    if (pair === null) return null;
    const contentKey = scan.generations.replica === 'v3' ? pair.sha256 : pair.md5;
    return { docId: row.doc_id, contentKey, newestHex: row.newest_hex, ...pair };
  });
}

async function knownPair(scan: Scan, row: repo.UnhashedRow): Promise<{ sha256: string; md5: string } | null> {
  const { known_sha256: sha256, known_md5: md5 } = row;
  if (sha256 === null || md5 === null) return null;
  const now = row.newest_hex ?? (await scan.master.originalChecksum(row.doc_id, scan.signal))?.hex;
  return now === sha256 || now === md5 ? { sha256, md5 } : null;
}

async function eachBatch(
  scan: Scan,
  side: repo.Side,
  size: number,
  hash: (row: repo.UnhashedRow) => Promise<repo.HashedRow | null>,
): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await repo.unhashedRows(scan.db, scan.id, side, after, size);
    const last = rows.at(-1);
    if (!last) return;
    after = last.doc_id;
    scan.signal?.throwIfAborted();
    const hashed = await someAtOnce(rows, hash);
    await repo.setHashes(
      scan.db,
      scan.id,
      side,
      hashed.filter((row) => row !== null),
    );
  }
}
