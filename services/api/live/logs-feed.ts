/**
 * New log lines for everybody who follows them. A notice only says that there is something new: the lines are read from
 * PostgreSQL once for all clients of this process, by their ids, which become visible in order (logs.repo.ts).
 */
import { LOGS_WRITTEN, type Listener } from '../../../shared/db/listen.ts';
import { lastLogId, logsAfter, logsWithText, type LogFilter, type LogLine } from '../../../shared/db/logs.repo.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { eventText, refetchText, type LiveClient } from './stream.ts';

export interface LogFollower {
  readonly filter: LogFilter;
  readonly client: LiveClient;
  /** What of a line goes into the event. */
  readonly render: (line: LogLine) => string;
}
interface Following extends LogFollower {
  after: number;
}
export interface LogsFeed {
  /** `since`: the last line that the client has; undefined: it wants what comes from now on. */
  follow(follower: LogFollower, since: number | undefined): Promise<void>;
  leave(client: LiveClient): void;
  readonly followers: number;
}

const PAGE = 200;
/** Somebody so far behind is better off with a new page. */
const MAX_BEHIND = 500;

interface FeedDeps {
  readonly db: Db;
  readonly listener: Listener;
  readonly onError: (thrown: unknown) => void;
}

export const createLogsFeed = (deps: FeedDeps): LogsFeed => new Feed(deps);

class Feed implements LogsFeed {
  readonly #deps: FeedDeps;
  readonly #followers = new Map<LiveClient, Following>();
  #read = 0;
  #listening: Promise<void> | undefined;
  #reading = false;
  #again = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  get followers(): number {
    return this.#followers.size;
  }

  leave(client: LiveClient): void {
    this.#followers.delete(client);
  }

  async follow(follower: LogFollower, since: number | undefined): Promise<void> {
    await this.#listen();
    const { db } = this.#deps;
    const tip = await lastLogId(db);
    if (since !== undefined) await catchUp(db, follower, since, tip);
    // It may have left while this was read.
    if (!follower.client.isOpen) return;
    const first = this.#followers.size === 0;
    this.#followers.set(follower.client, { ...follower, after: Math.max(tip, since ?? 0) });
    this.#read = first ? tip : Math.min(this.#read, tip);
    this.#wake();
  }

  #listen(): Promise<void> {
    const wake = () => this.#wake();
    this.#listening ??= this.#deps.listener.on(LOGS_WRITTEN, wake, wake).catch((thrown: unknown) => {
      this.#listening = undefined;
      throw thrown;
    });
    return this.#listening;
  }

  #wake(): void {
    this.#again = true;
    if (!this.#reading && this.#followers.size > 0) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#again && this.#followers.size > 0) {
        this.#again = false;
        await this.#readNew();
      }
    } catch (thrown) {
      // The next notice tries again; nobody has missed a line, since `read` stands where it stood.
      this.#deps.onError(thrown);
    } finally {
      this.#reading = false;
    }
  }

  async #readNew(): Promise<void> {
    for (;;) {
      const from = this.#read;
      const lines = await logsAfter(this.#deps.db, {}, from, PAGE);
      await this.#hand(lines);
      const last = lines.at(-1)?.id;
      // Somebody who came meanwhile may stand further back.
      if (last !== undefined && this.#read === from) this.#read = last;
      if (lines.length < PAGE && this.#read >= from) return;
    }
  }

  async #hand(lines: readonly LogLine[]): Promise<void> {
    const texts = new Set([...this.#followers.values()].flatMap(({ filter }) => filter.text ?? []));
    const withText = new Map<string, ReadonlySet<number>>();
    const ids = lines.map(({ id }) => id);
    for (const text of texts) withText.set(text, await logsWithText(this.#deps.db, ids, text));
    const rendered = new Map<LogFollower['render'], Map<number, string>>();
    for (const follower of this.#followers.values()) {
      const text = follower.filter.text;
      const found = text === undefined ? undefined : withText.get(text);
      // Came while the words were looked up: its lines are read again.
      if (text !== undefined && found === undefined) this.#read = Math.min(this.#read, follower.after);
      else give(follower, lines, (line) => found?.has(line.id) ?? true, rendered);
    }
  }
}

function give(
  follower: Following,
  lines: readonly LogLine[],
  holds: (line: LogLine) => boolean,
  rendered: Map<LogFollower['render'], Map<number, string>>,
): void {
  const known = rendered.get(follower.render) ?? new Map<number, string>();
  rendered.set(follower.render, known);
  let text = '';
  for (const line of lines) {
    if (line.id <= follower.after) continue;
    follower.after = line.id;
    if (!holds(line) || !matches(line, follower.filter)) continue;
    const one = known.get(line.id) ?? logEvent(line, follower.render);
    known.set(line.id, one);
    text += one;
  }
  if (text !== '') follower.client.send(text, follower.after);
}

const logEvent = (line: LogLine, render: LogFollower['render']): string =>
  eventText({ event: 'log', id: line.id, data: render(line) });

async function catchUp(db: Db, { filter, client, render }: LogFollower, since: number, tip: number): Promise<void> {
  if (tip <= since) return;
  const missed = (await logsAfter(db, filter, since, MAX_BEHIND + 1)).filter(({ id }) => id <= tip);
  if (missed.length > MAX_BEHIND) client.send(refetchText(tip));
  else if (missed.length > 0) client.send(missed.map((line) => logEvent(line, render)).join(''), tip);
}

function matches(line: LogLine, { replicaId, runId, docId, level, code, from, to }: LogFilter): boolean {
  return (
    (replicaId === undefined || line.replica_id === replicaId) &&
    (runId === undefined || line.run_id === runId) &&
    (docId === undefined || line.doc_id === docId) &&
    (level === undefined || line.level === level) &&
    (code === undefined || line.code === code) &&
    (from === undefined || line.created_at >= from) &&
    (to === undefined || line.created_at <= to)
  );
}
