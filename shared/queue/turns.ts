/**
 * Places of a process, shared out among the replicas that have jobs for it: however slow one of them is, and however many of
 * its jobs wait, the others keep their part (E2). One place is kept free for each replica whose run is under way but that has
 * no job here yet: the first to come could otherwise fill all of them with work that never ends. A job that finds no place
 * comes back a moment later (moveToDelayed).
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

  /**
   * A function that gives the place back, or null: its part is taken.
   * @param underWay the replicas whose runs are under way, in any process.
   */
  enter(id: number, underWay: readonly number[]): (() => void) | null {
    const now = this.#now();
    const party = this.#parties.get(id) ?? { running: 0, seenAt: now };
    this.#parties.set(id, party);
    party.seenAt = now;
    for (const [other, { running, seenAt }] of this.#parties)
      if (running === 0 && now - seenAt > GONE_MS) this.#parties.delete(other);
    if (party.running >= Math.ceil(this.#places / this.#parties.size)) return null;
    if (party.running > 0 && !this.#leavesPlacesFor(underWay)) return null;
    party.running += 1;
    return () => {
      party.running -= 1;
    };
  }

  #leavesPlacesFor(underWay: readonly number[]): boolean {
    const kept = underWay.filter((id) => (this.#parties.get(id)?.running ?? 0) === 0).length;
    if (kept === 0) return true;
    let running = 0;
    for (const party of this.#parties.values()) running += party.running;
    return running + kept < this.#places;
  }
}
