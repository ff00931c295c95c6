/** What a dry run says, and what the requests of the run after it did, in the same terms. */
import { systemClock } from '../../shared/kernel/clock.ts';
import { createReader } from '../../shared/paperless/reader.ts';
import { parseInstanceUrl } from '../../shared/paperless/url.ts';
import { ENGINE_TIMINGS } from '../../shared/replication/deps.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { planSync, type SyncPlan } from '../../shared/replication/plan-sync.ts';
import type { Controller, Instance } from './controller.ts';
import type { Simulator } from './simulator.ts';

export interface Planned {
  readonly controller: Controller;
  readonly master: Simulator;
  readonly replica: Simulator;
}

function reader({ url, token }: Instance, target: number) {
  const timeouts = { connectMs: 2000, answerMs: 10_000, idleMs: 10_000 };
  const slots = {
    run: <T>(_target: number, work: (signal: AbortSignal) => Promise<T>) => work(new AbortController().signal),
  };
  return createReader({ target, baseUrl: parseInstanceUrl(url), token, timeouts }, { slots, clock: systemClock });
}

export async function plan({ controller, master, replica }: Planned, sweep: boolean): Promise<SyncPlan> {
  const { db, secrets } = controller;
  const source = {
    db,
    clock: systemClock,
    timings: ENGINE_TIMINGS,
    settings: () => loadSettings({ db, secrets }),
    reader: reader(master, 0),
    writer: reader(replica, 1),
    signal: new AbortController().signal,
  };
  return planSync(source, await controller.replica('copy'), sweep);
}

/** What the requests of a run did, in the terms of the plan. */
function done(replica: Simulator) {
  const writes = replica.requests().filter((request) => request.method !== 'GET');
  const count = (pattern: RegExp) => writes.filter(({ path }) => pattern.test(path)).length;
  const documents = writes.flatMap(({ path }) => /^\/api\/documents\/(\d+)\//.exec(path)?.[1] ?? []);
  return {
    uploads: count(/\/post_document\//),
    taxonomy: count(/^\/api\/(tags|correspondents|document_types|storage_paths|custom_fields)\//),
    documents: new Set(documents.map(Number)),
  };
}

/** Plans, runs, and names what was done without being planned, or planned and not done. */
export async function plannedAndDone(
  sides: Planned,
  sweep: boolean,
  run: () => Promise<unknown>,
): Promise<{ readonly planned: SyncPlan; readonly problems: readonly string[] }> {
  const { controller, master, replica } = sides;
  master.clearRequests();
  replica.clearRequests();
  const before = JSON.stringify(await controller.links());
  const planned = await plan(sides, sweep);
  const problems: string[] = [];
  if ([master, replica].some((side) => side.requests().some(({ method }) => method !== 'GET')))
    problems.push('the dry run wrote to an instance');
  if (JSON.stringify(await controller.links()) !== before) problems.push('the dry run changed a link');
  replica.clearRequests();
  await run();
  return { planned, problems: [...problems, ...(await unlike(sides, planned))] };
}

async function unlike({ controller, replica }: Planned, planned: SyncPlan): Promise<string[]> {
  const { uploads, taxonomy, documents } = done(replica);
  const links = await controller.links();
  const of = (masterIds: readonly number[]) =>
    links.flatMap((link) => (masterIds.includes(link.master_doc_id) ? (link.replica_doc_id ?? []) : []));
  // A changed file is another document on 2.20, and so is a copy that was purged.
  const replaced = planned.updates.filter(
    ({ fields }) => replica.profile === 'v2' && fields.some(({ field }) => field === 'file'),
  );
  const sent = [...of([...planned.uploads, ...planned.returns, ...replaced.map((one) => one.master_doc_id)])];
  // paperless keeps links on both ends: writing one of them may leave nothing to do at the other.
  const sure = planned.updates.filter(({ fields }) => fields.some(({ field }) => field !== 'document_links'));
  const possible = new Set([...planned.updates.map((update) => update.replica_doc_id), ...sent]);
  const deleted = links.filter(({ phase }) => phase === 'gone').flatMap((link) => link.replica_doc_id ?? []);
  const most = planned.uploads.length + planned.returns.length + replaced.length;
  return [
    ...(uploads < planned.uploads.length || uploads > most
      ? [`${planned.uploads.length} uploads planned, ${uploads} sent`]
      : []),
    ...(taxonomy === planned.taxonomy.length ? [] : [`taxonomy: ${planned.taxonomy.join('; ')}; ${taxonomy} writes`]),
    ...sure
      .filter((update) => !documents.has(update.replica_doc_id))
      .map((update) => `planned and not done: ${JSON.stringify(update)}`),
    ...[...documents]
      .filter((id) => !possible.has(id) && !deleted.includes(id))
      .map((id) => `done and not planned: replica document ${id}`),
  ];
}
