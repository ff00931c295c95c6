/**
 * What every handler gets. A handler reads rows from the store, changes them in place and saves them; the server commits
 * after the handler has answered, so a request is applied wholly or, for an exception, as far as it got, as in paperless,
 * which has no transaction around a request (paperless-api.md 7).
 */

import type { IncomingMessage } from 'node:http';
import type { Consumer } from './consumption/consumer.ts';
import type { FaultBoard } from './faults.ts';
import { type Body, inputObject, readBody } from './http/body.ts';
import { forbidden } from './http/reply.ts';
import type { Query } from './http/query.ts';
import type { SimulatorOptions } from './options.ts';
import type { Profile } from './profile.ts';
import type { PageRequest } from './rest/pagination.ts';
import type { User } from './state/model.ts';
import type { Store } from './state/store.ts';
import type { WorkQueue } from './tasks/queue.ts';
import { hasPermission } from './users/permissions.ts';

/** One simulated instance: its rows, its background work and the faults it has been given. */
export interface Instance {
  /** Changes when the instance is upgraded. */
  profile: Profile;
  readonly options: SimulatorOptions;
  readonly store: Store;
  readonly queue: WorkQueue;
  readonly consumer: Consumer;
  readonly faults: FaultBoard;
}

/** One request while it is handled. */
export class Context {
  readonly instance: Instance;
  readonly request: IncomingMessage;
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly apiVersion: number;
  readonly base: string;
  /** Numbers and words that stood in the path for the parameters of the route. */
  parameters: readonly string[] = [];
  /** A write that stops half way, for a fault: the first part of a PATCH is stored, then nothing more happens. */
  appliesPartly = false;
  #user: User | null;
  #body: Promise<Body> | null = null;

  constructor(fields: {
    instance: Instance;
    request: IncomingMessage;
    path: string;
    query: Query;
    apiVersion: number;
    base: string;
    user: User | null;
  }) {
    this.instance = fields.instance;
    this.request = fields.request;
    this.method = fields.request.method ?? 'GET';
    this.path = fields.path;
    this.query = fields.query;
    this.apiVersion = fields.apiVersion;
    this.base = fields.base;
    this.#user = fields.user;
  }

  get store(): Store {
    return this.instance.store;
  }

  get profile(): Profile {
    return this.instance.profile;
  }

  get isV3(): boolean {
    return this.instance.profile.name === 'v3';
  }

  /** The caller; routes that need none never ask for it. */
  get user(): User {
    if (this.#user === null) throw new Error('the route is open, there is no user');
    return this.#user;
  }

  id(position = 0): number {
    return Number(this.parameters[position]);
  }

  body(): Promise<Body> {
    this.#body ??= readBody(this.request, this.store.blobs);
    return this.#body;
  }

  async input(lists: readonly string[] = []): Promise<Record<string, unknown>> {
    return inputObject(await this.body(), lists);
  }

  /** The same request with other parameters, for calls that carry a list's filters in their body. */
  withQuery(query: Query): Context {
    const { instance, request, path, apiVersion, base } = this;
    return new Context({ instance, request, path, query, apiVersion, base, user: this.#user });
  }

  may(permission: string): boolean {
    return hasPermission(this.store, this.user, permission);
  }

  require(permission: string): void {
    if (!this.may(permission)) throw forbidden();
  }

  get page(): PageRequest {
    return { query: this.query, url: this.base + this.path, withAll: !this.isV3 || this.apiVersion < 10 };
  }
}
