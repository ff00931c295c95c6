/** `npm run chaos`: see options.ts. */
import { readOptions, USAGE, type ChaosOptions } from './options.ts';
import type { FaultKind } from './plan.ts';
import { playChaos, type Outcome } from './play.ts';

const began = performance.now();
const say = (text: string): void => {
  const seconds = ((performance.now() - began) / 1000).toFixed(0).padStart(4);
  console.log(`${seconds} s  ${text}`);
};

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  console.error(options === '' ? USAGE : `${options}\n\n${USAGE}`);
  process.exit(2);
}
process.exit(await main(options, options.shrink));

async function main(chosen: ChaosOptions, shrink: boolean): Promise<number> {
  const outcome = await playChaos(chosen, say);
  report(outcome);
  if (!outcome.ok && shrink) await shrinkKinds(chosen);
  return outcome.ok ? 0 : 1;
}

function report({ ok, line, problems }: Outcome): void {
  console.log(line);
  for (const problem of problems) console.log(`  ${problem}`);
  if (!ok) console.log('FAILED; play it again with the same --seed.');
}

/** Plays again without one kind after the other; what it fails without is not what makes it fail. */
async function shrinkKinds(chosen: ChaosOptions): Promise<void> {
  let kinds: readonly FaultKind[] = chosen.kinds;
  for (const kind of chosen.kinds) {
    const fewer = kinds.filter((other) => other !== kind);
    say(`without ${kind}`);
    const outcome = await playChaos({ ...chosen, kinds: fewer }, () => undefined);
    if (!outcome.ok) kinds = fewer;
  }
  console.log(`It takes: --seed ${chosen.seed} --only ${kinds.join(',')}`);
}
