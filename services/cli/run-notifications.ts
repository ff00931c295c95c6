import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { insertAudit } from '../../shared/db/audit.repo.ts';
import { listDeliveries } from '../../shared/db/deliveries.repo.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { isChannelKind, shownOf } from '../../shared/notify/channels.ts';
import { notifyQueue } from '../../shared/replication/engine-queue.ts';
import { loadSettings } from '../../shared/replication/load-settings.ts';
import { addChannel, loadChannels, removeChannel } from '../../shared/replication/notify/channels.ts';
import type { NotifyDeps } from '../../shared/replication/notify/deps.ts';
import { sendDigest } from '../../shared/replication/notify/digest.ts';
import { ownAddress } from '../../shared/replication/notify/own-address.ts';
import { sendTest } from '../../shared/replication/notify/send-test.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { attach } from './attach.ts';
import { columns, printJson, printLines } from './print.ts';

const BY = { actor: 'command line', via: 'command' } as const;
interface Asked {
  readonly json: boolean;
}

export function runChannels({ json }: Asked): Promise<number> {
  return withDeps(async (deps) => {
    const channels = (await loadChannels(deps.db, await deps.settings())).map(({ config: _sealed, ...row }) => row);
    if (json) printJson({ channels });
    else if (channels.length === 0) printLines(['None.']);
    else
      printLines(
        columns([
          ['id', 'name', 'kind', 'leads to', 'role', 'enabled', 'last error'],
          ...channels.map((one) => [
            ...[one.id, one.name, one.kind, one.shown, one.role, one.enabled ? 'yes' : 'no'],
            one.last_error ?? '',
          ]),
        ]),
      );
    return EXIT.ok;
  });
}

const given = z.record(z.string(), z.string());

/** The fields come on standard input: what opens a channel does not belong into the list of processes. */
export function runAddChannel(wanted: Asked & { name: string; kind: string }): Promise<number> {
  return withDeps(async (deps) => {
    const { name, kind } = wanted;
    if (!isChannelKind(kind))
      throw new AppError({ code: 'channel_refused', class: 'invalid', message: `There is no kind "${kind}".` });
    const config = given.parse(JSON.parse(readFileSync(0, 'utf8')));
    const channel = await addChannel(deps, { name, kind, config });
    await insertAudit(deps.db, { ...BY, action: 'notifications add', target: name, after: { id: channel.id, kind } });
    if (wanted.json) printJson({ id: channel.id, name, kind, shown: channel.shown });
    else
      printLines([
        `Channel ${channel.id} "${name}" leads to ${shownOf(kind, config)}. Test it: notifications test --id ${channel.id}`,
      ]);
    return EXIT.ok;
  });
}

export function runRemoveChannel({ id, json }: Asked & { id: number }): Promise<number> {
  return withDeps(async (deps) => {
    await removeChannel(deps, id);
    await insertAudit(deps.db, { ...BY, action: 'notifications remove', target: String(id) });
    if (json) printJson({ removed: 1 });
    else printLines([`Channel ${id} is removed.`]);
    return EXIT.ok;
  });
}

/** Exit code 1 where the receiver did not take it. */
export function runTestChannel({ id, json }: Asked & { id: number }): Promise<number> {
  return withDeps(async (deps) => {
    const delivery = await sendTest(deps, id, BY.actor);
    await insertAudit(deps.db, { ...BY, action: 'notifications test', target: delivery.channel });
    if (json) printJson({ delivery });
    else if (delivery.state === 'delivered') printLines([`The channel "${delivery.channel}" took the test message.`]);
    else printLines([`The channel "${delivery.channel}" did not take it: ${delivery.last_error ?? delivery.state}`]);
    return delivery.state === 'delivered' ? EXIT.ok : EXIT.failure;
  });
}

export function runDeliveries({ json }: Asked): Promise<number> {
  return withDeps(async (deps) => {
    const deliveries = await listDeliveries(deps.db, {}, { limit: 50 });
    if (json) printJson({ deliveries });
    else if (deliveries.length === 0) printLines(['None.']);
    else
      printLines(
        columns([
          ['id', 'when', 'channel', 'state', 'tries', 'what', 'error'],
          ...deliveries.map((one) => [
            ...[one.id, one.created_at.toISOString().slice(0, 16).replace('T', ' '), one.channel, one.state],
            ...[one.attempts, one.title, one.last_error ?? ''],
          ]),
        ]),
      );
    return EXIT.ok;
  });
}

export function runDigest({ json }: Asked): Promise<number> {
  return withDeps(async (deps) => {
    const { event, channels } = await sendDigest(deps);
    await insertAudit(deps.db, { ...BY, action: 'digest send' });
    if (json) printJson({ event_id: event.id, channels });
    else printLines([event.message, '', `On its way to ${channels} channels, by the next worker that looks.`]);
    return EXIT.ok;
  });
}

async function withDeps(work: (deps: NotifyDeps) => Promise<number>): Promise<number> {
  const attached = await attach();
  try {
    const { foundation } = attached;
    const { db } = foundation.database;
    return await work({
      ...{ db, secrets: foundation.secrets, log: foundation.log, clock: systemClock },
      queue: notifyQueue(foundation.producer),
      publicUrl: ownAddress(foundation.env),
      settings: () => loadSettings({ db, secrets: foundation.secrets }),
      onDelivered: () => undefined,
    });
  } finally {
    await attached.close();
  }
}
