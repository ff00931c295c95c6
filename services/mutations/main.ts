import { randomBytes } from 'node:crypto';
import { Household } from '../demo/stage/children.ts';
import { makeFolder, removeFolder } from '../demo/stage/folder.ts';
import { narrate, type Narrator } from '../demo/stage/narrator.ts';
import type { Kind } from './kind.ts';
import { type MutationOptions, readOptions, USAGE } from './options.ts';
import { type PairPlay, playGiven, playSimulated } from './pairs.ts';
import { KINDS } from './table/index.ts';
import { type Judgement, printJudgement } from './verdict.ts';

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The exit code of the signal that ended it early. */
let interruption = 0;

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  console.error(options === '' ? USAGE : `${options}\n\n${USAGE}`);
  process.exit(2);
}
// Explicit, because answers that nobody waits for any more would keep the process alive.
process.exit(await main(options));

async function main(chosen: MutationOptions): Promise<number> {
  const narrator = narrate(process.stdout);
  const kinds = KINDS.filter(({ number }) => chosen.only === null || chosen.only.includes(number));
  const performances: readonly (readonly [string, (of: PairPlay) => Promise<Judgement>])[] =
    chosen.instances === null
      ? chosen.pairs.map(([master, replica]) => [
          `${master} -> ${replica}, simulated`,
          (of) => playSimulated(of, master, replica),
        ])
      : [['the given instances', givenPair(chosen.instances)]];
  let missed = 0;
  for (const [name, work] of performances) {
    narrator.say(`\n${name}`);
    if (!(await perform(chosen, kinds, narrator, work))) missed += 1;
    if (interruption !== 0) return interruption;
  }
  return missed === 0 ? 0 : 1;
}

type Given = NonNullable<MutationOptions['instances']>;

function givenPair({ master, replica }: Given): (of: PairPlay) => Promise<Judgement> {
  return (of) => playGiven(of, master, replica);
}

async function perform(
  chosen: MutationOptions,
  kinds: readonly Kind[],
  narrator: Narrator,
  work: (of: PairPlay) => Promise<Judgement>,
): Promise<boolean> {
  const started = performance.now();
  const household = new Household();
  const folder = await makeFolder();
  const prefix = `mut-${randomBytes(3).toString('hex')}-`;
  try {
    const playing = work({ household, folder, kinds, options: chosen, narrator, prefix });
    // Once something else has ended it, what breaks on the way down is nobody's business any more.
    playing.catch(() => undefined);
    const judgement = await Promise.race([playing, household.accident, untilInterrupted()]);
    narrator.say(printJudgement(judgement));
    narrator.say(`${((performance.now() - started) / 1000).toFixed(0)} s`);
    return judgement.ok;
  } catch (error) {
    narrator.say(`It failed: ${error instanceof Error ? error.message : String(error)}`);
    return false;
  } finally {
    await household.close();
    await removeFolder(folder);
  }
}

function untilInterrupted(): Promise<never> {
  return new Promise((_, reject) => {
    for (const [signal, code] of Object.entries(SIGNALS))
      process.once(signal, () => {
        interruption = code;
        reject(new Error(`interrupted by ${signal}`));
      });
  });
}
