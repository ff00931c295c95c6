import { createHash } from 'node:crypto';
import { inParallel, type PaperlessHttp } from '../http.ts';
import type { DocumentWire } from '../wire.ts';
import type { Hashed } from './pair.ts';

const AT_ONCE = 4;

/** Downloads every original and hashes what arrives; checksums that an instance merely claims prove nothing. */
export async function hashFiles(
  http: PaperlessHttp,
  documents: readonly DocumentWire[],
  onProgress: (done: number) => void = () => undefined,
): Promise<Hashed[]> {
  const hashed = new Map<number, Hashed>();
  await inParallel(documents, AT_ONCE, async (document) => {
    const hash = await hashOf(http, `/api/documents/${document.id}/download/?original=true`);
    hashed.set(document.id, { document, hash, ...(await versionsOf(http, document)) });
    onProgress(hashed.size);
  });
  return documents.flatMap(({ id }) => hashed.get(id) ?? []);
}

async function versionsOf(http: PaperlessHttp, { id, versions }: DocumentWire) {
  if (versions.length < 2) return {};
  const hashes: string[] = [];
  for (const version of versions.toSorted((a, b) => a.id - b.id))
    hashes.push(await hashOf(http, `/api/documents/${id}/download/?original=true&version=${version.id}`));
  return { versions: hashes };
}

async function hashOf(http: PaperlessHttp, path: string): Promise<string> {
  const hash = createHash('sha256');
  // Without `original=true`, in this very spelling, the archive comes instead (paperless-api.md 3.2).
  for await (const chunk of await http.download(path)) hash.update(chunk);
  return hash.digest('hex');
}
