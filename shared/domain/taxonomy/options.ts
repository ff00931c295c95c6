/**
 * Select options: matched by the remembered pair, else by id and label, label, id. The replica's list is only added to, put
 * in the master's order and relabelled; ids are sent as they are, for an option without its id loses its values
 * (paperless-api.md 10.5, H16). What only the replica has stays, after the rest.
 */
import type { SelectOption } from '../model.ts';
import type { FieldMapping } from '../translate/tables.ts';
import type { LinkDetail } from './vocabulary.ts';

export interface OptionPlan {
  /** master option id -> replica option id, of those that are on the replica. */
  readonly pairs: ReadonlyMap<string, string>;
  /** The list the replica should have; an id of null is made up by the replica. */
  readonly list: readonly { readonly id: string | null; readonly label: string }[];
  readonly added: readonly string[];
  readonly renamed: readonly (readonly [from: string, to: string])[];
  readonly reordered: boolean;
  /** Options of the replica that stand for removed ones of the master: taken away by a sweep only. */
  readonly obsolete: readonly SelectOption[];
  /** Remembered options of the master that it no longer has. */
  readonly removedOnMaster: readonly string[];
  /** Remembered options that somebody deleted on the replica. */
  readonly lost: readonly string[];
}

export function planOptions(
  master: readonly SelectOption[],
  replica: readonly SelectOption[],
  detail: LinkDetail,
): OptionPlan {
  const known = new Map(Object.entries(detail.options ?? {}));
  const claimed = claim(master, replica, known);
  const rest = replica.filter((option) => ![...claimed.values()].includes(option));
  const kept = new Set(master.map(({ id }) => id));
  const gone = [...known].filter(([id]) => !kept.has(id));
  const goneIds = new Set(gone.map(([, id]) => id));
  const taken = new Set(replica.map(({ id }) => id));
  const wanted = master.map((option) => {
    const id = claimed.get(option)?.id ?? (taken.has(option.id) ? null : option.id);
    return { id, label: option.label };
  });
  const list = [...wanted, ...rest];
  const there = list.filter(({ id }) => id !== null && taken.has(id)).map(({ id }) => id);
  return {
    pairs: new Map([...claimed].map(([from, to]) => [from.id, to.id])),
    list,
    added: master.filter((option) => !claimed.has(option)).map(({ label }) => label),
    renamed: [...claimed].filter(([from, to]) => from.label !== to.label).map(([from, to]) => [to.label, from.label]),
    reordered: there.some((id, at) => replica[at]?.id !== id),
    obsolete: rest.filter(({ id }) => goneIds.has(id)),
    removedOnMaster: gone.map(([id]) => id),
    lost: master.filter((option) => known.has(option.id) && !claimed.has(option)).map(({ id }) => id),
  };
}

type Test = (from: SelectOption, to: SelectOption) => boolean;

function claim(
  master: readonly SelectOption[],
  replica: readonly SelectOption[],
  known: ReadonlyMap<string, string>,
): Map<SelectOption, SelectOption> {
  const pairs = new Map<SelectOption, SelectOption>();
  const free = new Set(replica);
  const tests: readonly Test[] = [
    (from, to) => known.get(from.id) === to.id,
    (from, to) => from.id === to.id && from.label === to.label,
    (from, to) => from.label === to.label,
    (from, to) => from.id === to.id,
  ];
  for (const matches of tests)
    for (const from of master) {
      if (pairs.has(from)) continue;
      const to = [...free].find((option) => matches(from, option));
      if (!to) continue;
      pairs.set(from, to);
      free.delete(to);
    }
  // In the master's order, whichever test found them.
  return new Map(master.flatMap((from) => (pairs.has(from) ? [[from, pairs.get(from) as SelectOption]] : [])));
}

export const listDiffers = ({ added, renamed, reordered }: OptionPlan): boolean =>
  added.length > 0 || renamed.length > 0 || reordered;

/** For how long writes wait for paperless to clear removed options; its clean-up can be lost with its queue. */
export const CLEAN_UP_MS = 60 * 60 * 1000;

/** Values of removed options vanish within minutes; more than this many at once are not kept apart. */
const MOST_REMEMBERED = 200;

/** What a link remembers of its options, once `plan` is the state of the replica. */
export function rememberOptions(detail: LinkDetail, plan: OptionPlan, now: Date): LinkDetail {
  const obsolete = new Set(plan.obsolete.map(({ id }) => id));
  // A removed option stays known while the replica has it: only so can a sweep tell it from the replica's own.
  const waiting = Object.entries(detail.options ?? {}).filter(([, id]) => obsolete.has(id));
  const removedOnMaster = [...new Set([...(detail.removedOnMaster ?? []), ...plan.removedOnMaster])]
    .filter((id) => !plan.pairs.has(id))
    .slice(-MOST_REMEMBERED);
  const removedOnReplica = Object.fromEntries(
    Object.entries(detail.removedOnReplica ?? {}).filter(([, at]) => now.getTime() - Date.parse(at) < CLEAN_UP_MS),
  );
  const { options: _1, removedOnMaster: _2, removedOnReplica: _3, ...rest } = detail;
  const options = Object.fromEntries([...plan.pairs, ...waiting]);
  return {
    ...rest,
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(removedOnMaster.length > 0 ? { removedOnMaster } : {}),
    ...(Object.keys(removedOnReplica).length > 0 ? { removedOnReplica } : {}),
  };
}

export function removedSets(detail: LinkDetail): Pick<FieldMapping, 'removedOnMaster' | 'removedOnReplica'> {
  const { removedOnMaster = [], removedOnReplica = {} } = detail;
  return {
    ...(removedOnMaster.length > 0 ? { removedOnMaster: new Set(removedOnMaster) } : {}),
    ...(Object.keys(removedOnReplica).length > 0 ? { removedOnReplica: new Set(Object.keys(removedOnReplica)) } : {}),
  };
}
