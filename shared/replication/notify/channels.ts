/** Channels as people make, change and remove them (N2, N3). */
import * as repo from '../../db/channels.repo.ts';
import type { Channel, ChannelRole } from '../../db/notify-tables.ts';
import type { Db } from '../../db/tables.ts';
import { CHOSEN_EVENTS, PING_EVENTS, type EventName, type Severity } from '../../domain/notify-rules.ts';
import { AppError } from '../../kernel/errors.ts';
import { channelConfig, isChannelKind, shownOf, type ChannelKind } from '../../notify/channels.ts';
import type { Config } from '../../notify/transport.ts';
import type { EngineLog } from '../deps.ts';
import type { Settings } from '../../config/settings.ts';
import type { SecretBox } from '../../config/secret-key.ts';
import { SETTINGS_KIND } from './deps.ts';

export interface ChannelRulesInput {
  readonly enabled?: boolean | undefined;
  readonly role?: ChannelRole | undefined;
  readonly events?: readonly EventName[] | undefined;
  readonly minSeverity?: Severity | undefined;
  readonly cooldownSeconds?: number | null | undefined;
  readonly sendRecovery?: boolean | undefined;
  readonly quietHours?: string | null | undefined;
}
export interface NewChannelInput extends ChannelRulesInput {
  readonly name: string;
  readonly kind: ChannelKind;
  readonly config: Readonly<Record<string, string>>;
}
export interface ChannelUpdate extends ChannelRulesInput {
  readonly name?: string | undefined;
  readonly config?: Readonly<Record<string, string>> | undefined;
}

interface ChannelDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly log: EngineLog;
}

/** @throws channel_name_taken, channel_refused */
export async function addChannel(deps: ChannelDeps, input: NewChannelInput): Promise<Channel> {
  const config = checked(channelConfig(input.kind, input.config, null));
  const made = await repo.insertChannel(deps.db, {
    name: input.name,
    kind: input.kind,
    config: deps.secrets.seal(JSON.stringify(config)),
    shown: shownOf(input.kind, config),
    events: [],
    ...columnsOf(input.kind, { ...input, events: input.events ?? CHOSEN_EVENTS }),
  });
  if (made === undefined) throw nameTaken(input.name);
  deps.log.info(`The notification channel "${made.name}" (${made.kind}) was added.`);
  return made;
}

/** @throws channel_not_found, channel_name_taken, channel_refused */
export async function updateChannel(deps: ChannelDeps, id: number, input: ChannelUpdate): Promise<Channel> {
  const before = await repo.findChannel(deps.db, id);
  if (before === undefined) throw channelNotFound(id);
  if (input.name !== undefined && (await repo.isChannelName(deps.db, input.name, id))) throw nameTaken(input.name);
  const changes = {
    ...(input.name === undefined ? {} : { name: input.name }),
    ...columnsOf(before.kind, input),
    ...configColumns(deps, before, input.config),
  };
  const after = Object.keys(changes).length === 0 ? before : await repo.updateChannel(deps.db, id, changes);
  if (after === undefined) throw channelNotFound(id);
  deps.log.info(`The notification channel "${after.name}" was changed.`);
  return after;
}

/** @throws channel_not_found, channel_of_settings */
export async function removeChannel(deps: Pick<ChannelDeps, 'db' | 'log'>, id: number): Promise<void> {
  const channel = await repo.findChannel(deps.db, id);
  if (channel === undefined) throw channelNotFound(id);
  if (channel.kind === SETTINGS_KIND) throw ofSettings();
  await repo.deleteChannel(deps.db, id);
  deps.log.info(`The notification channel "${channel.name}" was removed.`);
}

/**
 * All channels. The one of the settings has a row for its rules as soon as the settings name a target; its address and token
 * stay in the settings.
 */
export async function loadChannels(db: Db, settings: Settings): Promise<Channel[]> {
  const channels = await repo.listChannels(db);
  if (settings.alertTargetType === '' || channels.some(({ kind }) => kind === SETTINGS_KIND)) return channels;
  const made = await repo.insertChannel(db, {
    ...{ name: 'alert_target of the settings', kind: SETTINGS_KIND, config: '', shown: '', events: [...CHOSEN_EVENTS] },
  });
  return made === undefined ? channels : [...channels, made];
}

function columnsOf(kind: string, input: ChannelRulesInput) {
  const isPing = kind === 'ping';
  return {
    ...(input.enabled === undefined ? {} : { enabled: input.enabled }),
    ...(input.role === undefined ? {} : { role: input.role }),
    // Its silence is the message: it hears of cycles alone.
    ...(input.events === undefined ? {} : { events: isPing ? [...PING_EVENTS] : [...new Set(input.events)] }),
    ...(input.minSeverity === undefined ? {} : { min_severity: isPing ? ('info' as const) : input.minSeverity }),
    ...(input.cooldownSeconds === undefined ? {} : { cooldown_seconds: input.cooldownSeconds }),
    ...(input.sendRecovery === undefined ? {} : { send_recovery: input.sendRecovery }),
    ...(input.quietHours === undefined ? {} : { quiet_hours: isPing ? null : input.quietHours }),
  };
}

function configColumns({ secrets }: ChannelDeps, before: Channel, given: ChannelUpdate['config']) {
  if (given === undefined || Object.keys(given).length === 0) return {};
  if (!isChannelKind(before.kind)) throw ofSettings();
  const old = JSON.parse(secrets.open(before.config)) as Config;
  const config = checked(channelConfig(before.kind, given, old));
  if (JSON.stringify(config) === JSON.stringify(old)) return {};
  // Whether the new address works, nobody knows yet.
  const unproven = { confirmed_at: null, failing_since: null, last_error: null };
  return { config: secrets.seal(JSON.stringify(config)), shown: shownOf(before.kind, config), ...unproven };
}

function checked(result: ReturnType<typeof channelConfig>): Config {
  if ('config' in result) return result.config;
  throw new AppError({
    code: 'channel_refused',
    class: 'invalid',
    message: 'Some fields of the channel are not valid.',
    hint: 'Mend the fields that are named.',
    fields: Object.fromEntries(Object.entries(result.faults).map(([name, fault]) => [`config.${name}`, fault])),
  });
}

function nameTaken(name: string): AppError {
  return new AppError({
    code: 'channel_name_taken',
    class: 'conflict',
    message: `There is already a channel named "${name}".`,
    hint: 'Choose another name.',
    fields: { name: 'is taken' },
  });
}

export function channelNotFound(id: number): AppError {
  return new AppError({ code: 'channel_not_found', class: 'not-found', message: `There is no channel ${id}.` });
}

function ofSettings(): AppError {
  return new AppError({
    code: 'channel_of_settings',
    class: 'conflict',
    message: 'This channel is the one of the settings: its address and token stand there alone.',
    hint: 'Change alert_target_type, alert_target_url and alert_target_token; or disable the channel here.',
  });
}
