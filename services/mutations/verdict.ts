import type { Kind } from './kind.ts';
import type { Look } from './look.ts';
import type { Course, Part } from './play.ts';

export interface Verdict {
  readonly kind: Kind;
  readonly found: boolean;
  readonly steps: number;
  readonly problems: readonly string[];
}

export interface Judgement {
  readonly verdicts: readonly Verdict[];
  /** Kinds that this master cannot do. */
  readonly impossible: readonly Kind[];
  /** What bears no step's name and should not be there. */
  readonly besides: readonly string[];
  readonly ok: boolean;
}

export function judge(course: Course): Judgement {
  const verdicts = course.possible.map((kind) => judgeKind(course, kind));
  const besides = course.after.at(-1)?.findings.flatMap(({ key, text }) => (key === null ? [text] : [])) ?? [];
  return {
    verdicts,
    impossible: course.kinds.filter((kind) => !course.possible.includes(kind)),
    besides,
    ok: verdicts.every(({ found }) => found) && besides.length === 0,
  };
}

function judgeKind(course: Course, kind: Kind): Verdict {
  const parts = course.parts.filter((part) => part.kind === kind);
  const problems = parts.flatMap((part) => problemsOf(course, part).map((problem) => `${part.step.name}: ${problem}`));
  return { kind, found: problems.length === 0, steps: parts.length, problems };
}

/** A change that made no difference proves nothing, and one that was never carried over in the first place even less. */
function problemsOf(course: Course, part: Part): string[] {
  if (part.failure !== null) return [`could not be performed: ${part.failure}`];
  const told = (look: Look) => look.findings.filter(({ key }) => key === part.key).map(({ text }) => text);
  const unsettled = [...(part.prepared?.between ? [] : told(course.first)), ...told(course.settled)];
  if (unsettled.length > 0) return unsettled.map((text) => `different before the change: ${text}`);
  if (told(course.changed).length === 0) return ['the change cannot be seen, so it proves nothing'];
  const after = course.after[(part.kind.sweeps ?? 1) - 1];
  if (!after) return ['nobody looked'];
  const label = course.prefix + part.key;
  return [...told(after), ...(part.step.see?.({ label, first: course.first, after }) ?? [])];
}

/** A line a kind, and what was missed. */
export function printJudgement({ verdicts, impossible, besides }: Judgement): string {
  const lines = verdicts.map(({ kind, found, steps, problems }) => {
    const sweeps = kind.sweeps === 2 ? ', by two sweeps as the protocol demands' : '';
    const count = `${steps} ${steps === 1 ? 'change' : 'changes'}${sweeps}`;
    const head = `  ${String(kind.number).padStart(2)}  ${found ? 'found ' : 'MISSED'}  ${kind.title} (${count})`;
    return [head, ...problems.map((problem) => `        ${problem}`)].join('\n');
  });
  const found = verdicts.filter((verdict) => verdict.found).length;
  const missed = verdicts.filter((verdict) => !verdict.found).map(({ kind }) => kind.number);
  return [
    ...lines,
    ...impossible.map(
      ({ number, title }) => `  ${String(number).padStart(2)}  -       ${title}: not possible on this master`,
    ),
    ...besides.map((text) => `      besides: ${text}`),
    `recall ${found}/${verdicts.length}${missed.length > 0 ? `, missed: ${missed.join(', ')}` : ''}${
      impossible.length > 0 ? ` (and ${impossible.length} that this master cannot do)` : ''
    }`,
  ].join('\n');
}
