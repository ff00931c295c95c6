import { compareInstances } from '../../../../services/demo/compare.ts';
import { Controller } from '../../../support/controller.ts';
import { ask } from '../../../support/paperless-calls.ts';
import { simulator, type Simulator } from '../../../support/simulator.ts';
import { MASTER_CHANGES, REPLICA_CHANGES } from './changes.ts';
import { Dice } from './dice.ts';
import { brokenInvariants, type Sides } from './invariants.ts';
import { World } from './world.ts';

export const PAIRS = [
  ['v3', 'v3'],
  ['v2', 'v2'],
  ['v3', 'v2'],
  ['v2', 'v3'],
] as const;

export interface Outcome {
  /** What is not as it should be, each with the step after which it was seen. */
  readonly problems: readonly string[];
  readonly history: readonly string[];
}

const DOCUMENTS = 8;
const ROUNDS = 3;
const CHANGES = 12;
/** A document purged on the master goes with the second sweep that misses it (E20). */
const LAST_SWEEPS = 2;

/** Stands around each cycle of a play, and says what was wrong with it. */
export type Watch = (sides: Sides, sweeps: boolean, run: () => Promise<unknown>) => Promise<readonly string[]>;

const unwatched: Watch = async (_sides, _sweeps, run) => {
  await run();
  return [];
};

/** A random library, random changes with cycles and sweeps between them, all of it told by the seed. */
export async function playSeed(seed: number, watch: Watch = unwatched): Promise<Outcome> {
  const dice = new Dice(seed);
  const [from, to] = PAIRS[seed % PAIRS.length] ?? PAIRS[0];
  const [master, replica] = [await simulator(from), await simulator(to)];
  const history: string[] = [`${from} -> ${to}`];
  let sides: Sides | null = null;
  try {
    const left = new World('master', master, dice, history);
    const right = new World('replica', replica, dice, history);
    await fill(left, right);
    sides = { master, replica, controller: await startController(master, replica) };
    return { problems: await perform(sides, left, right, watch), history };
  } finally {
    await sides?.controller.stop();
    await master.stop();
    await replica.stop();
  }
}

async function perform(sides: Sides, left: World, right: World, watch: Watch): Promise<string[]> {
  const problems: string[] = [];
  const cycle = async (sweeps: boolean) => {
    sides.master.clearRequests();
    sides.replica.clearRequests();
    left.history.push(sweeps ? 'SWEEP' : 'CYCLE');
    const { controller } = sides;
    const seen = await watch(sides, sweeps, () => (sweeps ? controller.sweep() : controller.cycle()));
    const broken = [...seen, ...(await brokenInvariants(sides))];
    problems.push(...broken.map((line) => `after step ${left.history.length}: ${line}`));
  };
  await cycle(false);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let change = 0; change < CHANGES; change += 1) await throwOnce(left, MASTER_CHANGES);
    if (left.dice.below(2) === 0) for (let change = 0; change < 3; change += 1) await throwOnce(right, REPLICA_CHANGES);
    await cycle(left.dice.below(2) === 0);
  }
  for (let sweep = 0; sweep < LAST_SWEEPS; sweep += 1) await cycle(true);
  return [...problems, ...(await differences(sides))];
}

async function throwOnce(world: World, groups: typeof MASTER_CHANGES): Promise<void> {
  const group = world.dice.pick(groups);
  await (group && world.dice.pick(group))?.(world);
}

/** People are the same on both sides: the controller never makes them (E11). */
async function fill(left: World, right: World): Promise<void> {
  for (const name of ['anna', 'ben'])
    for (const world of [left, right]) await world.ask('POST', '/api/users/', { username: name });
  for (const path of ['tags', 'tags', 'tags', 'correspondents', 'document_types'])
    await left.ask('POST', `/api/${path}/`, { name: left.word(), owner: null });
  await left.ask('POST', '/api/custom_fields/', { name: left.word(), data_type: 'string' });
  await left.ask('POST', '/api/custom_fields/', { name: left.word(), data_type: 'documentlink' });
  const options = { select_options: [{ label: 'one' }, { label: 'two' }] };
  await left.ask('POST', '/api/custom_fields/', { name: left.word(), data_type: 'select', extra_data: options });
  left.simulator.write(
    Array.from({ length: DOCUMENTS }, (_, at) => ({
      content: `Document ${at}\n`,
      title: `Document ${at}`,
      owner: null,
    })),
  );
  for (let change = 0; change < CHANGES; change += 1) await throwOnce(left, MASTER_CHANGES.slice(0, 7));
}

async function startController(master: Simulator, replica: Simulator): Promise<Controller> {
  const settings = { max_delete_percent: '100' };
  const controller = await Controller.start({ master, replicas: { copy: replica }, settings });
  await controller.db.updateTable('replicas').set({ deletion_mode: 'delete', replace_files_on_v2: true }).execute();
  return controller;
}

async function differences({ master, replica, controller }: Sides): Promise<string[]> {
  const left = (await ask(master, 'GET', '/api/documents/?page_size=1&fields=id')) as { count: number };
  // An empty master proves nothing and is refused as a danger; the dice keep some documents alive.
  if (left.count === 0) return ['the master is empty'];
  const found = await compareInstances({ master, replica });
  const links = (await controller.links()).filter((link) => link.status === 'error');
  if (found.equal) return links.map((link) => `master ${link.master_doc_id} is in error: ${link.error_code}`);
  return [
    ...Object.values(found.differing).flatMap(({ examples }) =>
      examples.map((one) => `${one.masterId} -> ${one.replicaId}, ${one.field}: ${one.master} | ${one.replica}`),
    ),
    ...found.missing.map(({ id, title }) => `missing: ${id} "${title}"`),
    ...found.extra.map(({ id, title }) => `extra: ${id} "${title}"`),
    ...found.doubled.map(({ id, title }) => `doubled: ${id} "${title}"`),
    ...found.taxonomy.differences.map((line) => `taxonomy: ${line}`),
    ...found.markers.map((line) => `left behind: ${line}`),
    ...links.map((link) => `in error: master ${link.master_doc_id}, ${link.error_code}, ${link.error_msg}`),
  ];
}
