/** Jobs, keys, settings, statistics, health: what is about the controller itself. */
import { z } from '@hono/zod-openapi';
import { FIDELITY_AREAS, type FidelityArea } from '../../../shared/domain/fidelity.ts';
import { QUEUES } from '../../../shared/queue/catalog.ts';
import { JOB_STATES } from '../../../shared/queue/jobs.ts';
import { count, list, maybeText, maybeTime, nextCursor, orNull, time } from './common.ts';
import { connectionTest } from './replicas.ts';

const job = z
  .strictObject({
    id: z.string(),
    queue: z.enum(QUEUES),
    name: z.string(),
    status: z.enum(JOB_STATES),
    payload: z.unknown().meta({ description: 'Ids only.' }),
    attempts: count,
    created_at: time,
    due_at: maybeTime,
    started_at: maybeTime,
    finished_at: maybeTime,
    error: maybeText,
  })
  .openapi('Job');
export const jobList = z.strictObject({ jobs: list(job), next_cursor: nextCursor });
export const oneJob = z.strictObject({ job });

const key = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    hint: z.string().meta({ description: 'The end of the secret, to tell keys apart.' }),
    scope: z.enum(['read', 'full']),
    created_at: time,
    created_by: z.string(),
    last_used_at: maybeTime,
    revoked_at: maybeTime,
    revoked: z.boolean(),
  })
  .openapi('ApiKey');
export const keyList = z.strictObject({ keys: list(key) });
export const oneKey = z.strictObject({ key });
export const madeKey = z.strictObject({ key, secret: z.string().meta({ description: 'Shown this once.' }) });

const act = z
  .strictObject({
    id: z.int(),
    at: time,
    actor: z.string(),
    via: z.string().meta({ description: 'How it was proved who it was: key, session, forward, none, cli.' }),
    action: z.string().meta({ description: 'Method and pattern of the address.' }),
    target: maybeText,
    status: z.int().nullable().meta({ description: 'How it was answered; null: it was not.' }),
    request_id: maybeText,
    source: maybeText.meta({ description: 'The address that it came from.' }),
    before: z.unknown().meta({ description: 'What it changed, without secrets; null: nothing that is kept.' }),
    after: z.unknown(),
  })
  .openapi('Act');
export const auditPage = z.strictObject({ acts: list(act), next_cursor: nextCursor });

const value = z.union([z.string(), z.number()]).nullable();
const shownSetting = z.strictObject({
  value,
  default: value,
  source: z.enum(['database', 'default']),
  help: z.string(),
});
const secretSetting = z.strictObject({ set: z.boolean(), help: z.string() });
export const settings = z
  .record(z.string(), z.union([shownSetting, secretSetting]))
  .meta({ description: 'By key. Of a secret only whether it is set.' })
  .openapi('Settings');
export const shownSettings = z.strictObject({ settings });
export const savedSettings = z.strictObject({ settings, test: orNull(connectionTest) });

export const dailyStats = z
  .strictObject({
    timezone: z.string(),
    days: list(
      z.strictObject({
        day: z.iso.date(),
        runs: count,
        failed_runs: count,
        synced: count,
        failed: count,
        held: count,
        retried: count,
        bytes: count,
      }),
    ),
  })
  .openapi('DailyStats');

const generation = z.enum(['v2', 'v3']);
export const fidelity = z
  .strictObject({
    pairs: list(
      z.strictObject({
        master: generation,
        replica: generation,
        fields: list(
          z.strictObject({
            area: z.enum(FIDELITY_AREAS as [FidelityArea, ...FidelityArea[]]),
            field: z.string(),
            fidelity: z.enum(['exact', 'mapped', 'derived', 'not_replicable', 'absent']),
            reason: z.string(),
            setting: z.enum(['replace_files_on_v2', 'unknown_owner', 'restore_held_back', 'deletion_mode']).nullable(),
          }),
        ),
      }),
    ),
  })
  .openapi('Fidelity');

const part = z.enum(['ok', 'error']);
export const health = z.strictObject({ status: z.enum(['ok', 'error']), db: part, queue: part }).openapi('Health');
export const readiness = z
  .strictObject({
    status: z.enum(['ready', 'not_ready', 'draining']),
    db: part.optional(),
    queue: part.optional(),
  })
  .openapi('Readiness');
