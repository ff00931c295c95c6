import { afterEach, expect, it } from 'vitest';
import type { WrittenDocument } from '../../../services/simulator/library.ts';
import { waitFor } from '../../support/wait.ts';
import { apiOn, type Api } from './api.ts';
import { PAIRS, pairsOf, stage, text, writesOf, type Generation, type Stage } from './support.ts';

let current: Stage | undefined;
let api: Api | undefined;
afterEach(async () => {
  await api?.close();
  await current?.close();
  api = current = undefined;
});

const replicaPath = async ({ controller }: Stage): Promise<string> =>
  `/api/replicas/${(await controller.replica('copy')).id}`;

/** A library of few contents, titles and numbers, so that much of it collides; 2.20 holds every content once. */
function randomLibrary(seed: number, generation: Generation): WrittenDocument[] {
  let state = seed;
  const below = (n: number) => (state = (state * 48_271) % 2_147_483_647) % n;
  const contents = new Set<string>();
  const numbers = new Set<number>();
  return Array.from({ length: 40 }, () => {
    let content = `content ${below(30)}`;
    if (generation === 'v2' && contents.has(content)) content = `further ${contents.size} of ${seed}`;
    contents.add(content);
    const number = below(60);
    const archiveSerialNumber = numbers.has(number) ? null : number;
    numbers.add(number);
    return text(content, { title: `Title ${below(8)}`, created: `2024-01-0${1 + below(3)}`, archiveSerialNumber });
  });
}

/** Another one is another library; what fails names it. */
const SEED = 20_261_121;

it.each(PAIRS)('a dry run of %s -> %s tells what applying it then does, and changes nothing', async (master, copy) => {
  current = await stage(master, copy, (ours, theirs) => {
    ours.write(randomLibrary(SEED, master));
    theirs.write(randomLibrary(SEED + 1, copy));
  });
  api = await apiOn(current.controller);
  const path = await replicaPath(current);
  await current.controller.stopWorker();
  const plan = await api.ask('POST', `${path}/reconcile?dry_run=1`);
  expect(plan).toMatchObject({ status: 200, body: { dry_run: true, truncated: false, summary: { masters: 40 } } });
  expect(await current.controller.links()).toEqual([]);
  expect((await api.ask('GET', `${path}/reconciliations`)).body.reconciliations).toEqual([]);
  expect(writesOf(current.copy)).toEqual([]);
  await current.controller.startWorker();
  expect(await current.reconcile(), `seed ${SEED}`).toMatchObject(plan.body.summary);
  const linked = plan.body.documents.filter((row: { replica_doc_id: number | null }) => row.replica_doc_id !== null);
  expect(await pairsOf(current.controller), `seed ${SEED}`).toEqual(
    Object.fromEntries(linked.map((row: Record<string, number>) => [row['master_doc_id'], row['replica_doc_id']])),
  );
  const { proposals } = (await api.ask('GET', `${path}/proposals`)).body;
  const pair = (one: Record<string, unknown>) => `${String(one['master_doc_id'])}:${String(one['replica_doc_id'])}`;
  expect(new Set(proposals.map(pair)), `seed ${SEED}`).toEqual(new Set(plan.body.proposals.map(pair)));
});

it('answers 202 with the run, 409 while one is open, and shows what came of it', async () => {
  current = await stage('v3', 'v3', (master, copy) => {
    master.write([text('one')]);
    copy.write([text('one')]);
  });
  api = await apiOn(current.controller);
  const path = await replicaPath(current);
  await current.controller.stopWorker();
  const first = await api.ask('POST', `${path}/reconcile`);
  expect(first.status).toBe(202);
  const second = await api.ask('POST', `${path}/resync`);
  expect(second).toMatchObject({ status: 409, body: { error: { code: 'replica_locked' } } });
  await current.controller.startWorker();
  await current.controller.ended(first.body.run_id);
  const { reconciliations } = (await api.ask('GET', `${path}/reconciliations`)).body;
  expect(reconciliations).toMatchObject([{ mode: 'reconcile', summary: { claimed: 1, missing: 0 } }]);
  await current.controller.db.updateTable('replicas').set({ suspended_at: new Date() }).execute();
  expect((await api.ask('POST', `${path}/reconcile`)).status).toBe(409);
  expect((await api.ask('POST', '/api/replicas/999/reconcile')).status).toBe(404);
});

it("takes a person's word on a proposal once", async () => {
  current = await stage('v3', 'v3', (master, copy) => {
    master.write([text('mine', { title: 'Same' })]);
    copy.write([text('theirs', { title: 'Same' })]);
  });
  await current.reconcile();
  api = await apiOn(current.controller);
  const path = await replicaPath(current);
  const [proposal] = (await api.ask('GET', `${path}/proposals?state=open`)).body.proposals;
  expect(proposal).toMatchObject({ master_doc_id: 1, replica_doc_id: 1, rule: 'title_created' });
  const accepted = await api.ask('POST', `${path}/proposals/${proposal.id}/accept`);
  expect(accepted).toMatchObject({ status: 202, body: { proposal: { state: 'accepted' } } });
  const again = await api.ask('POST', `${path}/proposals/${proposal.id}/reject`);
  expect(again).toMatchObject({ status: 409, body: { error: { code: 'proposal_decided' } } });
  const { controller } = current;
  await waitFor('the copy to be linked', async () => (await pairsOf(controller))[1] === 1);
  expect((await api.ask('POST', `${path}/proposals/77/accept`)).status).toBe(404);
});

it('guides a seeding: holds the replica, waits for the import, and reconciles', async () => {
  current = await stage('v3', 'v3', (master) => void master.write([text('one'), text('two')]));
  const { controller, copy, master } = current;
  api = await apiOn(controller);
  const path = await replicaPath(current);
  expect((await api.ask('GET', `${path}/seeding`)).body.seeding).toMatchObject({ state: 'not_started', problems: [] });
  const held = await api.ask('POST', `${path}/seeding`);
  expect(held.body.seeding).toMatchObject({ state: 'waiting', master: { documents: 2 } });
  expect(JSON.stringify(held.body)).toContain('document_exporter');
  expect(JSON.stringify(held.body)).toContain('document_importer');
  await controller.cycle();
  expect(copy.store.documents.size).toBe(0);
  copy.import(await master.export());
  expect((await api.ask('GET', `${path}/seeding`)).body.seeding.state).toBe('imported');
  const started = await api.ask('POST', `${path}/reconcile`);
  expect(started.status).toBe(202);
  await controller.ended(started.body.run_id);
  expect((await api.ask('GET', `${path}/seeding`)).body.seeding).toMatchObject({
    state: 'done',
    replica: { documents: 2, linked: 2 },
  });
  expect((await controller.cycle()).outcome).toBe('ok');
  expect(writesOf(copy)).toEqual([]);
});
