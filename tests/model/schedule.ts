/**
 * One life of one document under a schedule of choices: two processes, of which one may freeze, be taken for dead and wake
 * up again, and a replica that delays, drops, repeats and resurrects. Afterwards it is quiet, and all must be well.
 */
import { Dice } from '../integration/engine/random/dice.ts';
import type { Fate, Process } from './network.ts';
import type { Copy, Message } from './replica.ts';
import type { ModelStage } from './stage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** What paperless and the network may hold back at most (protocol section 1): a request, a message of a dead worker. */
const LATEST_REQUEST = 2 * MINUTE;
const REDELIVERY = HOUR;

export interface Choices {
  /** A number from 0 up to, and without, the limit. */
  below(limit: number): number;
}

export interface Life {
  readonly problems: readonly string[];
  readonly history: readonly string[];
}

/** Two finalised copies at any instant, or two copies at all, are the end (invariant 2). */
function doubled(copies: readonly Copy[]): string | null {
  if (copies.length <= 1) return null;
  return `there are ${copies.length} copies: ${copies.map(({ id, title, asn }) => `#${id} "${title}" ${asn}`).join(', ')}`;
}

interface Move {
  readonly name: string;
  /** How often, compared with the other moves that are possible. */
  readonly weight: number;
  act(): unknown;
}

export class Schedule {
  readonly #stage: ModelStage;
  readonly #choices: Choices;
  readonly #history: string[] = [];
  readonly #problems: string[] = [];
  #processes: Process[] = [];
  #ran: Message[] = [];
  #isOvertaken = false;
  #faults: number;
  #names = 0;

  constructor(stage: ModelStage, choices: Choices, faults: number) {
    this.#stage = stage;
    this.#choices = choices;
    this.#faults = faults;
  }

  async live(moves: number): Promise<Life> {
    await this.#hire();
    await this.#hire();
    for (let at = 0; at < moves && this.#problems.length === 0; at += 1) await this.#move();
    await this.#quieten();
    return { problems: this.#problems, history: this.#history };
  }

  async #hire(): Promise<void> {
    this.#names += 1;
    this.#processes.push(await this.#stage.process(`P${this.#names}`));
  }

  async #move(): Promise<void> {
    const possible = [...this.#progress(), ...(this.#faults > 0 ? this.#troubles() : [])];
    const total = possible.reduce((sum, { weight }) => sum + weight, 0);
    let drawn = this.#choices.below(total);
    const chosen = possible.find(({ weight }) => (drawn -= weight) < 0);
    await this.#carryOut(chosen ?? possible[0]);
  }

  async #carryOut(move: Move | undefined): Promise<void> {
    if (!move) return;
    this.#history.push(move.name);
    await move.act();
    const found = doubled(this.#stage.replica.live);
    if (found) this.#problems.push(`after "${move.name}": ${found}`);
  }

  #progress(): Move[] {
    const { network, replica } = this.#stage;
    const moves: Move[] = [];
    const isHeld = this.#processes.some(({ look, dead }) => look !== null && !dead);
    for (const process of this.#processes) {
      const { gate } = process;
      const weight = process.dead ? 3 : 8;
      if (gate) moves.push({ name: `${process.name} ${gate.what}`, weight, act: () => process.proceed('answered') });
      else if (!process.look && !process.dead)
        // While another one holds the document a look ends at once.
        moves.push({ name: `${process.name} looks`, weight: isHeld ? 1 : 6, act: () => this.#stage.look(process) });
    }
    for (const late of network.late)
      moves.push({ name: `late ${late.what} arrives`, weight: 1, act: () => network.deliver(late) });
    for (const message of replica.messages)
      if (message.lostAt === null)
        moves.push({ name: `${message.row.taskId} is consumed`, weight: 4, act: () => this.#consume(message) });
      else moves.push({ name: `${message.row.taskId} comes back`, weight: 1, act: () => this.#comeBack(message) });
    // Only while nobody waits for an answer: a request has a time limit far below these.
    if (this.#processes.every(({ gate }) => gate === null || gate.process.dead))
      for (const ms of [15_000, 3 * MINUTE, 20 * MINUTE, 70 * MINUTE, 3 * HOUR])
        moves.push({ name: `${ms / MINUTE} min pass`, weight: 1, act: () => this.#pass(ms) });
    return moves;
  }

  #troubles(): Move[] {
    const { replica } = this.#stage;
    const moves: Move[] = [];
    const fault = (name: string, weight: number, act: () => unknown) =>
      moves.push({
        name,
        weight,
        act: () => {
          this.#faults -= 1;
          return act();
        },
      });
    for (const process of this.#processes) {
      const { gate } = process;
      if (gate?.kind === 'write')
        for (const fate of ['answer-lost', 'never-arrives', 'late', 'refused', '502-though-done'] as const)
          fault(`${process.name} ${gate.what}: ${fate}`, 2, () => process.proceed(fate));
      if (gate && !process.dead && this.#processes.length < 5)
        fault(`${process.name} freezes at ${gate.what}`, 1, () => this.#freeze(process, gate.kind));
    }
    for (const message of replica.messages) {
      const { taskId } = message.row;
      if (message.lostAt !== null) continue;
      fault(`${taskId}: its worker dies while it waits`, 2, () => this.#lose(message));
      fault(`${taskId}: its worker dies over it`, 1, () => this.#die(message));
      fault(`${taskId} is wiped`, 1, () => replica.take(message));
    }
    for (const row of replica.rows.filter((one) => !one.hidden))
      fault(`the row of ${row.taskId} goes`, 1, () => (row.hidden = true));
    for (const message of this.#ran)
      if (this.#stage.now - message.postedAt >= REDELIVERY)
        fault(`${message.row.taskId} is delivered again`, 2, () => this.#again(message));
    return moves;
  }

  /** Taken for dead by the others, though it may go on; a write that stood at its first byte may be on the wire already. */
  async #freeze(process: Process, kind: string): Promise<void> {
    await this.#stage.bury(process);
    if (kind === 'write' && this.#choices.below(2) === 0) await process.proceed('late');
    await this.#hire();
  }

  #consume(message: Message): void {
    const { replica } = this.#stage;
    replica.take(message);
    replica.run(message);
    // One that waited too long was given to another worker as well.
    if (this.#stage.now - message.postedAt >= REDELIVERY) this.#ran.push(message);
  }

  #again(message: Message): void {
    this.#ran = this.#ran.filter((one) => one !== message);
    this.#stage.replica.run(message, true);
  }

  #lose(message: Message): void {
    const { replica, now } = this.#stage;
    replica.take(message);
    replica.messages.push({ ...message, lostAt: now });
  }

  #die(message: Message): void {
    const { replica } = this.#stage;
    replica.take(message);
    message.row.state = 'started';
    message.row.started = replica.stamp();
  }

  #comeBack(message: Message): void {
    const { replica } = this.#stage;
    replica.take(message);
    replica.run(message);
  }

  /** Never past what the world keeps: requests arrive and messages come back in time. */
  async #pass(ms: number): Promise<void> {
    const { network, replica } = this.#stage;
    const until = this.#stage.now + ms;
    for (const late of network.late.filter(({ since }) => since + LATEST_REQUEST <= until)) {
      this.#stage.now = Math.max(this.#stage.now, late.since + LATEST_REQUEST - 1000);
      await network.deliver(late);
    }
    for (const message of replica.messages.filter(({ lostAt }) => lostAt !== null && lostAt + REDELIVERY <= until)) {
      this.#stage.now = Math.max(this.#stage.now, (message.lostAt ?? 0) + REDELIVERY - 1000);
      this.#comeBack(message);
    }
    // A worker that lives delivers again what it held too long; after a second hour that has happened.
    for (const message of this.#ran.filter(({ postedAt }) => postedAt + 2 * REDELIVERY <= until)) this.#again(message);
    this.#stage.now = until;
  }

  /** No more troubles: everything that is under way arrives, and looks follow as they are due. */
  async #quieten(): Promise<void> {
    this.#faults = 0;
    const { network, replica } = this.#stage;
    for (let at = 0; at < 400 && this.#problems.length === 0; at += 1) {
      const running = this.#processes.find(({ gate }) => gate !== null);
      const message = replica.messages[0];
      const late = network.late[0];
      if (running) await this.#step(running, 'answered');
      else if (late)
        await this.#carryOut({ name: `late ${late.what} arrives`, weight: 1, act: () => network.deliver(late) });
      else if (message)
        await this.#carryOut({
          name: `${message.row.taskId} is consumed`,
          weight: 1,
          act: () => this.#comeBack(message),
        });
      else if (await this.#lookOrRest()) return;
    }
    if (this.#problems.length === 0) this.#problems.push(`it does not come to rest: ${await this.#described()}`);
  }

  async #step(process: Process, fate: Fate): Promise<void> {
    const what = process.gate?.what ?? '';
    await this.#carryOut({ name: `${process.name} ${what}`, weight: 1, act: () => process.proceed(fate) });
  }

  /** True: it rests, and what is wrong with it is noted. */
  async #lookOrRest(): Promise<boolean> {
    const { replica } = this.#stage;
    const link = await this.#stage.link();
    if (link.phase === 'ok' && link.dirty_seq === link.applied_seq) {
      await this.#judge();
      return true;
    }
    if (link.phase === 'blocked' || link.phase === 'dlq') {
      this.#problems.push(`it rests, but not well: ${await this.#described()}`);
      return true;
    }
    await this.#pass(11 * MINUTE);
    // Life on the replica goes on: some day something else is uploaded to it.
    if (!this.#isOvertaken && replica.messages.length === 0) await this.#stage.otherUpload();
    this.#isOvertaken = true;
    const process = this.#processes.find(({ dead, look }) => !dead && !look);
    if (!process) throw new Error('nobody is left to look');
    await this.#carryOut({ name: `${process.name} looks`, weight: 1, act: () => this.#stage.look(process) });
    return false;
  }

  async #judge(): Promise<void> {
    const { replica, master } = this.#stage;
    const link = await this.#stage.link();
    const [copy, ...more] = replica.live;
    if (!copy || more.length > 0 || copy.id !== link.replica_doc_id)
      this.#problems.push(
        `the link is ok with #${link.replica_doc_id}, but live are ${replica.live.map(({ id }) => id).join(', ')}`,
      );
    else if (copy.title !== master.title || copy.asn !== master.asn || copy.content !== master.content)
      this.#problems.push(`the copy is "${copy.title}" with ${copy.asn}`);
  }

  async #described(): Promise<string> {
    const link = await this.#stage.link();
    const attempts = (await this.#stage.attempts()).map(({ k, state }) => `${k} ${state}`).join(', ');
    return `${link.phase}, ${link.error_code ?? 'no error'}: ${link.error_msg ?? ''} (attempts: ${attempts})`;
  }
}

export const diceOf = (seed: number): Choices => new Dice(seed);
