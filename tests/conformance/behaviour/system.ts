import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';
import { pageOf } from '../support/shapes.ts';

const action = z.looseObject({ type: z.number().int() });
const workflow = z.looseObject({
  id: z.number().int(),
  name: z.string(),
  enabled: z.boolean(),
  actions: z.array(action),
});
const mailRule = z.looseObject({ id: z.number().int(), name: z.string(), enabled: z.boolean() });
const unset = z.boolean().nullable();
const status = z.looseObject({
  pngx_version: z.string(),
  storage: z.looseObject({ total: z.number().positive(), available: z.number().nonnegative() }),
  database: z.looseObject({ status: z.string() }),
  tasks: z.looseObject({ redis_status: z.string(), celery_status: z.string() }),
});

/** What the hygiene check stands on (E25). */
export function systemBehaviour(library: Library): void {
  describe('the instance about itself', () => {
    ownRights(library);
    automation(library);
    condition(library);
  });
}

function ownRights(library: Library): void {
  test('the settings of the caller list every right of a superuser, and how many days the trash is kept', async () => {
    const answer = await library.call('/api/ui_settings/');
    const shape = z.looseObject({
      user: z.looseObject({ is_superuser: z.literal(true), is_staff: z.literal(true) }),
      settings: z.looseObject({ trash_delay: z.number().int().positive() }),
      permissions: z.array(z.string()),
    });
    const { permissions } = shape.parse(answer.json);
    for (const model of ['document', 'tag', 'correspondent', 'documenttype', 'storagepath', 'customfield', 'note'])
      expect(permissions).toContain(`view_${model}`);
    for (const right of ['view_user', 'view_group', 'view_uisettings']) expect(permissions).toContain(right);
  });

  test('they list exactly the rights that another user was given', async () => {
    const rights = ['view_document', 'view_uisettings'];
    const account = await library.account('reader', rights);
    const { json } = await library.call('/api/ui_settings/', { auth: account.auth });
    const shape = z.looseObject({
      user: z.looseObject({ is_superuser: z.literal(false), is_staff: z.literal(false) }),
      permissions: z.array(z.string()),
    });
    expect(shape.parse(json).permissions.toSorted()).toEqual(rights);
  });

  test('every answer says by the clock of the instance when it was given', async () => {
    const { headers } = await library.call('/api/ui_settings/');
    expect(Number.isNaN(Date.parse(headers.get('date') ?? ''))).toBe(false);
  });
}

function automation(library: Library): void {
  test('a workflow shows whether it is enabled and, in its actions, what it assigns and removes', async () => {
    const name = library.name('workflow');
    const made = await library.tryCreate('workflows', {
      ...{ name, order: 1, enabled: false },
      triggers: [{ type: 2, filter_filename: 'never-*' }],
      actions: [
        { type: 1, assign_title: 'Made by a workflow' },
        { type: 2, remove_all_owners: true },
      ],
    });
    expect(made.status, made.text).toBe(201);
    const list = pageOf(workflow).parse((await library.call('/api/workflows/?page_size=100000')).json);
    const found = list.results.find((row) => row.name === name);
    expect(found?.enabled).toBe(false);
    expect(found?.actions.map(({ type }) => type).toSorted()).toEqual([1, 2]);
    expect(found?.actions.find(({ type }) => type === 1)).toMatchObject({ assign_title: 'Made by a workflow' });
    expect(found?.actions.find(({ type }) => type === 2)).toMatchObject({ remove_all_owners: true });
  });

  test('mail rules are a paged list that tells which are enabled', async () => {
    const answer = await library.call('/api/mail_rules/?page_size=100000');
    expect(answer.status, answer.text).toBe(200);
    pageOf(mailRule).parse(answer.json);
  });

  test('neither is shown to a user without the right', async () => {
    const account = await library.account('outsider', ['view_uisettings']);
    for (const path of ['/api/workflows/', '/api/mail_rules/'])
      expect((await library.call(path, { auth: account.auth })).status).toBe(403);
  });
}

function condition(library: Library): void {
  test('the configuration is an array with one object, in which null means that the environment decides', async () => {
    const row = z.looseObject({
      id: z.literal(1),
      mode: z.string().nullable(),
      barcodes_enabled: unset,
      barcode_enable_asn: unset,
      barcode_enable_tag: unset,
    });
    const [config] = z.tuple([row]).parse((await library.call('/api/config/')).json);
    expect(Object.keys(config)).toContain(library.generation === 2 ? 'skip_archive_file' : 'archive_file_generation');
  });

  test('the status names the free storage and the state of database, Redis and task workers', async () => {
    const answer = await library.call('/api/status/');
    const { storage, database } = status.parse(answer.json);
    expect(storage.available).toBeLessThanOrEqual(storage.total);
    expect(database.status).toBe('OK');
  });

  test('the status is refused in text to a user who is not staff', async () => {
    const account = await library.account('visitor', ['view_uisettings']);
    const refused = await library.call('/api/status/', { auth: account.auth });
    expect([refused.status, refused.text]).toEqual([403, 'Insufficient permissions']);
  });
}
