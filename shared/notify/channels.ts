/** All channels there are (N2), what their fields may hold, and how a message is handed to one of them. */
import { AppError } from '../kernel/errors.ts';
import { registerSecret } from '../telemetry/mask.ts';
import { apprise } from './apprise.ts';
import { discord } from './discord.ts';
import { email } from './email.ts';
import { gotify } from './gotify.ts';
import { openNet } from './net.ts';
import { ntfy } from './ntfy.ts';
import { ping } from './ping.ts';
import { slack } from './slack.ts';
import { telegram } from './telegram.ts';
import type { ChannelType, Config, Notice } from './transport.ts';
import { webhook } from './webhook.ts';

const CHANNELS = { gotify, webhook, ntfy, telegram, discord, slack, email, apprise, ping } as const;
export type ChannelKind = keyof typeof CHANNELS;
export const CHANNEL_KINDS = Object.keys(CHANNELS) as [ChannelKind, ...ChannelKind[]];

export function isChannelKind(kind: string): kind is ChannelKind {
  return Object.hasOwn(CHANNELS, kind);
}

/** Widened: which fields it has is known only at run time. */
export function channelType(kind: ChannelKind): ChannelType {
  return CHANNELS[kind] as unknown as ChannelType;
}

const MAX_VALUE = 2000;

/**
 * What was filled in, checked. A field that is not given keeps what it held, and so does a secret that is given empty: forms
 * show secrets as empty fields. Faults are named by field and never repeat the value.
 */
export function channelConfig(
  kind: ChannelKind,
  given: Readonly<Record<string, string>>,
  before: Config | null,
): { readonly config: Config } | { readonly faults: Record<string, string> } {
  const { fields } = channelType(kind);
  const config: Record<string, string> = {};
  const faults: Record<string, string> = {};
  for (const name of Object.keys(given)) if (!Object.hasOwn(fields, name)) faults[name] = 'is not known here';
  const moved = before !== null && leadsElsewhere(given, before);
  for (const [name, field] of Object.entries(fields)) {
    const typed = given[name]?.trim();
    const keeps = typed === undefined || (field.secret && typed === '');
    const value = keeps ? (before?.[name] ?? '') : typed;
    config[name] = value;
    if (value === '') {
      if (field.required) faults[name] = 'is missing';
    } else if (keeps && field.secret && moved) faults[name] = 'is needed again, since the address changes';
    else if (value.length > MAX_VALUE || value.includes('\0')) faults[name] = 'is too long, or no text';
    else if (field.choices !== undefined && !field.choices.includes(value))
      faults[name] = `must be one of ${field.choices.join(', ')}`;
    else {
      const fault = field.fault?.(value) ?? null;
      if (fault !== null) faults[name] = fault;
    }
  }
  return Object.keys(faults).length > 0 ? { faults } : { config };
}

/** Or whoever may change an address could have a secret, that is never shown, sent to himself. */
function leadsElsewhere(given: Readonly<Record<string, string>>, before: Config): boolean {
  const differs = (name: string) => {
    const typed = given[name]?.trim() ?? '';
    return typed !== '' && typed !== (before[name] ?? '');
  };
  return ['url', 'host', 'port', 'security'].some(differs);
}

export function shownOf(kind: ChannelKind, config: Config): string {
  return channelType(kind).shown(config).slice(0, 200);
}

/** What may be shown of its fields; of a secret only whether it is set. */
export function openFields(kind: ChannelKind, config: Config): { values: Record<string, string>; set: string[] } {
  const { fields } = channelType(kind);
  const names = Object.keys(fields);
  return {
    values: Object.fromEntries(names.filter((name) => !fields[name]?.secret).map((name) => [name, config[name] ?? ''])),
    set: names.filter((name) => fields[name]?.secret === true && (config[name] ?? '') !== ''),
  };
}

export interface SendOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

/** Resolves when the receiver took it; otherwise an AppError without secrets. */
export async function sendNotice(
  kind: ChannelKind,
  config: Config,
  notice: Notice,
  options: SendOptions = {},
): Promise<void> {
  const { fields, send } = channelType(kind);
  const secrets = Object.entries(config).flatMap(([name, value]) => (fields[name]?.secret === true ? [value] : []));
  for (const secret of secrets) registerSecret(secret);
  try {
    await send(config, notice, openNet({ ...options, secrets }));
  } catch (thrown) {
    if (thrown instanceof AppError) throw thrown;
    // What is not ours may hold the address, or a header.
    throw new AppError({
      ...{ code: 'notify_failed', class: 'internal', scope: 'instance' },
      message: `The message could not be sent (${thrown instanceof Error ? thrown.name : 'unknown'}).`,
    });
  }
}
