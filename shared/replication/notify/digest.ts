/** Once a day: what was done and found, for people who only want to know that all is well (N1). */
import { digestFacts, type DigestRow } from '../../db/alert-facts.repo.ts';
import { hasDigest, listOpenAlerts } from '../../db/alerts.repo.ts';
import { listSilences } from '../../db/channels.repo.ts';
import { inTransaction } from '../../db/client.ts';
import type { AlertEvent } from '../../db/notify-tables.ts';
import type { Db } from '../../db/tables.ts';
import { digestDue, EVENTS, wants } from '../../domain/notify-rules.ts';
import { DAY } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import { loadChannels } from './channels.ts';
import type { NotifyDeps } from './deps.ts';
import { hurry } from './send-due.ts';
import { publish, type OutboxScene } from './outbox.ts';

const EVENT = 'daily_digest';

/** Its day stands in its row, so that no restart sends it twice. A channel that was made since then waits for the next. */
export async function publishDueDigest(trx: Db, scene: OutboxScene): Promise<boolean> {
  const { now, settings } = scene;
  const due = digestDue(now, settings.digestTime, settings.timezone ?? 'UTC');
  const channels = scene.channels.filter((channel) => channel.created_at <= due.at && wantsDigest(channel));
  if (channels.length === 0 || (await hasDigest(trx, due.day))) return false;
  return (await writeDigest(trx, { ...scene, channels }, due.day)) !== null;
}

/**
 * Now, whatever was sent today; the one of the day comes nevertheless.
 * @throws no_digest_channel
 */
export async function sendDigest(deps: NotifyDeps): Promise<{ event: AlertEvent; channels: number }> {
  const settings = await deps.settings();
  const sent = await inTransaction(deps.db, async (trx) => {
    const channels = (await loadChannels(trx, settings)).filter(wantsDigest);
    if (channels.length === 0) throw noChannel();
    const scene = { now: deps.clock.now(), settings, channels, silences: await listSilences(trx) };
    const event = await writeDigest(trx, scene, null);
    return event === null ? null : { event, channels: channels.length };
  });
  if (sent === null) throw noChannel();
  await hurry(deps);
  return sent;
}

const wantsDigest = (channel: Parameters<typeof wants>[0]) => wants(channel, EVENT, EVENTS[EVENT].severity);

async function writeDigest(trx: Db, scene: OutboxScene, day: string | null): Promise<AlertEvent | null> {
  const rows = await digestFacts(trx, new Date(scene.now.getTime() - DAY));
  const open = await listOpenAlerts(trx);
  const sum = (pick: (row: DigestRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  const [synced, failed] = [sum((row) => row.synced), sum((row) => row.failed)];
  const state = open.length === 0 ? 'nothing is amiss' : `${open.length} troubles are open`;
  return publish(trx, scene, {
    ...{ alertId: null, event: EVENT, state: 'info', severity: 'info', replicaId: null },
    ...(day === null ? {} : { digestDay: day }),
    title: `Daily digest: ${synced} synced, ${failed} failed, ${state}.`,
    message: digestText(rows),
    data: { day, docs_synced: synced, docs_failed: failed, open: open.map(({ event }) => event), replicas: rows },
  });
}

export function digestText(rows: readonly DigestRow[]): string {
  if (rows.length === 0) return 'There is no replica yet.';
  return rows.map(lineOf).join('\n');
}

function lineOf(row: DigestRow): string {
  const day = `${row.runs} runs (${row.failed_runs} failed), ${row.synced} documents synced, ${row.failed} failed, ${row.retried} retried`;
  const sweep =
    row.sweep_at === null
      ? 'never swept'
      : `last sweep ${at(row.sweep_at)}: ${row.sweep_total} differed, ${row.sweep_synced} mended, ${row.sweep_failed} failed`;
  const look =
    row.verified_at === null
      ? 'never verified'
      : `last verification ${at(row.verified_at)}: ${row.compared} compared, ${row.equal} equal, ${row.findings} findings`;
  return `${row.name}: ${day}; ${sweep}; ${look}.`;
}

const at = (time: Date): string => time.toISOString().slice(0, 16).replace('T', ' ');

function noChannel(): AppError {
  return new AppError({
    code: 'no_digest_channel',
    class: 'conflict',
    message: 'No enabled channel wants the daily digest.',
    hint: 'Add a channel on the page of notifications, or let one of those there have the event daily_digest.',
  });
}
