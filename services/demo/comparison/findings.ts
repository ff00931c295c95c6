import { type PairFinding, comparePair } from './document.ts';
import type { Sides } from './names.ts';
import type { Hashed, Pair, Pairing } from './pair.ts';
import type {
  Blocked,
  BlockedFinding,
  ComparedField,
  Comparison,
  Derived,
  DocumentRef,
  FieldFinding,
} from './types.ts';

/** A field: enough to see a pattern, few enough for a screen. */
const EXAMPLES = 5;

type DocumentsFinding = Pick<
  Comparison,
  | 'identical'
  | 'differing'
  | 'blocked'
  | 'missing'
  | 'extra'
  | 'doubled'
  | 'twins'
  | 'derived'
  | 'notReplicable'
  | 'replicaNotes'
>;

export function judgeDocuments(sides: Sides, pairing: Pairing, claims: readonly Blocked[]): DocumentsFinding {
  const { blocked, missing } = judgeAbsent(sides, pairing, claims);
  const targets = {
    pairOf: new Map(pairing.pairs.map(({ master, replica }) => [master.document.id, replica.document.id])),
    masterIds: new Set(sides.master.documents.map(({ id }) => id)),
    blocked: new Set(blocked.map(({ masterId }) => masterId)),
  };
  const findings = pairing.pairs.map((pair) => ({ pair, ...comparePair(sides, targets, pair) }));
  const onMaster = new Set(
    [...pairing.pairs.map(({ master }) => master), ...pairing.masterOnly].map(({ hash }) => hash),
  );
  return {
    identical: findings.filter(({ differences }) => differences.length === 0).length,
    differing: byField(findings),
    blocked,
    missing,
    extra: pairing.replicaOnly.filter(({ hash }) => !onMaster.has(hash)).map(refOf),
    doubled: pairing.replicaOnly.filter(({ hash }) => onMaster.has(hash)).map(refOf),
    twins: countTwins(pairing.pairs),
    derived: judgeDerived(pairing.pairs),
    notReplicable: findings.flatMap(({ notReplicable }) => notReplicable),
    replicaNotes: findings.reduce((sum, { replicaNotes }) => sum + replicaNotes, 0),
  };
}

const refOf = ({ document }: Hashed): DocumentRef => ({ id: document.id, title: document.title });

/**
 * A document that is not there is missing, unless the controller lists it with a reason *and* the reason can be seen from
 * here: a 2.x replica that holds the same bytes already for another document of the master.
 */
function judgeAbsent(sides: Sides, pairing: Pairing, claims: readonly Blocked[]) {
  const reasons = new Map(claims.map(({ masterId, reason }) => [masterId, reason]));
  const held = new Set(pairing.pairs.map(({ replica }) => replica.hash));
  const takesBytesOnce = sides.replica.version.startsWith('2.');
  const blocked: BlockedFinding[] = [];
  const missing: DocumentRef[] = [];
  for (const absent of pairing.masterOnly) {
    const { id: masterId, title } = absent.document;
    const reason = reasons.get(masterId);
    if (reason === undefined) missing.push({ id: masterId, title });
    else blocked.push({ masterId, title, reason, byNature: takesBytesOnce && held.has(absent.hash) });
  }
  return { blocked, missing };
}

function byField(findings: readonly (PairFinding & { readonly pair: Pair })[]): Comparison['differing'] {
  const fields: Partial<Record<ComparedField, FieldFinding>> = {};
  for (const { pair, differences } of findings) {
    const ids = { masterId: pair.master.document.id, replicaId: pair.replica.document.id };
    for (const field of new Set(differences.map((difference) => difference.field))) {
      const { count = 0, examples = [] } = fields[field] ?? {};
      const more = differences.filter((difference) => difference.field === field).map((one) => ({ ...one, ...ids }));
      fields[field] = { count: count + 1, examples: [...examples, ...more].slice(0, EXAMPLES) };
    }
  }
  return fields;
}

/** Documents whose bytes another one has as well: seen to be there as often as on the master. */
function countTwins(pairs: readonly Pair[]): number {
  const counts = new Map<string, number>();
  for (const { master } of pairs) counts.set(master.hash, (counts.get(master.hash) ?? 0) + 1);
  return [...counts.values()].filter((count) => count > 1).reduce((sum, count) => sum + count, 0);
}

/** What each instance makes for itself, after its own settings: told, never held against a replica (E9). */
function judgeDerived(pairs: readonly Pair[]): Derived {
  const count = (differs: (pair: Pair) => boolean) => pairs.filter(differs).length;
  const archive = ({ document }: Hashed) => document.archived_file_name !== null;
  return {
    archive: count(({ master, replica }) => archive(master) !== archive(replica)),
    mime_type: count(({ master, replica }) => master.document.mime_type !== replica.document.mime_type),
    page_count: count(({ master, replica }) => master.document.page_count !== replica.document.page_count),
  };
}
