/** What has to be known before anything is called deleted: the proofs of H4, and who uses it on the replica (E5). */
import { ownersOf } from '../../db/links.repo.ts';
import { NO_REMOVALS, usageKey, type RemovalFacts } from '../../domain/taxonomy/draft.ts';
import { planOptions } from '../../domain/taxonomy/options.ts';
import { deletable, missingOnMaster } from '../../domain/taxonomy/plan-removals.ts';
import { itemsOf, keyOf, type StoredLink, type Vocabulary } from '../../domain/taxonomy/vocabulary.ts';
import type { PaperlessReader, TaxonomyUse } from '../../paperless/api.ts';
import type { TaxonomySource } from './read.ts';

interface Lists {
  readonly master: Vocabulary;
  readonly replica: Vocabulary;
  readonly stored: readonly StoredLink[];
  readonly sweep: boolean;
}

/** No request at all where nothing is missing. */
export async function removalFacts(source: TaxonomySource, lists: Lists): Promise<RemovalFacts> {
  const deletes = source.replica.deletion_mode !== 'keep';
  const asked = missingOnMaster(lists.stored, lists.master).links;
  const known = lists.sweep && deletes ? stillThere(lists) : [];
  const gone = await provenGone(source, [...asked, ...known]);
  if (!lists.sweep) return { ...NO_REMOVALS, deletes, gone };
  const leaving = deletes
    ? deletable(
        [...asked, ...known].filter((link) => gone.has(keyOf(link.kind, link.masterId))),
        lists.replica,
      )
    : [];
  const uses: TaxonomyUse[] = [
    ...leaving.map(({ kind, replicaId }) => ({ kind, id: replicaId })),
    ...obsoleteOptions(lists),
  ];
  const foreignUses = new Map<string, number>();
  for (const use of uses) foreignUses.set(usageKey(use.kind, use.id, use.option), await countForeign(source, use));
  return { deletes, gone, foreignUses };
}

/** Known to be gone from an earlier run, but still on the replica: proven once more before it is deleted. */
function stillThere({ stored, master, replica }: Lists): StoredLink[] {
  const gone = stored.filter(
    (link) => link.state === 'gone' && !itemsOf(master, link.kind).some(({ id }) => id === link.masterId),
  );
  return deletable(gone, replica);
}

/** H4: a 404 of the object itself, and a superuser's token before and after. */
async function provenGone(source: TaxonomySource, links: readonly StoredLink[]): Promise<Set<string>> {
  const { reader, signal } = source;
  const none = new Set<string>();
  if (links.length === 0 || !(await reader.probe(signal)).isSuperuser) return none;
  const gone = new Set<string>();
  for (const { kind, masterId } of links)
    if (!(await exists(reader, kind, masterId, signal))) gone.add(keyOf(kind, masterId));
  return gone.size > 0 && (await reader.probe(signal)).isSuperuser ? gone : none;
}

export async function exists(
  instance: PaperlessReader,
  kind: StoredLink['kind'],
  id: number,
  signal?: AbortSignal,
): Promise<boolean> {
  const found = kind === 'custom_field' ? instance.customField(id, signal) : instance.taxonomyObject(kind, id, signal);
  return (await found) !== null;
}

function obsoleteOptions({ stored, master, replica }: Lists): TaxonomyUse[] {
  return stored.flatMap((link): TaxonomyUse[] => {
    if (link.kind !== 'custom_field' || link.replicaId === null) return [];
    const field = master.fields.find(({ id }) => id === link.masterId);
    const copy = replica.fields.find(({ id }) => id === link.replicaId);
    if (!field || !copy || copy.dataType !== 'select' || field.dataType !== 'select') return [];
    const { obsolete } = planOptions(field.selectOptions, copy.selectOptions, link.detail);
    return obsolete.map((option) => ({ kind: 'custom_field', id: copy.id, option: option.id }));
  });
}

async function countForeign(source: TaxonomySource, use: TaxonomyUse): Promise<number> {
  const using = await source.writer.documentsUsing(use, source.signal);
  let foreign = using.length;
  for (let at = 0; at < using.length; at += 5000) {
    const owners = await ownersOf(source.db, source.replica.id, using.slice(at, at + 5000));
    // The copy of an excluded document keeps what it has, as one of the replica's own does.
    foreign -= owners.filter(({ excluded }) => !excluded).length;
  }
  return foreign;
}
