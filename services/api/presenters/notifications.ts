/** Channels, outbox, rules and silences as people and programs see them: never an address or a token that opens a channel. */
import { listOpenAlerts } from '../../../shared/db/alerts.repo.ts';
import { listSilences } from '../../../shared/db/channels.repo.ts';
import {
  countUndelivered,
  listDeliveries,
  type DeliveryFilter,
  type DeliveryView,
} from '../../../shared/db/deliveries.repo.ts';
import type { Channel } from '../../../shared/db/notify-tables.ts';
import { CHOSEN_EVENTS, EVENTS, PING_EVENTS, type EventName } from '../../../shared/domain/notify-rules.ts';
import { channelType, isChannelKind, openFields } from '../../../shared/notify/channels.ts';
import { loadChannels } from '../../../shared/replication/notify/channels.ts';
import { settingsTarget, SETTINGS_KIND } from '../../../shared/replication/notify/deps.ts';
import type { Settings } from '../../../shared/config/settings.ts';
import type { Config } from '../../../shared/notify/transport.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import { nextAfter } from './names.ts';

export type ChannelState = 'ready' | 'unconfirmed' | 'failing' | 'disabled' | 'not_set';
type Deps = Pick<ApiDeps, 'db' | 'secrets' | 'settings'>;

export function presentChannel(channel: Channel, settings: Settings, secrets: ApiDeps['secrets']) {
  const ofSettings = channel.kind === SETTINGS_KIND;
  const target = ofSettings ? settingsTarget(settings) : null;
  const { config, shown, ...row } = channel;
  const fields =
    ofSettings || !isChannelKind(channel.kind)
      ? { values: {}, set: [] }
      : openFields(channel.kind, JSON.parse(secrets.open(config)) as Config);
  return {
    ...row,
    title: titleOf(channel.kind),
    leads_to: ofSettings ? (target === null ? 'nowhere' : hostIn(target.config)) : shown,
    of_settings: ofSettings,
    config: fields.values,
    secrets_set: fields.set,
    state: stateOf(channel, ofSettings && target === null),
  };
}
export type PresentedChannel = ReturnType<typeof presentChannel>;

function stateOf({ enabled, failing_since, confirmed_at }: Channel, leadsNowhere: boolean): ChannelState {
  if (!enabled) return 'disabled';
  if (leadsNowhere) return 'not_set';
  if (failing_since !== null) return 'failing';
  return confirmed_at === null ? 'unconfirmed' : 'ready';
}

function titleOf(kind: string): string {
  if (kind === SETTINGS_KIND) return 'Settings';
  return isChannelKind(kind) ? channelType(kind).title : kind;
}

function hostIn(config: Config): string {
  const address = config['url'] ?? '';
  return URL.canParse(address) ? new URL(address).host : '';
}

export async function listPresented(deps: Deps): Promise<PresentedChannel[]> {
  const settings = await deps.settings();
  return (await loadChannels(deps.db, settings)).map((one) => presentChannel(one, settings, deps.secrets));
}

/** Whether anybody would hear of a trouble: a ping hears of none. */
export function noneWorks(channels: readonly PresentedChannel[]): boolean {
  return !channels.some(({ state, kind }) => kind !== 'ping' && (state === 'ready' || state === 'unconfirmed'));
}

export interface RuleRow {
  readonly event: EventName;
  readonly what: string;
  readonly severity: string;
  readonly open: number;
}

export async function loadNotifications(deps: Deps) {
  const [channels, deliveries, undelivered, silences, open] = await Promise.all([
    listPresented(deps),
    listDeliveries(deps.db, {}, { limit: 20 }),
    countUndelivered(deps.db),
    listSilences(deps.db),
    listOpenAlerts(deps.db),
  ]);
  const hasPing = channels.some(({ kind }) => kind === 'ping');
  const rules = [...CHOSEN_EVENTS, ...(hasPing ? PING_EVENTS : [])].map((event): RuleRow => {
    const { what, severity } = EVENTS[event];
    return { event, what, severity, open: open.filter((alert) => alert.event === event).length };
  });
  return { channels, deliveries, undelivered, silences, rules, nobody: noneWorks(channels) };
}
export type Notifications = Awaited<ReturnType<typeof loadNotifications>>;

/** For the dashboard: channels that do not get through; null: all do. */
export async function troubleOfChannels(deps: Deps): Promise<{ title: string; reason: string } | null> {
  const failing = (await listPresented(deps)).filter(({ state }) => state === 'failing');
  const [first] = failing;
  if (first === undefined) return null;
  const undelivered = await countUndelivered(deps.db);
  const names = failing.map(({ name }) => `"${name}"`).join(', ');
  return {
    title: `${undelivered} ${undelivered === 1 ? 'alert was' : 'alerts were'} not delivered.`,
    reason: `${failing.length === 1 ? 'The channel' : 'The channels'} ${names} failed: ${first.last_error ?? 'no reason is known'}`,
  };
}

export async function loadOutbox(
  deps: Deps,
  filter: DeliveryFilter,
  page: { readonly before?: number | undefined; readonly limit: number },
) {
  const [rows, channels] = await Promise.all([listDeliveries(deps.db, filter, page), listPresented(deps)]);
  return { rows, channels, next: nextAfter(rows, page.limit) };
}

/** What became of a test, as a sentence; a failure is thrown, so that it is shown as one. */
export function testSentence({ channel, state, last_error: error }: DeliveryView): string {
  if (state === 'delivered') return `The channel "${channel}" took the test message.`;
  throw new AppError({
    code: 'channel_test_failed',
    class: 'invalid',
    message: `The channel "${channel}" did not take the test message: ${error ?? `it is ${state}`}`,
  });
}

/** What pages are given. */
export type { DeliveryView } from '../../../shared/db/deliveries.repo.ts';
export type { DeliveryState } from '../../../shared/db/notify-tables.ts';
