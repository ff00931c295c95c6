import { listRuns } from '../../../shared/db/views.repo.ts';
import type { ApiDeps } from '../deps.ts';
import { presentRun } from './runs.ts';
import { loadStatus } from './status.ts';

const LAST_RUNS = 15;

export async function loadStatusPage(deps: ApiDeps) {
  const [status, runs, settings] = await Promise.all([
    loadStatus(deps),
    listRuns(deps.db, {}, { limit: LAST_RUNS }),
    deps.settings(),
  ]);
  const now = deps.clock.now();
  return { status, runs: runs.map((run) => presentRun(run, now)), zone: settings.timezone ?? deps.timeZone, now };
}
