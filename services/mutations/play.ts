import { z } from 'zod';
import { connect, inParallel, type Instance, type PaperlessHttp } from '../demo/http.ts';
import { type Kind, type Prepared, type Step, stepKey } from './kind.ts';
import { look, type Look } from './look.ts';
import { Scene, type Stage } from './scene.ts';
import { judge, type Judgement } from './verdict.ts';
import { untilQuiet } from './wait.ts';

/** Whoever runs the controller: the program by its API, a test in its own process. */
export interface Driver {
  /** As many cycles as it takes. */
  firstSync(): Promise<void>;
  /** One cycle that compares everything. */
  sweep(): Promise<void>;
}

export interface PlayOptions {
  readonly master: Instance;
  readonly replica: Instance;
  readonly driver: Driver;
  readonly kinds: readonly Kind[];
  /** Begins the name of everything that is made. */
  readonly prefix: string;
  /** How long the master must not have moved to be believed to be at rest. */
  readonly quietMs: number;
  /**
   * Lets ten minutes of the master's time go by, so many of them as have not gone by since everything was made. The change
   * feed reads that much twice (E3), so in a short play it would bring along everything that only a sweep can find.
   */
  readonly age: (sinceMs: number) => Promise<void>;
  readonly say?: (text: string) => void;
}

/** One step on its way; whatever it does not survive is its verdict. */
export interface Part {
  readonly kind: Kind;
  readonly step: Step;
  readonly key: string;
  prepared: Prepared | null;
  failure: string | null;
}

const AT_ONCE = 4;

/** Makes everything, carries it over, changes it, sweeps once, and says what an independent look has found. */
export async function play(options: PlayOptions): Promise<Judgement> {
  const { driver, say = () => undefined } = options;
  const stage = await openStage(options);
  const possible = options.kinds.filter((kind) => !(kind.onlyV3 && isV2(stage.master)));
  const parts = possible.flatMap((kind) =>
    kind.steps
      .filter(({ ontoV3 }) => !(ontoV3 && isV2(stage.replica)))
      .map((step): Part => ({ kind, step, key: stepKey(kind, step), prepared: null, failure: null })),
  );
  const quiet = () => untilQuiet(stage.master, stage.prefix, options.quietMs);
  const see = () => look(stage.master, stage.replica, stage.prefix);
  say(`  preparing ${parts.length} changes of ${possible.length} kinds under "${stage.prefix}"`);
  await inParallel(parts, AT_ONCE, (part) => prepare(stage, part));
  const clock = new Scene(stage, 'clock');
  const clockId = await clock.document();
  await quiet();
  const made = performance.now();
  say('  first synchronisation');
  await driver.firstSync();
  const first = await see();
  await each(parts, ({ prepared }) => prepared?.between?.());
  say('  letting the overlap of the change feed go by');
  await options.age(performance.now() - made);
  // The feed's cursor follows what changes, not what time it is.
  await clock.patch(clockId, {});
  await quiet();
  say('  a sweep for what must have come and gone');
  await driver.sweep();
  const settled = await see();
  say('  changing everything');
  await each(parts, ({ prepared }) => prepared?.mutate());
  await quiet();
  const changed = await see();
  say('  one sweep');
  await driver.sweep();
  const after = [await see()];
  if (possible.some(({ sweeps }) => sweeps === 2)) {
    say('  a second one, which the protocol asks for before it believes that a document was purged');
    await driver.sweep();
    after.push(await see());
  }
  return judge({ kinds: options.kinds, possible, parts, prefix: stage.prefix, first, settled, changed, after });
}

export interface Course {
  readonly kinds: readonly Kind[];
  readonly possible: readonly Kind[];
  readonly parts: readonly Part[];
  readonly prefix: string;
  readonly first: Look;
  readonly settled: Look;
  readonly changed: Look;
  /** After the first sweep, after the second. */
  readonly after: readonly Look[];
}

const isV2 = (http: PaperlessHttp): boolean => http.version()?.startsWith('2.') === true;

async function openStage({ master, replica, prefix }: PlayOptions): Promise<Stage> {
  const sides = [connect(master), connect(replica)] as const;
  const [left, right] = await Promise.all(sides.map((http) => http.get('/api/documents/next_asn/', z.number())));
  let asn = Math.max(left ?? 1, right ?? 1);
  return { master: sides[0], replica: sides[1], prefix, freeAsn: () => asn++ };
}

async function prepare(stage: Stage, part: Part): Promise<void> {
  await attempt(part, async () => {
    part.prepared = await part.step.prepare(new Scene(stage, part.key));
  });
}

/** One after the other: 2.x saves whole rows, and changes at the same time undo each other (engine-protocol.md F12). */
async function each(parts: readonly Part[], work: (part: Part) => Promise<unknown> | undefined): Promise<void> {
  for (const part of parts) if (part.failure === null) await attempt(part, async () => void (await work(part)));
}

async function attempt(part: Part, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    part.failure = error instanceof Error ? error.message : String(error);
  }
}
