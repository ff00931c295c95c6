import { EXIT } from '../../shared/config/exit-codes.ts';
import { programVersion } from '../../shared/replication/foundation.ts';
import type { ApiDeps } from '../api/deps.ts';
import { describeApi } from '../api/openapi.ts';
import { apiRoutes } from '../api/routes/index.ts';
import { printJson } from './print.ts';

/** Routes only keep what they are given until a request comes, and none comes here. */
const NOTHING_RUNS = {} as ApiDeps;

export function runOpenapi(): number {
  printJson(describeApi(apiRoutes(NOTHING_RUNS), { version: programVersion(), url: '/' }));
  return EXIT.ok;
}
