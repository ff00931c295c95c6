/** Clients of the instances as they are configured now: built anew when address, token or limits change. */
import type { SecretBox } from '../config/secret-key.ts';
import type { Settings } from '../config/settings.ts';
import type { Db } from '../db/tables.ts';
import { AppError, toAppError } from '../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from '../paperless/api.ts';
import type { Connection, Timeouts, WriterDeps } from '../paperless/client.ts';
import { createReader } from '../paperless/reader.ts';
import { parseInstanceUrl } from '../paperless/url.ts';
import { createWriter } from '../paperless/writer.ts';
import type { Instances } from './deps.ts';

export interface InstancesDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly client: WriterDeps;
  settings(): Promise<Settings>;
  /** Limits other than the client's own; the time for an answer is a setting unless it stands here. */
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** Open requests to one instance, over all processes (E14). */
  setLimit(target: number, limit: number): void;
}

interface Cached<C> {
  readonly key: string;
  readonly client: C;
}

export function configuredInstances(deps: InstancesDeps): Instances {
  let master: Cached<PaperlessReader> | null = null;
  const replicas = new Map<number, Cached<PaperlessWriter>>();
  return {
    async master() {
      const settings = await deps.settings();
      if (settings.masterUrl === null || settings.masterToken === null) throw masterNotConfigured();
      const connection = connect(deps, 0, settings.masterUrl, settings.masterToken, settings);
      deps.setLimit(0, settings.maxConcurrentRequests);
      const key = JSON.stringify(connection);
      if (master?.key !== key) master = { key, client: naming(createReader(connection, deps.client), 0) };
      return master.client;
    },
    async replica(id) {
      const settings = await deps.settings();
      const row = await deps.db
        .selectFrom('replicas')
        .select(['url', 'api_token'])
        .where('id', '=', id)
        .executeTakeFirst();
      if (!row)
        throw new AppError({ code: 'replica_deleted', class: 'cancelled', message: 'The replica was deleted.' });
      const connection = connect(deps, id, row.url, deps.secrets.open(row.api_token), settings);
      deps.setLimit(id, settings.maxConcurrentRequests);
      const key = JSON.stringify(connection);
      const known = replicas.get(id);
      if (known?.key === key) return known.client;
      const client = naming(createWriter(connection, deps.client), id);
      replicas.set(id, { key, client });
      return client;
    },
  };
}

function connect(deps: InstancesDeps, target: number, url: string, token: string, settings: Settings): Connection {
  const timeouts = { answerMs: settings.requestTimeoutSeconds * 1000, ...deps.timeouts };
  return { target, baseUrl: parseInstanceUrl(url), token, timeouts };
}

export function masterNotConfigured(): AppError {
  return Object.assign(
    new AppError({
      code: 'master_not_configured',
      class: 'config',
      scope: 'instance',
      message: 'No master is configured.',
      hint: 'Set master_url and master_token.',
    }),
    { target: 0 },
  );
}

/** Writes on every error which instance it happened on: that decides whose failure it is (E16). */
export function naming<C extends object>(client: C, target: number): C {
  return new Proxy(client, {
    get(object, property, receiver) {
      const member: unknown = Reflect.get(object, property, receiver);
      if (typeof member !== 'function') return member;
      return (...args: unknown[]) => {
        const result: unknown = (member as (...args: unknown[]) => unknown).apply(object, args);
        return result instanceof Promise
          ? result.catch((thrown: unknown) => Promise.reject(named(thrown, target)))
          : result;
      };
    },
  });
}

function named(thrown: unknown, target: number): AppError {
  const error = toAppError(thrown);
  error.target ??= target;
  return error;
}
