/**
 * The caller itself: the cheapest request that proves a token, and the only one that shows whether it is a superuser's.
 */

import type { Context } from '../context.ts';
import { badRequest, detail, json, type Reply } from '../http/reply.ts';
import { readInput, textField } from '../rest/input.ts';
import type { User } from '../state/model.ts';
import { configValue } from '../system/config.ts';
import { byPassword } from './authenticate.ts';
import { permissionsOf } from './permissions.ts';
import { HIDDEN_PASSWORD } from './users.ts';

const profileJson = (user: User): Record<string, unknown> => ({
  email: user.email,
  password: HIDDEN_PASSWORD,
  first_name: user.firstName,
  last_name: user.lastName,
  auth_token: user.token,
  social_accounts: [],
  has_usable_password: user.passwordHash !== null,
  is_mfa_enabled: false,
});

export const readProfile = (context: Context): Reply => json(profileJson(context.user));

export async function updateProfile(context: Context): Promise<Reply> {
  const shape = {
    email: textField({ max: 254 }),
    first_name: textField({ max: 150 }),
    last_name: textField({ max: 150 }),
  };
  const values = readInput(await context.input(), shape);
  const { user, store } = context;
  user.email = values.email ?? user.email;
  user.firstName = values.first_name ?? user.firstName;
  user.lastName = values.last_name ?? user.lastName;
  store.users.save(user);
  return json(profileJson(user));
}

/** A new token ends the old one at once (engine-protocol.md F8). */
export function generateToken({ store, user }: Context): Reply {
  const row = store.users.get(user.id) ?? user;
  row.token = store.random(40);
  store.users.save(row);
  return json(row.token);
}

const MINUTE = 60_000;

/** Counts requests for tokens as the throttle of v3 does (paperless-api.md 1.1). */
export class TokenThrottle {
  #times: number[] = [];

  check(allowed: number, now = Date.now()): void {
    this.#times = this.#times.filter((time) => time > now - MINUTE);
    const [oldest] = this.#times;
    if (oldest !== undefined && this.#times.length >= allowed) {
      const seconds = Math.ceil((oldest + MINUTE - now) / 1000);
      const message = `Request was throttled. Expected available in ${seconds} seconds.`;
      throw detail(429, message, { 'retry-after': String(seconds) });
    }
    this.#times.push(now);
  }
}

const throttles = new WeakMap<object, TokenThrottle>();

export async function obtainToken(context: Context): Promise<Reply> {
  const { store, instance } = context;
  const throttle = throttles.get(store) ?? new TokenThrottle();
  throttles.set(store, throttle);
  throttle.check(instance.profile.tokenRequestsPerMinute);
  const shape = { username: textField({ blank: false }), password: textField({ blank: false, trim: false }) };
  const { username = '', password = '' } = readInput(await context.input(), shape, ['username', 'password']);
  const user = byPassword(store, username, password);
  if (!user) throw badRequest({ non_field_errors: ['Unable to log in with provided credentials.'] });
  user.token ??= store.random(40);
  store.users.save(user);
  return json({ token: user.token });
}

export function readUiSettings(context: Context): Reply {
  context.require('view_uisettings');
  const { user, profile, isV3, store, instance } = context;
  return json({
    user: {
      id: user.id,
      username: user.username,
      is_staff: user.isStaff,
      is_superuser: user.isSuperuser,
      groups: user.groups,
      ...(user.firstName === '' ? {} : { first_name: user.firstName }),
      ...(user.lastName === '' ? {} : { last_name: user.lastName }),
    },
    settings: {
      ...user.settings,
      version: profile.version,
      app_title: configValue(store, 'app_title'),
      app_logo: configValue(store, 'app_logo'),
      trash_delay: instance.options.trashDelay,
      auditlog_enabled: true,
      email_enabled: false,
      update_checking: { backend_setting: 'default' },
      ...(isV3 ? { ai_enabled: false } : {}),
    },
    permissions: permissionsOf(store, user),
  });
}

export async function writeUiSettings(context: Context): Promise<Reply> {
  context.require('add_uisettings');
  const { settings } = await context.input();
  const row = context.store.users.get(context.user.id) ?? context.user;
  row.settings = (settings ?? {}) as Record<string, unknown>;
  context.store.users.save(row);
  return json({ success: true });
}
