/** A large library that is in step: what it costs to match it anew, to do nothing, to sweep it and to verify it. */
import { delay } from '../../shared/kernel/clock.ts';
import type { RequestEvent } from '../../shared/paperless/client.ts';
import type { RunPurpose } from '../../shared/db/runs.repo.ts';
import { DEPTHS } from '../../shared/domain/verification.ts';
import { openStage, round, seconds, spawnSimulator, type Stage } from './stage.ts';

const MIB = 1024 * 1024;

export async function benchTruth(docs: number | null): Promise<object[]> {
  const count = docs ?? 100_000;
  const filled = ['--profile', 'v3', '--docs', String(count)];
  const [master, replica] = await Promise.all([spawnSimulator(...filled), spawnSimulator(...filled)]);
  const stage = await openStage(master, { replica });
  const lines: object[] = [];
  const measure = async (what: string, purpose: RunPurpose, aim?: object) => {
    lines.push({ what, documents: count, ...(await measured(stage, () => stage.cycle(purpose))), ...aim });
  };
  try {
    await measure('reconcile: both libraries hold the same files', { mode: 'reconcile' });
    await measure('first cycle after it', {});
    await measure('cycle with nothing to do', {}, { aim_document_rows: 0 });
    await measure('sweep with nothing to find', { sweep: true }, { aim_requests: Math.ceil(count / 100) + 50 });
    for (const depth of DEPTHS) {
      const cost = await measured(stage, async () => {
        const { state: outcome, ...verification } = await stage.verify(depth);
        return { ...verification, outcome };
      });
      lines.push({ what: `verification at depth ${depth}`, documents: count, ...cost });
    }
  } finally {
    await stage.close();
    master.stop();
    replica.stop();
  }
  return lines;
}

interface Ended {
  readonly outcome: string | null;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

async function measured(stage: Stage, work: () => Promise<Ended>): Promise<object> {
  stage.events.length = 0;
  const before = process.memoryUsage.rss();
  let peak = before;
  let done = false;
  const watching = (async () => {
    while (!done) {
      peak = Math.max(peak, process.memoryUsage.rss());
      await delay(100);
    }
  })();
  const run = await work();
  done = true;
  await watching;
  const on = (side: 'master' | 'replica') =>
    stage.events.filter((event) => (event.target === 0) === (side === 'master')).length;
  return {
    outcome: run.outcome,
    seconds: round(seconds(run)),
    requests_master: on('master'),
    requests_replica: on('replica'),
    document_reads: stage.events.filter(isDocumentRead).length,
    writes: stage.events.filter((event) => event.method !== 'GET').length,
    rss_before_mib: Math.round(before / MIB),
    rss_peak_mib: Math.round(peak / MIB),
  };
}

/** Rows of documents, be it one or a page of them; the census is ids only. */
const isDocumentRead = (event: RequestEvent) => event.method === 'GET' && event.path.endsWith('/documents/{id}/');
