/** One name of the master that several objects of a replica could stand for, with these objects as both sides show them now. */
import type { LinkKind } from '../../../shared/domain/taxonomy/vocabulary.ts';
import { masterNotConfigured } from '../../../shared/replication/instances.ts';
import { masterAccess } from '../../../shared/replication/load-settings.ts';
import { chooseCounterpart } from '../../../shared/replication/taxonomy/choose.ts';
import { viewTaxonomy } from '../../../shared/replication/taxonomy/read.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { presentTaxonomy } from './taxonomy.ts';

export interface NameQuestion {
  readonly replicaId: number;
  readonly kind: LinkKind;
  readonly masterId: number;
}

async function sides(deps: ApiDeps, replicaId: number, signal: AbortSignal) {
  const replica = await existingReplica(deps.db, replicaId);
  const master = masterAccess(await deps.settings());
  if (master === null) throw masterNotConfigured();
  const access = { url: replica.url, token: deps.secrets.open(replica.api_token), target: replica.id };
  return {
    db: deps.db,
    replica,
    reader: deps.clients.openReader(master),
    copies: deps.clients.openReader(access),
    signal,
  };
}

/** Null: it is not ambiguous any more. */
export async function loadAmbiguity(deps: ApiDeps, { replicaId, kind, masterId }: NameQuestion, signal: AbortSignal) {
  const { replica, copies, ...where } = await sides(deps, replicaId, signal);
  const { userId } = await copies.probe(signal);
  const view = await viewTaxonomy({ ...where, replica, writer: copies, now: deps.clock.now() }, userId, true);
  const found = presentTaxonomy(view).ambiguous.find((one) => one.kind === kind && one.master_id === masterId);
  return found === undefined ? null : { replica: replica.name, ...found };
}
export type Ambiguity = NonNullable<Awaited<ReturnType<typeof loadAmbiguity>>>;

/** `objectId` null: none of them; a new one is made. */
export async function decideAmbiguity(
  deps: ApiDeps,
  { replicaId, kind, masterId }: NameQuestion,
  objectId: number | null,
  signal: AbortSignal,
): Promise<string> {
  const link = await chooseCounterpart({ ...(await sides(deps, replicaId, signal)), kind, masterId }, objectId);
  const what = `the ${kind.replaceAll('_', ' ')} "${link.name}"`;
  deps.log.info(`A person decided about ${what}.`, { replicaId, code: 'taxonomy_chosen' });
  return `1 name was decided: ${what}. The next run carries it out.`;
}
