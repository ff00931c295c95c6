/** Whoever works with the master while everything fails: the random changes of the engine's tests, over its API. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { MatchingKind } from '../../services/simulator/state/model.ts';
import { MASTER_CHANGES, type Changeable, type SelectOption } from '../integration/engine/random/changes.ts';
import { Dice } from '../integration/engine/random/dice.ts';
import type { ChaosInstance } from './instance.ts';

/** By this name the writes of people are told from those that a controller must never make. */
export const EDITOR = 'pngx-chaos-editor';
/** Reading everything costs more than a change: what is known may be a few changes old, as with people. */
const CHANGES_A_LOOK = 12;

const idShape = z.object({ id: z.number() });
const listOf = <S extends z.ZodType>(row: S) => z.object({ results: z.array(row) });
const documentShape = z.object({
  id: z.number(),
  notes: z.array(idShape),
  versions: z.array(z.object({ id: z.number(), is_root: z.boolean() })).optional(),
});
const trashShape = z.object({ id: z.number(), root_document: z.number().nullish() });
const optionShape = z.object({ id: z.string(), label: z.string() });
const fieldShape = z.object({
  id: z.number(),
  data_type: z.string(),
  extra_data: z.object({ select_options: z.array(optionShape.nullable()).nullish() }).nullish(),
});

interface Known {
  readonly live: { id: number; notes: readonly { id: number }[] }[];
  readonly trashed: { id: number }[];
  readonly versions: Readonly<Record<'true' | 'false', { id: number; rootDocument: number | null }[]>>;
  readonly objects: Readonly<Record<MatchingKind, number[]>>;
  readonly users: number[];
  readonly definitions: { id: number; dataType: string; options: readonly SelectOption[] }[];
}

export class Editor implements Changeable {
  readonly dice: Dice;
  readonly history: string[] = [];
  readonly #master: ChaosInstance;
  #known: Known | null = null;
  #words = 0;

  constructor(master: ChaosInstance, seed: number) {
    this.#master = master;
    this.dice = new Dice(seed + 7919);
  }

  get changes(): number {
    return this.history.length;
  }

  get isV3(): boolean {
    return this.#master.profile === 'v3';
  }

  word(): string {
    this.#words += 1;
    return `word-${this.#words}`;
  }

  /** Nothing: the clocks belong to the plan of faults. */
  advance(): void {
    this.#words += 0;
  }

  live = () => this.#now.live;
  trashed = () => this.#now.trashed;
  versions = (isTrashed: boolean) => this.#now.versions[isTrashed ? 'true' : 'false'];
  objects = (kind: MatchingKind) => this.#now.objects[kind];
  users = () => this.#now.users;
  definitions = () => this.#now.definitions;

  get #now(): Known {
    if (!this.#known) throw new Error('nothing was looked at yet');
    return this.#known;
  }

  /** A refusal is an answer too: what paperless does not take has not happened. */
  async ask(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<unknown> {
    const answer = await this.#send(method, path, body).catch(() => null);
    const shown = body === undefined || body instanceof FormData ? '' : ` ${JSON.stringify(body)}`;
    const text = await answer?.text().catch(() => '');
    this.history.push(`${answer?.status ?? 'lost'} ${method} ${path}${shown}`);
    return answer?.ok && text ? (JSON.parse(text) as unknown) : null;
  }

  #send(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<Response> {
    const isJson = body !== undefined && !(body instanceof FormData);
    return fetch(this.#master.url + path, {
      method,
      signal: AbortSignal.timeout(10_000),
      headers: {
        authorization: `Token ${this.#master.token}`,
        accept: 'application/json; version=9',
        'user-agent': EDITOR,
        ...(isJson && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: isJson ? JSON.stringify(body) : body }),
    });
  }

  async #read<S extends z.ZodType>(path: string, row: S): Promise<z.output<S>[]> {
    const answer = await this.#send('GET', `${path}${path.includes('?') ? '&' : '?'}page_size=100000`);
    const json: unknown = await answer.json();
    return listOf(row).parse(json).results as z.output<S>[];
  }

  async look(): Promise<void> {
    const ids = async (path: string) => (await this.#read(path, idShape)).map(({ id }) => id);
    const documents = await this.#read('/api/documents/?fields=id,notes,versions', documentShape);
    const trash = await this.#read('/api/trash/', trashShape);
    this.#known = {
      live: documents.map(({ id, notes }) => ({ id, notes })),
      trashed: trash.filter((row) => typeof row.root_document !== 'number'),
      versions: {
        false: documents.flatMap(({ id, versions = [] }) =>
          versions.filter((version) => !version.is_root).map((version) => ({ id: version.id, rootDocument: id })),
        ),
        true: trash.flatMap((row) =>
          typeof row.root_document === 'number' ? [{ id: row.id, rootDocument: row.root_document }] : [],
        ),
      },
      objects: {
        tag: await ids('/api/tags/'),
        correspondent: await ids('/api/correspondents/'),
        document_type: await ids('/api/document_types/'),
        storage_path: await ids('/api/storage_paths/'),
      },
      users: await ids('/api/users/'),
      definitions: (await this.#read('/api/custom_fields/', fieldShape)).map((row) => ({
        id: row.id,
        dataType: row.data_type,
        options: (row.extra_data?.select_options ?? []).filter((option) => option !== null),
      })),
    };
  }

  /** What a library has before anybody looks. */
  async prepare(): Promise<void> {
    for (const path of ['tags', 'correspondents', 'document_types'])
      await this.ask('POST', `/api/${path}/`, { name: this.word(), owner: null });
    const options = { select_options: [{ label: 'one' }, { label: 'two' }] };
    for (const type of ['string', 'documentlink'])
      await this.ask('POST', '/api/custom_fields/', { name: this.word(), data_type: type });
    await this.ask('POST', '/api/custom_fields/', { name: this.word(), data_type: 'select', extra_data: options });
  }

  async edit(changesPerSecond: number, ended: AbortSignal): Promise<void> {
    for (let made = 0; !ended.aborted && changesPerSecond > 0; made += 1) {
      try {
        if (made % CHANGES_A_LOOK === 0) await this.look();
        const group = this.dice.pick(MASTER_CHANGES);
        await (group && this.dice.pick(group))?.(this);
      } catch (error) {
        this.history.push(`not possible: ${(error as Error).message}`);
      }
      await pause(1000 / changesPerSecond, undefined, { signal: ended }).catch(() => undefined);
    }
  }
}
