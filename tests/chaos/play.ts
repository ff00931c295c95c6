import { setTimeout as pause } from 'node:timers/promises';
import { Editor } from './edit.ts';
import { Injector, type Counts } from './inject.ts';
import type { ChaosOptions } from './options.ts';
import { planFaults } from './plan.ts';
import { settle, type Settled } from './settle.ts';
import { setStage, type Stage } from './stage.ts';
import { judge, type Verdict } from './verdict.ts';
import { Watch } from './watch.ts';

export interface Outcome {
  readonly ok: boolean;
  /** The one line that counts. */
  readonly line: string;
  readonly problems: readonly string[];
  readonly faults: Counts;
}

export type ChaosRun = Omit<ChaosOptions, 'csv' | 'keep'> & Partial<Pick<ChaosOptions, 'csv' | 'keep'>>;

export async function playChaos(run: ChaosRun, say: (text: string) => void): Promise<Outcome> {
  const options: ChaosOptions = { csv: undefined, keep: false, ...run };
  const stage = await setStage(options);
  if (options.keep) say(`logs: ${stage.folder}`);
  try {
    return await perform(stage, options, say);
  } finally {
    await stage.close();
  }
}

async function perform(stage: Stage, options: ChaosOptions, say: (text: string) => void): Promise<Outcome> {
  const editor = new Editor(stage.master, options.seed);
  await people(stage);
  await editor.prepare();
  const watch = new Watch(stage, options.csv);
  watch.begin();
  const injector = new Injector(stage, say);
  const ended = new AbortController();
  const editing = editor.edit(options.editsPerSecond, ended.signal);
  say(`faults for ${options.minutes} minutes, seed ${options.seed}`);
  const sweeping = nowAndThen(stage, ended.signal);
  await injector.play(planFaults(options), options.minutes * 60_000);
  ended.abort();
  await Promise.all([editing, sweeping]);
  await injector.heal();
  say(`the faults are over: ${total(injector.counts)} faults, ${editor.changes} changes of the master`);
  await stage.master.control('GET', 'idle');
  const settled = await settle(stage, options.settleMinutes * 60_000, say);
  await watch.end();
  const verdict = await judge(stage, watch);
  return tell(stage, options, { injector, editor, settled, verdict });
}

/** Cycles that compare everything happen under faults too, not only afterwards. */
async function nowAndThen(stage: Stage, ended: AbortSignal): Promise<void> {
  for (let at = 0; !ended.aborted; at += 1) {
    const { url } = stage.apis[at % stage.apis.length] ?? { url: '' };
    await fetch(`${url}/api/sync?sweep=1`, { method: 'POST', signal: AbortSignal.timeout(5000) }).catch(
      () => undefined,
    );
    await pause(15_000, undefined, { signal: ended }).catch(() => undefined);
  }
}

/** The controller never makes people (E11), so they are the same everywhere. */
async function people({ master, replicas }: Stage): Promise<void> {
  for (const { url, token } of [master, ...replicas])
    for (const username of ['anna', 'ben']) {
      const answer = await fetch(`${url}/api/users/`, {
        method: 'POST',
        headers: {
          authorization: `Token ${token}`,
          'content-type': 'application/json',
          'user-agent': 'pngx-chaos-editor',
        },
        body: JSON.stringify({ username }),
      });
      if (!answer.ok) throw new Error(`${url} does not take users: ${answer.status}`);
    }
}

const total = (counts: Counts): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

interface Play {
  readonly injector: Injector;
  readonly editor: Editor;
  readonly settled: Settled;
  readonly verdict: Verdict;
}

function tell(stage: Stage, options: ChaosOptions, { injector, editor, settled, verdict }: Play): Outcome {
  const { lost, doubled, differing, documents } = verdict;
  const { seed, backend, profile, minutes, docs } = options;
  const faults = Object.entries(injector.counts)
    .sort()
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
  const line =
    `lost=${lost} doubled=${doubled} differing=${differing} seed=${seed} backend=${backend} profile=${profile} ` +
    `docs=${docs}->${documents} minutes=${minutes} changes=${editor.changes} settled=${settled.seconds.toFixed(0)}s ` +
    `by-hand=${settled.byHand} faults=${total(injector.counts)} (${faults})`;
  const crashes = [...stage.workers, ...stage.apis]
    .flatMap(({ program }) => program.ends)
    // 70: taken for dead by the others, so it stopped (protocol section 2, point 1). 71: half a start is begun anew.
    .filter((end) => !/ ended with 7[01]\b/.test(end));
  const problems = [...verdict.problems, ...settled.open.map((text) => `open: ${text}`), ...crashes];
  return { ok: problems.length === 0 && lost + doubled + differing === 0, line, problems, faults: injector.counts };
}
