/**
 * Objects that the master has deleted. Documents lose them by being compared; the object itself goes from the replica only
 * in a sweep, only if we made it, only if no document that only the replica has uses it, and never in numbers (E5, E4, H4).
 */
import { usageKey, type Draft, type PlanInput } from './draft.ts';
import { itemsOf, keyOf, LINK_KINDS, type LinkKind, type StoredLink, type Vocabulary } from './vocabulary.ts';

/** More than these at once are a person's to judge. */
const tooMany = (missing: number, known: number): boolean => missing > Math.max(5, known / 10);

interface Copy {
  readonly replicaId: number;
}

export interface Missing {
  /** Links whose object the master's list no longer has, few enough to be asked for one by one. */
  readonly links: readonly StoredLink[];
  /** Too many of a kind at once, or all of it: nothing is concluded. */
  readonly mass: readonly { readonly kind: LinkKind; readonly links: readonly StoredLink[]; readonly known: number }[];
}

export function missingOnMaster(stored: readonly StoredLink[], master: Vocabulary): Missing {
  const links: StoredLink[] = [];
  const mass: Missing['mass'][number][] = [];
  for (const kind of LINK_KINDS) {
    const listed = new Set(itemsOf(master, kind).map(({ id }) => id));
    const known = stored.filter((link) => link.kind === kind && link.state !== 'gone');
    const missing = known.filter(({ masterId }) => !listed.has(masterId));
    const open = missing.filter(({ detail }) => detail.approved !== true);
    const refused = tooMany(open.length, known.length) || (listed.size === 0 && open.length > 0);
    if (refused) mass.push({ kind, links: open, known: known.length });
    links.push(...(refused ? missing.filter(({ detail }) => detail.approved === true) : missing));
  }
  return { links, mass };
}

/** Objects that would be deleted if they are proven gone and unused: what has to be looked up for a sweep. */
export function deletable(stored: readonly StoredLink[], replica: Vocabulary): (StoredLink & Copy)[] {
  return stored.flatMap((link) => {
    const { replicaId } = link;
    const there = replicaId !== null && itemsOf(replica, link.kind).some(({ id }) => id === replicaId);
    return there && link.createdByUs ? [{ ...link, replicaId }] : [];
  });
}

export function planRemovals(draft: Draft): void {
  const { input } = draft;
  const missing = missingOnMaster(input.stored, input.master);
  for (const { kind, links, known } of missing.mass)
    draft.missing.push({ kind, known, names: links.map(({ name }) => name) });
  const gone = new Set(input.stored.filter((link) => isGone(link, input)));
  for (const link of gone) noteGone(draft, link);
  if (!input.sweep || !input.removal.deletes) return;
  const leaving = deletable([...gone], input.replica).filter((link) => mayLeave(draft, link));
  for (const kind of LINK_KINDS) leave(draft, kind, leaving);
}

function isGone(link: StoredLink, { master, removal }: PlanInput): boolean {
  if (itemsOf(master, link.kind).some(({ id }) => id === link.masterId)) return false;
  return link.state === 'gone' || removal.gone.has(keyOf(link.kind, link.masterId));
}

/** A row whose counterpart is not there either, or serves another object by now, says nothing any more. */
function noteGone(draft: Draft, link: StoredLink): void {
  const { id: _id, ...row } = link;
  const there = itemsOf(draft.input.replica, link.kind).some(({ id }) => id === link.replicaId);
  if (draft.forget.includes(link.id)) return;
  if (there) draft.remember({ ...row, state: 'gone', errorMsg: null });
  else draft.forget.push(link.id);
}

function mayLeave(draft: Draft, link: StoredLink & Copy): boolean {
  const { removal, replica } = draft.input;
  if (draft.forget.includes(link.id) || !removal.gone.has(keyOf(link.kind, link.masterId))) return false;
  const uses = removal.foreignUses.get(usageKey(link.kind, link.replicaId));
  const current = itemsOf(replica, link.kind).find(({ id }) => id === link.replicaId);
  const why =
    current?.name !== link.name
      ? `it is named "${current?.name}" on the replica by now`
      : uses === undefined
        ? 'its use was not looked up'
        : `${uses} documents that only the replica has use it`;
  if (uses === 0 && current?.name === link.name) return true;
  keep(draft, link, why);
  return false;
}

const keep = (draft: Draft, { kind, masterId, replicaId, name }: StoredLink & Copy, why: string) =>
  draft.kept.push({ kind, masterId, replicaId, name, why });

function leave(draft: Draft, kind: LinkKind, all: readonly (StoredLink & Copy)[]): void {
  const mine = all.filter((link) => link.kind === kind);
  const open = mine.filter(({ detail }) => detail.approved !== true);
  const known = draft.input.stored.filter((link) => link.kind === kind).length;
  const held = tooMany(open.length, known);
  if (held) draft.missing.push({ kind, known, names: open.map(({ name }) => name) });
  const going = held ? mine.filter(({ detail }) => detail.approved === true) : mine;
  for (const link of leavesFirst(draft, kind, going)) keep(draft, link, 'tags of the replica are below it');
}

/**
 * paperless deletes a tag with all below it: what is below has to be going, too, and goes first. What can go at once goes
 * before everything else, since it may hold a name that another one is to get; the rest after the moves.
 */
function leavesFirst(draft: Draft, kind: LinkKind, going: readonly (StoredLink & Copy)[]): (StoredLink & Copy)[] {
  const left = new Map(going.map((link) => [link.replicaId, link]));
  const tags = kind === 'tag' ? draft.input.replica.objects.tag : [];
  const moved = new Set(draft.actions.flatMap((action) => (action.do === 'move' ? [action.replicaId] : [])));
  const gone = new Set<number>();
  for (const [actions, leaving] of [
    [draft.first, gone],
    [draft.actions, moved],
  ] as const)
    for (;;) {
      const next = [...left.values()].find(({ replicaId }) =>
        tags.every(({ id, parent }) => parent !== replicaId || gone.has(id) || leaving.has(id)),
      );
      if (!next) break;
      const { masterId, replicaId, name } = next;
      left.delete(replicaId);
      gone.add(replicaId);
      actions.push({ do: 'delete', kind, masterId, replicaId, name });
    }
  return [...left.values()];
}
