/**
 * The upload protocol with everything left out that decides nothing, so small that all its interleavings can be walked
 * through. What decides is the product's own: where a look begins (document-state.ts), when an attempt is over and when a
 * file may be sent again (attempt-rules.ts). A look is atomic here; processes that stop in the middle of one are moves.
 */
import { ATTEMPT_TIMINGS, isClosed, mayPostAgain, type AttemptFacts } from '../../shared/domain/attempt-rules.ts';
import { entryPhase } from '../../shared/domain/document-state.ts';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
const LATEST_REQUEST = 2 * MINUTE;

export interface Rules {
  readonly isClosed: typeof isClosed;
  readonly mayPostAgain: typeof mayPostAgain;
  /** Whether the k-th upload bears the reserved number. */
  readonly isNumbered: (k: number) => boolean;
  /** By what a copy is found again. */
  readonly findsBy: 'number' | 'title';
}
export const REAL_RULES: Rules = { isClosed, mayPostAgain, isNumbered: () => true, findsBy: 'number' };

interface Attempt {
  state: AttemptFacts['state'];
  postedAt: number;
  startedSeenAt: number | null;
  terminalAt: number | null;
  senderGoneAt: number | null;
  lost: boolean;
  looks: number;
  lookedAt: number;
}
interface Row {
  state: 'pending' | 'started' | 'success' | 'failure' | 'gone';
  reason: 'taken' | 'no-file' | null;
}
interface Message {
  readonly k: number;
  lostAt: number | null;
  /** The file is used up: a second run of it finds none. */
  used: boolean;
}
interface Copy {
  readonly k: number;
  numbered: boolean;
  complete: boolean;
}

export interface World {
  readonly generation: 'v2' | 'v3';
  now: number;
  faults: number;
  attempts: Attempt[];
  rows: Row[];
  messages: Message[];
  /** On the wire, though nobody waits for an answer. */
  late: { readonly k: number; readonly since: number }[];
  copies: Copy[];
  /** k of the copy that the link claims; 0 is a stranger's document. */
  claimed: number | null;
  isOk: boolean;
  /** Another document's upload ended. */
  overtakenAt: number | null;
}

export function newWorld(generation: 'v2' | 'v3', faults: number): World {
  const nothing = { attempts: [], rows: [], messages: [], late: [], copies: [] };
  return { generation, now: 0, faults, ...nothing, claimed: null, isOk: false, overtakenAt: null };
}

export const copyOf = (world: World): World => structuredClone(world);

/** What must never be. */
export function brokenIn(world: World): string | null {
  if (world.copies.length > 1) return 'there are two copies';
  return world.claimed === 0 ? "a stranger's document was claimed" : null;
}

function facts(world: World, attempt: Attempt): AttemptFacts {
  const at = world.attempts.indexOf(attempt);
  const ends = world.attempts.slice(at + 1).flatMap(({ terminalAt }) => (terminalAt === null ? [] : [terminalAt]));
  if (world.overtakenAt !== null && world.overtakenAt > attempt.postedAt) ends.push(world.overtakenAt);
  return { ...attempt, sameBytes: true, overtakenAt: ends.length === 0 ? null : Math.min(...ends) };
}

/** What becomes of a POST. */
type Delivery = 'answered' | 'answer-lost' | 'never-arrives' | 'late' | 'process-dies' | 'process-dies-late';
const DELIVERIES: readonly Delivery[] = [
  'answered',
  'answer-lost',
  'never-arrives',
  'late',
  'process-dies',
  'process-dies-late',
];

function accept(world: World, k: number): void {
  world.rows[k] = { state: 'pending', reason: null };
  world.messages.push({ k, lostAt: null, used: false });
}

function post(world: World, delivery: Delivery): void {
  const none = { startedSeenAt: null, terminalAt: null, senderGoneAt: null, lost: false, looks: 0, lookedAt: 0 };
  const attempt: Attempt = { state: 'sending', postedAt: world.now, ...none };
  world.attempts.push(attempt);
  const k = world.attempts.length;
  if (delivery === 'answered' || delivery === 'answer-lost') accept(world, k);
  if (delivery === 'late' || delivery === 'process-dies-late') world.late.push({ k, since: world.now });
  if (delivery === 'answered') attempt.state = 'awaiting';
  else if (delivery.startsWith('process-dies')) attempt.state = 'sending';
  else Object.assign(attempt, { state: 'unknown', senderGoneAt: world.now });
}

function consume(world: World, message: Message, rules: Rules): void {
  const row = world.rows[message.k] ?? { state: 'gone', reason: null };
  const end = (state: 'success' | 'failure', reason: Row['reason']) => {
    if (row.state !== 'gone') Object.assign(row, { state, reason });
  };
  if (message.used) return end('failure', 'no-file');
  const numbered = rules.isNumbered(message.k);
  const taken = numbered && world.copies.some((copy) => copy.numbered);
  if (taken || (world.generation === 'v2' && world.copies.length > 0)) return end('failure', 'taken');
  message.used = true;
  world.copies.push({ k: message.k, numbered, complete: false });
  return end('success', null);
}

function found(world: World, rules: Rules): number | null {
  // A stranger's document bears the title of ours; a number nobody has but us.
  if (rules.findsBy === 'title') return 0;
  return world.copies.find((copy) => copy.numbered)?.k ?? null;
}

/** What is sent next, if anything is: the caller chooses what becomes of it. */
function look(world: World, rules: Rules): 'post' | null {
  const last = world.attempts.at(-1);
  switch (entryPhase({ replicaDocId: world.claimed, lastAttempt: last?.state ?? null })) {
    case 'claimed':
      finalise(world, rules);
      return null;
    case 'unknown':
      return last ? resolve(world, last, rules) : 'post';
    case 'awaiting':
      return last ? wait(world, last, rules) : 'post';
    default:
      return claimFound(world, rules) ? null : 'post';
  }
}

function claimFound(world: World, rules: Rules): boolean {
  const k = found(world, rules);
  if (k !== null) claim(world, k);
  return k !== null;
}

function claim(world: World, k: number): void {
  world.claimed = k;
  const source = world.attempts[k - 1];
  if (source) Object.assign(source, { state: 'success', terminalAt: source.terminalAt ?? world.now });
}

function finalise(world: World, rules: Rules): void {
  for (const attempt of world.attempts) if (attempt.state === 'awaiting') ask(world, attempt);
  const copy = world.copies.find(({ k }) => k === world.claimed);
  if (!copy) return;
  copy.complete = true;
  const closed = world.attempts.every((one) => rules.isClosed(facts(world, one), world.generation, world.now));
  if (!closed) return;
  copy.numbered = false;
  world.isOk = true;
}

/** As open-attempts.ts does. */
function ask(world: World, attempt: Attempt): void {
  const row = world.rows[world.attempts.indexOf(attempt) + 1];
  if (row?.state === 'success' || row?.state === 'failure')
    Object.assign(attempt, { state: row.state, terminalAt: world.now });
  else if (row?.state === 'started') attempt.startedSeenAt ??= world.now;
  else if (world.now - attempt.postedAt > ATTEMPT_TIMINGS.stuckQueueMs)
    Object.assign(attempt, { state: 'unknown', senderGoneAt: world.now, lost: true });
}

function resolve(world: World, attempt: Attempt, rules: Rules): 'post' | null {
  if (attempt.state === 'sending') Object.assign(attempt, { state: 'unknown', senderGoneAt: world.now });
  if (claimFound(world, rules)) return null;
  const row = world.rows[world.attempts.length];
  // 3.x shows marker and number of a task; 2.20 shows neither.
  if (world.generation === 'v3' && !attempt.lost && row && row.state !== 'gone') {
    attempt.state = 'awaiting';
    return null;
  }
  if (attempt.looks >= 1 && world.now - attempt.lookedAt >= ATTEMPT_TIMINGS.looksApartMs) return 'post';
  if (attempt.looks === 0) Object.assign(attempt, { looks: 1, lookedAt: world.now });
  return null;
}

function wait(world: World, attempt: Attempt, rules: Rules): 'post' | null {
  const k = world.attempts.length;
  const row = world.rows[k] ?? { state: 'gone', reason: null };
  if (row.state === 'success') {
    claim(world, k);
    return null;
  }
  if (row.state === 'failure') {
    Object.assign(attempt, { state: 'failure', terminalAt: attempt.terminalAt ?? world.now });
    return claimFound(world, rules) || row.reason === 'taken' ? null : 'post';
  }
  if (row.state === 'started') attempt.startedSeenAt ??= world.now;
  if (!rules.mayPostAgain(facts(world, attempt), { state: row.state, queueMovedAt: 0 }, world.now)) return null;
  if (claimFound(world, rules)) return null;
  const looks = row.state === 'gone' ? 1 : 2;
  Object.assign(attempt, { state: 'unknown', senderGoneAt: world.now, lost: true, looks, lookedAt: world.now });
  return row.state === 'gone' ? null : 'post';
}

export interface Move {
  readonly name: string;
  act(world: World): void;
}

/** Time never goes past what the world keeps: requests arrive and messages come back before that. */
export function pass(world: World, ms: number, rules: Rules): void {
  const until = world.now + ms;
  for (const late of world.late.filter(({ since }) => since + LATEST_REQUEST <= until)) arrive(world, late);
  for (const message of world.messages.filter(({ lostAt }) => lostAt !== null && lostAt + HOUR <= until))
    comeBack(world, message, rules);
  world.now = until;
}

function arrive(world: World, late: World['late'][number]): void {
  world.late.splice(world.late.indexOf(late), 1);
  accept(world, late.k);
}

function comeBack(world: World, message: Message, rules: Rules): void {
  world.messages.splice(world.messages.indexOf(message), 1);
  consume(world, message, rules);
}

/** Everything that can happen next. */
export function movesOf(world: World, rules: Rules): Move[] {
  const moves: Move[] = [15_000, 3 * MINUTE, 16 * MINUTE, 70 * MINUTE, 2 * HOUR].map((ms) => ({
    name: `${ms / MINUTE} min pass`,
    act: (next) => pass(next, ms, rules),
  }));
  const trial = copyOf(world);
  if (world.isOk) return [...moves, ...environment(world, rules)];
  if (look(trial, rules) === 'post')
    for (const delivery of world.faults > 0 ? DELIVERIES : (['answered'] as const))
      moves.push({
        name: `an upload: ${delivery}`,
        act: (next) => {
          look(next, rules);
          post(next, delivery);
          if (delivery !== 'answered') next.faults -= 1;
        },
      });
  else moves.push({ name: 'a look', act: (next) => void look(next, rules) });
  return [...moves, ...environment(world, rules)];
}

function environment(world: World, rules: Rules): Move[] {
  const moves: Move[] = [];
  const fault = (name: string, act: Move['act']) =>
    moves.push({
      name,
      act: (next) => {
        next.faults -= 1;
        act(next);
      },
    });
  world.late.forEach((late, at) =>
    moves.push({ name: `upload ${late.k} arrives late`, act: (next) => arrive(next, next.late[at] ?? late) }),
  );
  world.messages.forEach((message, at) => {
    const { k, lostAt } = message;
    const act: Move['act'] = (next) => comeBack(next, next.messages[at] ?? message, rules);
    moves.push({ name: `message ${k} ${lostAt === null ? 'is consumed' : 'comes back'}`, act });
    if (lostAt !== null || world.faults === 0) return;
    fault(`message ${k} is out of reach`, (next) => void ((next.messages[at] ?? message).lostAt = next.now));
    fault(`message ${k} is wiped`, (next) => void next.messages.splice(at, 1));
    fault(`the worker dies over message ${k}`, (next) => {
      next.messages.splice(at, 1);
      const row = next.rows[k];
      if (row && row.state !== 'gone') row.state = 'started';
    });
  });
  if (world.faults > 0)
    world.rows.forEach((row, k) => {
      if (row.state !== 'gone') fault(`the row of ${k} goes`, (next) => void ((next.rows[k] ?? row).state = 'gone'));
    });
  return moves;
}

/** No more faults: everything arrives, is consumed and looked at. Null: it ends with one copy, complete. */
export function endOf(start: World, rules: Rules): string | null {
  const world = copyOf(start);
  for (let turn = 0; turn < 30; turn += 1) {
    for (const late of [...world.late]) arrive(world, late);
    for (const message of [...world.messages]) comeBack(world, message, rules);
    const broken = brokenIn(world);
    if (broken !== null) return broken;
    if (world.isOk) return null;
    if (look(world, rules) === 'post') post(world, 'answered');
    pass(world, 61 * MINUTE, rules);
    // Some day something else is uploaded.
    world.overtakenAt ??= world.now;
  }
  return 'it does not come to rest';
}
