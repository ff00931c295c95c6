import type { Logger, LogEvent } from '../telemetry/logger.ts';
import type { NewLog } from '../db/logs.repo.ts';
import type { EngineLog, LogFields } from './deps.ts';

/** The engine's words on the program's log; names as in the log (O3). */
export function engineLog(logger: Logger): EngineLog {
  return {
    info: (message, fields) => logger.info(lineFields(fields), message),
    warning: (message, fields) => logger.warn(lineFields(fields), message),
    error: (message, fields) => logger.error(lineFields(fields), message),
  };
}

function lineFields({ replicaId, runId, docId, ...more }: LogFields = {}): object {
  return { replica_id: replicaId, run_id: runId, doc_id: docId, ...more };
}

/**
 * Which lines people find on the logs page. The wide line of a request or a job that went well is for machines: a first
 * sync would bury everything else under them.
 */
export function isForPeople(event: LogEvent): boolean {
  if (event.level === 'debug') return false;
  // `job` or `request`: an ordinary line of a job has its name, too.
  return event.level !== 'info' || event.fields['event'] === undefined;
}

export function logRow(event: LogEvent): NewLog {
  const { code } = event.fields;
  return {
    created_at: event.ts,
    level: event.level === 'debug' ? 'info' : event.level,
    message: event.msg,
    run_id: event.runId,
    replica_id: event.replicaId,
    doc_id: event.docId,
    code: typeof code === 'string' ? code : null,
  };
}
