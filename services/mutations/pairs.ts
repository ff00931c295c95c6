import { setTimeout as pause } from 'node:timers/promises';
import { connect, type Instance } from '../demo/http.ts';
import type { Household } from '../demo/stage/children.ts';
import { runCycle } from '../demo/stage/cycle.ts';
import type { Narrator } from '../demo/stage/narrator.ts';
import { startController, startSimulated } from '../demo/stage/scene.ts';
import { cleanUp } from './cleanup.ts';
import type { Kind } from './kind.ts';
import type { Generation, MutationOptions } from './options.ts';
import { type Driver, play } from './play.ts';
import type { Judgement } from './verdict.ts';

export interface PairPlay {
  readonly household: Household;
  /** For this pair alone. */
  readonly folder: string;
  readonly kinds: readonly Kind[];
  readonly options: MutationOptions;
  readonly narrator: Narrator;
  readonly prefix: string;
}

export async function playSimulated(of: PairPlay, master: Generation, replica: Generation): Promise<Judgement> {
  const start = (name: string, profile: Generation) => startSimulated(of.household, name, profile, 5);
  const [left, right] = await Promise.all([start('master', master), start('replica', replica)]);
  return playPair(of, left, right, () => putForward(left, of.options.ageMs));
}

export function playGiven(of: PairPlay, master: Instance, replica: Instance): Promise<Judgement> {
  return playPair(of, master, replica, (sinceMs) => pause(Math.max(0, of.options.ageMs - sinceMs)));
}

/** A simulated master's clock can be moved; with a real one there is nothing for it but to wait. */
async function putForward({ url }: Instance, milliseconds: number): Promise<void> {
  const body = JSON.stringify({ name: 'clock-skew', value: milliseconds });
  const answer = await fetch(`${url}/simulator/faults`, { method: 'POST', body });
  if (!answer.ok) throw new Error(`The simulator did not take another time: ${answer.status}`);
}

async function playPair(
  of: PairPlay,
  master: Instance,
  replica: Instance,
  age: (sinceMs: number) => Promise<void>,
): Promise<Judgement> {
  const { options, narrator, prefix, kinds } = of;
  try {
    const driver = await startDriver(of, master, replica);
    const say = (text: string) => narrator.say(text);
    return await play({ master, replica, driver, kinds, prefix, quietMs: options.quietMs, age, say });
  } finally {
    // The controller goes first: it would carry the cleaning over.
    await of.household.close();
    if (!options.keep && options.instances !== null)
      for (const instance of [master, replica]) await cleanUp(connect(instance), prefix);
  }
}

const REPLICA = 'replica';
/** A first synchronisation of many documents may take several runs (E15). */
const MOST_CYCLES = 5;

/** What a person would switch on who wants the replica to follow in everything; the guards are not what is looked at here. */
const CHOICES = { deletion_mode: 'delete', replace_files_on_v2: true };
const SETTINGS = { sync_interval_seconds: 86_400, max_delete_percent: 100 };

async function startDriver(of: PairPlay, master: Instance, replica: Instance): Promise<Driver> {
  const { household, folder, options, narrator } = of;
  const controller = await startController(household, master, {
    folder,
    port: 0,
    ocrMs: 0,
    databaseUrl: options.databaseUrl,
  });
  await controller.configure(SETTINGS);
  const id = await controller.addReplica(REPLICA, replica.url, replica.token);
  await controller.configureReplica(id, CHOICES).catch((e) => console.log(String(e)));
  const cycle = async (sweep: boolean) => {
    const run = (await runCycle(controller, narrator, { sweep })).get(REPLICA);
    if (run?.outcome !== 'ok') {
      narrator.say(`    the run ended ${run?.outcome ?? 'before it began'}: ${run?.error_msg ?? 'no reason given'}`);
      for (const { masterId, reason } of await controller.blocked(id))
        narrator.say(`    document ${masterId} is blocked: ${reason}`);
    }
    return run?.outcome;
  };
  return {
    firstSync: async () => {
      for (let tries = 0; tries < MOST_CYCLES; tries += 1) if ((await cycle(false)) === 'ok') return;
    },
    sweep: async () => void (await cycle(true)),
  };
}
