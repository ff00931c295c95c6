/** What a person looks at: an api and a worker on one database, a master and a replica, and a browser. */
import { randomBytes } from 'node:crypto';
import { putSettings } from '../../../shared/db/settings.repo.ts';
import { formatFernetKey } from '../../../shared/kernel/fernet.ts';
import { systemClock } from '../../../shared/kernel/clock.ts';
import { openCycle } from '../../../shared/replication/open-cycle.ts';
import { startTestApi, type TestApi, type TestApiOptions } from '../../integration/api/harness.ts';
import { openBrowser, type Browser } from '../../support/browser.ts';
import { simulator, type Simulator } from '../../support/simulator.ts';
import { startTestWorker } from '../../support/test-worker.ts';
import { waitFor } from '../../support/wait.ts';

export interface BrowserStage {
  readonly api: TestApi;
  readonly master: Simulator;
  readonly attic: Simulator;
  /** Another one that nobody has added yet. */
  readonly cellar: Simulator;
  readonly browser: Browser;
  /** One cycle from its trigger to its end, without the pages. */
  cycle(): Promise<number>;
  close(): Promise<void>;
}

export async function openBrowserStage(
  options: { docs?: number; ocrMs?: number; api?: TestApiOptions } = {},
): Promise<BrowserStage> {
  const key = formatFernetKey(randomBytes(32));
  const [master, attic, cellar, api] = await Promise.all([
    simulator('v3', { docs: options.docs ?? 12, seed: 'browser' }),
    simulator('v3', { ocrMs: options.ocrMs ?? 0 }),
    simulator('v3', {}),
    startTestApi({ ...options.api, key }),
  ]);
  await putSettings(api.db, [
    { key: 'master_url', value: master.url },
    { key: 'master_token', value: api.secrets.seal(master.token) },
    { key: 'sync_interval_seconds', value: '86400' },
  ]);
  // The schedule's first tick is a day away: whoever looks at the page starts what runs.
  const tomorrow = new Date(Date.now() + 86_400_000);
  await api.db.updateTable('master_state').set({ next_cycle_at: tomorrow }).execute();
  const worker = await startTestWorker({ databaseUrl: api.testDatabase.url, key, log: api.deps.log });
  const browser = await openBrowser(api.url);
  return {
    ...{ api, master, attic, cellar, browser },
    async cycle() {
      const deps = { ...api.deps, clock: systemClock };
      const { runId } = await openCycle(deps, { trigger: 'manual' });
      await waitFor(`run ${runId} to end`, () => ended(api, runId), 60_000);
      return runId;
    },
    async close() {
      await browser.close();
      await worker.close();
      await api.close();
      await Promise.all([master.stop(), attic.stop(), cellar.stop()]);
    },
  };
}

async function ended({ db }: TestApi, runId: number): Promise<boolean> {
  const run = await db.selectFrom('sync_runs').select('finished_at').where('id', '=', runId).executeTakeFirst();
  return (run?.finished_at ?? null) !== null;
}
