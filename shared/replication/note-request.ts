/** What becomes of the news that a request to an instance has ended: counters, a span, and the facts of the job it was for. */
import type { Db } from '../db/tables.ts';
import type { RequestEvent } from '../paperless/client.ts';
import { countFact } from '../telemetry/context.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { traceEnded } from '../telemetry/tracing.ts';

/** A renamed replica bears its new name after this. */
const NAMES_MS = 60_000;

export function requestNoter(
  metrics: Pick<Metrics, 'httpRequests' | 'httpDuration'>,
  db: Db,
): (event: RequestEvent) => void {
  const nameOf = peerNames(db);
  return (event) => {
    countFact('requests', 1);
    countFact('requests_ms', Math.round(event.ms));
    // Awaited by nobody: a request does not wait for the name under which it is counted.
    void nameOf(event.target).then((peer) => note(metrics, event, peer));
  };
}

function note({ httpRequests, httpDuration }: Parameters<typeof requestNoter>[0], event: RequestEvent, peer: string) {
  const { method, path, status, ms, outcome } = event;
  httpRequests.inc({ peer, outcome });
  httpDuration.observe({ peer, outcome }, ms / 1000);
  // The path is a template: no id, no query, nothing that a person wrote.
  const facts = { 'http.request.method': method, 'url.template': path, 'pngx.peer': peer, 'pngx.outcome': outcome };
  const answered = status === null ? {} : { 'http.response.status_code': status };
  traceEnded(`${method} ${path}`, { ...facts, ...answered }, ms, outcome === 'ok' ? null : outcome);
}

/** `master`, the replica's name, or `candidate` while somebody tries an address that is not saved. */
function peerNames(db: Db): (target: number) => Promise<string> {
  let known: { at: number; names: Promise<ReadonlyMap<number, string>> } | null = null;
  const read = async () => {
    const rows = await db.selectFrom('replicas').select(['id', 'name']).execute();
    return new Map(rows.map(({ id, name }) => [id, name]));
  };
  const names = () => {
    if (known === null || performance.now() - known.at > NAMES_MS) known = { at: performance.now(), names: read() };
    return known.names;
  };
  return async (target) => {
    if (target <= 0) return target === 0 ? 'master' : 'candidate';
    const found = await names().catch(() => {
      known = null;
      return new Map<number, string>();
    });
    // Added a moment ago.
    if (!found.has(target)) known = null;
    return found.get(target) ?? String(target);
  };
}
