/**
 * Places of a process, shared out among the replicas that have jobs for it: however slow one of them is, and however many of
 * its jobs wait, the others keep their part (E2). A job that finds no place comes back a moment later (moveToDelayed).
 */
interface Party {
  running: number;
  seenAt: number;
}

/** Who had no job for so long leaves its part to the others. */
const GONE_MS = 3000;

export class Turns {
  readonly #places: number;
  readonly #now: () => number;
  readonly #parties = new Map<number, Party>();

  constructor(places: number, now: () => number = () => performance.now()) {
    this.#places = places;
    this.#now = now;
  }

  /** A function that gives the place back, or null: its part is taken. */
  enter(id: number): (() => void) | null {
    const now = this.#now();
    const party = this.#parties.get(id) ?? { running: 0, seenAt: now };
    this.#parties.set(id, party);
    party.seenAt = now;
    for (const [other, { running, seenAt }] of this.#parties)
      if (running === 0 && now - seenAt > GONE_MS) this.#parties.delete(other);
    if (party.running >= Math.ceil(this.#places / this.#parties.size)) return null;
    party.running += 1;
    return () => {
      party.running -= 1;
    };
  }
}
