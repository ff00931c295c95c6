/**
 * What reached the simulator. Tests assert on it (no write to a master, so many requests a document), benches read the
 * counters; the greatest number of open requests proves that a client keeps its limit.
 */

export interface LoggedRequest {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly startedAt: number;
  /** What the client calls itself: tests tell by it who wrote. */
  readonly userAgent: string;
  /** Null while it is open, and for ever if it is never answered. */
  status: number | null;
  milliseconds: number | null;
  /** SHA-256 of an uploaded file. */
  fileSha256: string | null;
  fileBytes: number | null;
}

export interface RequestCounters {
  readonly total: number;
  readonly writes: number;
  readonly byRoute: Record<string, number>;
  readonly open: number;
  /** Most requests open at once, altogether and by method and route. */
  readonly maxOpen: number;
  readonly maxOpenByRoute: Record<string, number>;
}

/** Older entries are dropped: a bench makes millions of requests, and its counters suffice. */
const KEPT = 200_000;

export class RequestLog {
  #entries: LoggedRequest[] = [];
  #number = 0;
  #open = 0;
  #maxOpen = 0;
  #total = 0;
  #writes = 0;
  readonly #byRoute = new Map<string, { total: number; open: number; maxOpen: number }>();

  begin(method: string, path: string, query: string, userAgent = ''): LoggedRequest {
    this.#number += 1;
    const entry: LoggedRequest = {
      number: this.#number,
      method,
      path,
      query,
      startedAt: Date.now(),
      userAgent,
      status: null,
      milliseconds: null,
      fileSha256: null,
      fileBytes: null,
    };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT * 2) this.#entries = this.#entries.slice(-KEPT);
    this.#total += 1;
    if (method !== 'GET' && method !== 'HEAD') this.#writes += 1;
    this.#open += 1;
    this.#maxOpen = Math.max(this.#maxOpen, this.#open);
    const route = this.#route(entry);
    route.total += 1;
    route.open += 1;
    route.maxOpen = Math.max(route.maxOpen, route.open);
    return entry;
  }

  end(entry: LoggedRequest, status: number | null): void {
    entry.status = status;
    entry.milliseconds = Date.now() - entry.startedAt;
    this.#open -= 1;
    this.#route(entry).open -= 1;
  }

  entries(): LoggedRequest[] {
    return this.#entries.slice(-KEPT);
  }

  /** What came after the entry of that number; of a long log whoever follows it wants no more. */
  since(number: number, writesOnly: boolean): LoggedRequest[] {
    return this.#entries.filter(
      (entry) => entry.number > number && !(writesOnly && (entry.method === 'GET' || entry.method === 'HEAD')),
    );
  }

  counters(): RequestCounters {
    const routes = [...this.#byRoute];
    return {
      total: this.#total,
      writes: this.#writes,
      byRoute: Object.fromEntries(routes.map(([name, { total }]) => [name, total])),
      open: this.#open,
      maxOpen: this.#maxOpen,
      maxOpenByRoute: Object.fromEntries(routes.map(([name, { maxOpen }]) => [name, maxOpen])),
    };
  }

  clear(): void {
    this.#entries = [];
    this.#total = 0;
    this.#writes = 0;
    this.#maxOpen = this.#open;
    for (const route of this.#byRoute.values()) Object.assign(route, { total: 0, maxOpen: route.open });
  }

  #route(entry: LoggedRequest): { total: number; open: number; maxOpen: number } {
    const name = `${entry.method} ${entry.path.replace(/\/\d+(?=\/)/g, '/:id')}`;
    const known = this.#byRoute.get(name);
    if (known) return known;
    const route = { total: 0, open: 0, maxOpen: 0 };
    this.#byRoute.set(name, route);
    return route;
  }
}
