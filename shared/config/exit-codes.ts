import type { AppError } from '../kernel/errors.ts';

/** What the process answers its supervisor with; also in docs/operations.md. Numbers never change their meaning. */
export const EXIT = {
  ok: 0,
  /** A bug of ours, or work that ended badly. */
  failure: 1,
  /** Unknown command or option. */
  usage: 2,
  /** Environment or settings that cannot work: a restart does not help. */
  config: 64,
  database: 65,
  redis: 66,
  /** The schema is newer than this program, or may not be changed by this role. */
  schema: 67,
  /** DATA_DIR or SCRATCH_DIR not writable, or in use by another controller. */
  dataDir: 68,
  port: 69,
  /** The others declared this process dead (protocol section 2): a supervisor should start a new one. */
  fenced: 70,
  /** The database or the queue was there and went away before the program ran: a supervisor should start it again. */
  lost: 71,
} as const;

const BY_CODE: Readonly<Record<string, number>> = {
  usage: EXIT.usage,
  database_unreachable: EXIT.database,
  database_refused: EXIT.database,
  embedded_failed: EXIT.database,
  redis_unreachable: EXIT.redis,
  schema_newer: EXIT.schema,
  schema_missing: EXIT.schema,
  schema_forbidden: EXIT.schema,
  data_dir_unwritable: EXIT.dataDir,
  data_dir_busy: EXIT.dataDir,
  port_taken: EXIT.port,
  worker_fenced: EXIT.fenced,
};

export function exitCodeFor(error: AppError): number {
  return BY_CODE[error.code] ?? (error.class === 'config' ? EXIT.config : EXIT.failure);
}
