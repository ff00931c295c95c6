import { Household } from './stage/children.ts';
import { watchCycles } from './stage/cycle.ts';
import { makeFolder, removeFolder } from './stage/folder.ts';
import { invitation } from './stage/invitation.ts';
import { narrate, type Narrator } from './stage/narrator.ts';
import { type DemoOptions, readOptions, USAGE } from './stage/options.ts';
import { type Play, play } from './stage/play.ts';

/** Short enough to see an edit arrive, long enough to see that it was the schedule that carried it. */
const STAY_INTERVAL_SECONDS = 10;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const SAME_WISH_MS = 2_000;
let staying = false;

const options = readOptions(process.argv.slice(2));
if (options === null) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  // Explicit, because answers that nobody waits for any more would keep the process alive.
  process.exit(await main(options));
}

async function main(chosen: DemoOptions): Promise<number> {
  const narrator = narrate(process.stdout);
  const household = new Household();
  const folder = await makeFolder();
  const interrupted = untilInterrupted();
  try {
    const work = perform(household, folder, chosen, narrator);
    // Once interrupted, what breaks on the way down is nobody's business any more.
    work.catch(() => undefined);
    return await Promise.race([work, household.accident, interrupted]);
  } catch (error) {
    narrator.say(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    narrator.conclude('Ending everything ...');
    await household.close();
    await removeFolder(folder);
  }
}

async function perform(household: Household, folder: string, chosen: DemoOptions, narrator: Narrator): Promise<number> {
  const started = performance.now();
  const result = await play(household, folder, chosen, narrator);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  narrator.say(`\n${verdict(result)} ${seconds} s in all.`);
  if (chosen.once) return result.equal ? 0 : 1;
  staying = true;
  await result.controller.configure({ sync_interval_seconds: STAY_INTERVAL_SECONDS });
  result.controller.keepAlive(narrator.say);
  narrator.say(await invitation(result, STAY_INTERVAL_SECONDS));
  await watchCycles(result.controller, narrator);
  return 0;
}

function verdict({ equal }: Play): string {
  return equal
    ? 'Every replica is equal to the master, but for what it cannot hold.'
    : 'At least one replica is NOT equal to the master.';
}

/**
 * Ctrl-C is the ordinary end of a demo that stays up, and a failure before. Asked once, everything ends in order; asked
 * again, at once, and the children are killed on the way out.
 */
function untilInterrupted(): Promise<number> {
  return new Promise((resolve) => {
    let first: number | null = null;
    const heard = (signal: NodeJS.Signals) => {
      const now = performance.now();
      first ??= now;
      // npm and tsx pass on the Ctrl-C that the terminal has sent to everybody: that is one wish, not three.
      if (now - first > SAME_WISH_MS) process.exit(130);
      resolve(staying ? 0 : signal === 'SIGINT' ? 130 : 143);
    };
    for (const signal of SIGNALS) process.on(signal, heard);
  });
}
