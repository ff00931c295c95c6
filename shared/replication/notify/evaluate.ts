/**
 * What people are to be told (N1). The facts stand in the database already; here they are compared with the alerts that are
 * open, and what changed becomes events and deliveries, all in one transaction that only the leader can commit. A process
 * that dies in the middle has told nobody, and the next look finds the same difference.
 */
import { alertFacts, lastEndedCycle, webhookSilence } from '../../db/alert-facts.repo.ts';
import * as alerts from '../../db/alerts.repo.ts';
import { listSilences } from '../../db/channels.repo.ts';
import { masterState } from '../../db/master.repo.ts';
import type { Db } from '../../db/tables.ts';
import { scratchState } from '../../db/workers.repo.ts';
import { observe, recoveryTitle, type AlertFacts } from '../../domain/notify-conditions.ts';
import { changesOf, EVENTS, keyOf, type Change } from '../../domain/notify-rules.ts';
import { quietUntil } from '../../domain/quiet-hours.ts';
import { loadChannels } from './channels.ts';
import type { EvaluateDeps } from './deps.ts';
import { publishDueDigest } from './digest.ts';
import { publish, publishRecovery, type OutboxScene } from './outbox.ts';

/** Weekends without a change are no silence: changes have to have come without a webhook as well. */
const SILENT_HOURS = 24;

/** True: something was written. */
export async function evaluateAlerts(deps: EvaluateDeps): Promise<boolean> {
  if (!deps.leader.isLeader()) return false;
  const facts = await loadFacts(deps);
  const settings = await deps.settings();
  const { conditions, unknown } = observe(facts);
  const cycle = await lastEndedCycle(deps.db);
  await deps.racePoint('alerts:observed');
  const done = await deps.leader.asLeader(async (trx) => {
    const channels = await loadChannels(trx, settings);
    const scene: OutboxScene = { now: facts.now, settings, channels, silences: await listSilences(trx) };
    const changes = changesOf(conditions, await alerts.listOpenAlerts(trx), unknown);
    for (const change of changes) await apply(trx, scene, change, facts);
    const pinged = cycle !== undefined && (await publishPing(trx, scene, cycle));
    const digested = await publishDueDigest(trx, scene);
    await deps.racePoint('alerts:written');
    return changes.length > 0 || pinged || digested;
  });
  return done === true;
}

async function loadFacts({ db, clock, settings: load }: EvaluateDeps): Promise<AlertFacts> {
  const [settings, rows, master, scratch, webhookSilentSince] = await Promise.all([
    load(),
    alertFacts(db),
    masterState(db),
    scratchState(db),
    webhookSilence(db, SILENT_HOURS),
  ]);
  const now = clock.now();
  return {
    now,
    errorThreshold: settings.alertErrorThreshold,
    master: { ...master, url: settings.masterUrl },
    scratchFullSince: scratch.full_since,
    webhookSilentSince,
    replicas: rows.map(({ run_id, docs_failed, docs_synced, ...row }) => ({
      ...row,
      resting:
        !row.enabled ||
        row.paused_at !== null ||
        row.running ||
        quietUntil(row.quiet_hours, now, settings.timezone ?? 'UTC') !== null,
      interval_seconds: Math.max(row.sync_interval_seconds ?? 0, settings.syncIntervalSeconds),
      run: run_id === null ? null : { id: run_id, docs_failed: docs_failed ?? 0, docs_synced: docs_synced ?? 0 },
    })),
  };
}

async function apply(trx: Db, scene: OutboxScene, change: Change, facts: AlertFacts): Promise<void> {
  if (change.kind === 'lower') return alerts.setAlertLevel(trx, change.alert.id, change.level);
  if (change.kind === 'close') return close(trx, scene, change.alert, facts);
  const { condition, alert } = change;
  const { event, replicaId, level, title, message, data } = condition;
  const id = alert?.id ?? (await alerts.openAlert(trx, { key: keyOf(condition), event, replica_id: replicaId, level }));
  if (id === undefined) return;
  if (alert !== null) {
    await alerts.setAlertLevel(trx, id, level);
    // What still waits is older news of the same.
    await alerts.dropMessages(trx, id, true);
  }
  const { severity } = EVENTS[event];
  await publish(trx, scene, { alertId: id, event, state: 'raised', severity, replicaId, title, message, data });
  if (replicaId !== null) await alerts.noteReplicaAlert(trx, replicaId);
}

async function close(
  trx: Db,
  scene: OutboxScene,
  alert: Extract<Change, { kind: 'close' }>['alert'],
  facts: AlertFacts,
): Promise<void> {
  await alerts.closeAlert(trx, alert.id);
  const replica = facts.replicas.find(({ id }) => id === alert.replica_id);
  const name = replica?.name ?? (alert.event === 'disk_low' ? 'Scratch folder' : 'Master');
  const numbers = { docs_failed: replica?.run?.docs_failed ?? 0, docs_synced: replica?.run?.docs_synced ?? 0 };
  await publishRecovery(trx, scene, {
    alertId: alert.id,
    event: alert.event,
    state: 'recovered',
    severity: EVENTS[alert.event].severity,
    replicaId: alert.replica_id,
    title: recoveryTitle(alert.event, name),
    message: '',
    data:
      replica === undefined
        ? {}
        : {
            replica: replica.name,
            replica_url: replica.url,
            consecutive_failures: replica.consecutive_failures,
            ...numbers,
          },
  });
}

/** For whoever waits for a sign of life: once a cycle, and of several only the newest. */
async function publishPing(
  trx: Db,
  scene: OutboxScene,
  cycle: NonNullable<Awaited<ReturnType<typeof lastEndedCycle>>>,
): Promise<boolean> {
  if (!scene.channels.some(({ enabled, events }) => enabled && events.includes('cycle_finished'))) return false;
  const good = cycle.outcome === 'ok' || cycle.outcome === 'partial';
  const event = await publish(trx, scene, {
    ...{ alertId: null, event: 'cycle_finished', state: 'info', severity: 'info', replicaId: null, runId: cycle.id },
    title: `Cycle ${cycle.id} ended: ${cycle.outcome ?? 'unknown'}.`,
    message: cycle.error_msg ?? '',
    data: { good, run: cycle.id, outcome: cycle.outcome },
  });
  if (event !== null) await alerts.dropOlderPings(trx, event.id);
  return event !== null;
}
