/**
 * E26: one library under two addresses would be copied onto itself. Two addresses prove nothing, so a marker is written on
 * the one that is to be written to anyway and looked for on the master, which is never written to.
 */
import { AppError } from '../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from '../paperless/api.ts';

const MARKER = /^pngx-check-([0-9a-z]+)-[0-9a-f]+$/;
/** A marker that a killed test left behind is removed by a later one; younger ones may belong to a test under way. */
const STALE_MS = 3_600_000;
/** The clean-up runs although the test was stopped, but not for ever. */
const CLEANUP_TIMEOUT_MS = 30_000;

export interface LibraryPair {
  readonly master: PaperlessReader;
  readonly replica: PaperlessWriter;
}

export async function checkDistinctLibraries(
  deps: { readonly randomHex: (bytes: number) => string },
  { master, replica }: LibraryPair,
  signal?: AbortSignal,
): Promise<void> {
  const { serverDate } = await replica.probe(signal);
  const name = `pngx-check-${serverDate.toString(36)}-${deps.randomHex(8)}`;
  let shows: boolean;
  try {
    // Unowned and matching nothing: seen by every token, given to no document.
    await replica.createTaxonomy(
      'tag',
      { name, owner: null, match: '', matching_algorithm: 0, is_inbox_tag: false },
      signal,
    );
    const tags = await master.taxonomy('tag', signal);
    shows = tags.some((tag) => tag.name === name);
  } finally {
    // Also after a POST without an answer: it may have been applied.
    await removeMarkers(replica, name, serverDate);
  }
  if (shows) throw sameLibrary();
}

async function removeMarkers(replica: PaperlessWriter, own: string, now: number): Promise<void> {
  const signal = AbortSignal.timeout(CLEANUP_TIMEOUT_MS);
  const tags = await replica.taxonomy('tag', signal);
  for (const tag of tags.filter(({ name }) => name === own || isStale(name, now)))
    await replica.deleteTaxonomy('tag', tag.id, signal);
}

function isStale(name: string, now: number): boolean {
  const stamp = MARKER.exec(name)?.[1];
  return stamp !== undefined && now - Number.parseInt(stamp, 36) > STALE_MS;
}

function sameLibrary(): AppError {
  return new AppError({
    code: 'same_library',
    class: 'config',
    scope: 'instance',
    message: 'This is the master itself under another address: a tag created here shows up on the master.',
    hint: 'Enter the address of another paperless-ngx instance with its own database.',
  });
}
