/** What the verbs of notifications are given, in a worker and in the API alike. */
import type { SecretBox } from '../../config/secret-key.ts';
import type { Settings } from '../../config/settings.ts';
import type { Channel } from '../../db/notify-tables.ts';
import type { Db } from '../../db/tables.ts';
import type { Clock } from '../../kernel/clock.ts';
import { AppError } from '../../kernel/errors.ts';
import { isChannelKind, type ChannelKind } from '../../notify/channels.ts';
import type { Config } from '../../notify/transport.ts';
import type { EngineLog } from '../deps.ts';
import type { NotifyQueue } from '../engine-queue.ts';
import type { Leader } from '../lead.ts';

export interface NotifyDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly clock: Clock;
  readonly log: EngineLog;
  /** Told of each try: the kind of channel, and ok or the code of the error. */
  onDelivered(kind: string, outcome: string): void;
  readonly queue: NotifyQueue;
  /** Our own address with the base path, for links. */
  readonly publicUrl: string | undefined;
  settings(): Promise<Settings>;
}

export interface EvaluateDeps extends NotifyDeps {
  readonly leader: Leader;
  /** A seam for tests: holds or kills the process at a named point. */
  racePoint(name: string): Promise<void>;
}

/** The one channel whose address and token stand in the settings. */
export const SETTINGS_KIND = 'settings';

export interface Target {
  readonly kind: ChannelKind;
  readonly config: Config;
}

/** Where a channel leads; null: it leads nowhere, since the settings name no target. */
export function targetOf(
  channel: Pick<Channel, 'kind' | 'config' | 'name'>,
  settings: Settings,
  secrets: SecretBox,
): Target | null {
  if (channel.kind === SETTINGS_KIND) return settingsTarget(settings);
  if (!isChannelKind(channel.kind))
    throw new AppError({
      ...{ code: 'channel_unknown_kind', class: 'config', scope: 'instance' },
      message: `The channel "${channel.name}" is of a kind that this release does not know.`,
    });
  return { kind: channel.kind, config: JSON.parse(secrets.open(channel.config)) as Config };
}

export function settingsTarget({ alertTargetType: kind, alertTargetUrl, alertTargetToken }: Settings): Target | null {
  if (kind === '' || alertTargetUrl === null) return null;
  const secret = alertTargetToken ?? '';
  if (kind === 'gotify') return { kind, config: { url: alertTargetUrl, token: secret } };
  return { kind, config: { url: alertTargetUrl, secret: '', authorization: secret } };
}
