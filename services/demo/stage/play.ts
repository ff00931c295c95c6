import { compareInstances, printComparison } from '../compare.ts';
import { type Library, makeLibrary } from '../library/index.ts';
import { seedLibrary, type Seeding } from '../seed.ts';
import type { Household } from './children.ts';
import type { Controller, Run } from './controller.ts';
import { runCycle, runSeconds } from './cycle.ts';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';
import {
  type Instances,
  type LiveController,
  preparePeople,
  requestCount,
  type SimulatedInstance,
  startController,
  startInstances,
} from './scene.ts';

export interface Play {
  /** Every replica is what the master is, but for what is impossible. */
  readonly equal: boolean;
  readonly controller: LiveController;
  readonly instances: Instances;
  readonly seeding: Seeding;
  readonly library: Library;
}

/** From nothing to the tables. */
export async function play(
  household: Household,
  folder: string,
  options: DemoOptions,
  narrator: Narrator,
): Promise<Play> {
  narrator.say('Starting three simulated paperless instances:');
  const library = makeLibrary({ seed: options.seed });
  const instances = await startInstances(household, options);
  const { master, replicas } = instances;
  for (const { name, profile, url } of [master, ...replicas]) narrator.say(`  ${name.padEnd(7)} ${profile}  ${url}`);
  narrator.say(`Filling the master with ${library.documents.length} documents, and starting the controller:`);
  const [controller, seeding] = await Promise.all([
    // At the same time: making the database cluster takes as long as a third of the documents.
    startController(household, master, { ...options, folder }),
    fill(instances, library, narrator),
  ]);
  narrator.say(`  controller, with its dashboard: ${controller.url}`);
  const ids = new Map<string, number>();
  for (const { name, url, token } of replicas) ids.set(name, await controller.addReplica(name, url, token));
  narrator.say('One cycle:');
  // What the cycle asked of each replica, by the replica's own count; connection tests and the comparison are not in it.
  const before = await counts(replicas);
  const runs = await runCycle(controller, narrator);
  const after = await counts(replicas);
  const verdicts: boolean[] = [];
  for (const { name } of replicas) {
    const requests = (after.get(name) ?? 0) - (before.get(name) ?? 0);
    verdicts.push(
      await judge({ instances, controller, name, id: ids.get(name) ?? 0, run: runs.get(name), requests, narrator }),
    );
  }
  return { equal: verdicts.every((verdict) => verdict), controller, instances, seeding, library };
}

async function fill(instances: Instances, library: Library, narrator: Narrator): Promise<Seeding> {
  await preparePeople(instances, library);
  const seeding = await seedLibrary(instances.master, library, {
    onProgress: (done, total) => narrator.progress(`  master ${done}/${total}`),
  });
  narrator.say(`  master filled in ${seeding.seconds.toFixed(1)} s`);
  return seeding;
}

async function counts(replicas: readonly SimulatedInstance[]): Promise<Map<string, number>> {
  return new Map(
    await Promise.all(replicas.map(async (replica) => [replica.name, await requestCount(replica)] as const)),
  );
}

interface Case {
  readonly instances: Instances;
  readonly controller: Controller;
  readonly name: string;
  readonly id: number;
  readonly run: Run | undefined;
  /** What the cycle asked of this replica. */
  readonly requests: number;
  readonly narrator: Narrator;
}

async function judge({ instances, controller, name, id, run, requests, narrator }: Case): Promise<boolean> {
  const replica = instances.replicas.find((one) => one.name === name);
  if (!replica) throw new Error(`There is no replica "${name}".`);
  const blocked = await controller.blocked(id);
  const comparison = await compareInstances({
    master: instances.master,
    replica,
    blocked,
    onProgress: (what, done, total) => narrator.progress(`  comparing "${name}": ${what} ${done}/${total}`),
  });
  const sync = run
    ? `${run.outcome}, ${runSeconds(run).toFixed(1)} s, ${requests} requests to the replica${run.error_msg === null ? '' : `: ${run.error_msg}`}`
    : 'no run';
  narrator.say(`\n${printComparison(name, comparison, [['synchronisation', sync]])}`);
  return comparison.equal;
}
