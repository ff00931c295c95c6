import { describe, expect, it } from 'vitest';
import { hintOfFields, hintOfText, nextLookAfter } from '../../../shared/domain/webhook-hint.ts';
import { differencesFrom, workflowBody, type FoundWorkflow } from '../../../shared/domain/webhook-workflow.ts';

const idOf = (fields: Record<string, unknown>) => hintOfFields(fields)?.documentId ?? null;

describe('the document that fields name', () => {
  it.each<[string, Record<string, unknown>, number | null]>([
    ['an id', { doc_id: '12' }, 12],
    ['an id as a number', { doc_id: 12 }, 12],
    ['an address', { doc: 'http://paperless.test/documents/71005/' }, 71005],
    ['an address below a base path', { doc_url: 'https://x.test/docs/documents/7/' }, 7],
    ['an address of an instance without PAPERLESS_URL', { doc_url: 'None/documents/7/' }, 7],
    ['an address whose id is not ended by a slash', { link: 'http://x/documents/7' }, 7],
    ['the id before an address', { doc_url: 'http://x/documents/7/', doc_id: '8' }, 8],
    ['the address before a title that quotes another', { title: '/documents/9/', doc_url: 'http://x/documents/7/' }, 7],
    ['nothing', {}, null],
    ['only a title with a number', { title: '42' }, null],
    ['an empty id, as of a document that is not there yet', { doc_id: '', doc_url: '' }, null],
    ['an id of zero', { doc_id: '0' }, null],
    ['a negative id', { doc_id: '-5' }, null],
    ['an id that no database holds', { doc_id: '9'.repeat(30) }, null],
    ['an id with more behind it', { doc_id: '5; drop table sync_map' }, null],
    ['a fraction', { doc_id: 1.5 }, null],
    ['an object instead of an id', { doc_id: { id: 5 } }, null],
    ['an address of something else', { doc_url: 'http://x/documentsx/7/' }, null],
    ['a prototype', JSON.parse('{"__proto__": {"doc_id": "7"}}') as Record<string, unknown>, null],
  ])('%s', (_, fields, id) => expect(idOf(fields)).toBe(id));

  it('says added or updated only if a field says so', () => {
    expect(hintOfFields({ doc_id: '1', event: 'Document_Added' })?.kind).toBe('added');
    expect(hintOfFields({ doc_id: '1', kind: 'updated' })?.kind).toBe('updated');
    expect(hintOfFields({ doc_id: '1', title: 'updated' })?.kind).toBe('changed');
  });

  it('keeps of values only what names the document, and of names only so much', () => {
    const given = {
      doc_url: 'http://u:p@x/documents/7/?token=abc',
      title: 'Secret plan',
      token: 'hush-hush',
      ['<b>\0'.repeat(60)]: 'x',
    };
    const fields = hintOfFields(given)?.fields ?? {};
    expect(fields).toMatchObject({ doc_url: '.../documents/7/', title: '11 characters', token: '9 characters' });
    expect(JSON.stringify(fields)).not.toMatch(/hush|plan|abc|<|\\u0000/);
    expect(Object.keys(fields).every((name) => name.length <= 64)).toBe(true);
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`f${n}`, 'x']));
    expect(Object.keys(hintOfFields({ doc_id: '1', ...many })?.fields ?? {})).toHaveLength(21);
  });
});

describe('the document that a text names', () => {
  it.each<[string, number | null]>([
    ['doc=http://127.0.0.1:8023/documents/71005/ title=Hooked again', 71005],
    ['doc=None/documents/71005/ title=Hooked', 71005],
    ['{"doc":"http://x/documents/5/", broken', 5],
    ['title=about /documents/3/ doc_id=4', 4],
    ['  17 ', 17],
    ['doc_id: 12345678901234567890', null],
    ['nothing here', null],
    ['', null],
  ])('%s', (text, id) => expect(hintOfText(text)?.documentId ?? null).toBe(id));

  it('is read in linear time, however it is made to look', () => {
    for (const text of ['/documents/'.repeat(6000), `doc_id${' '.repeat(60_000)}`, '1'.repeat(65_000)])
      expect(hintOfText(text)).toBeNull();
  });
});

it('looks again with growing pauses, and not for ever', () => {
  const pauses = Array.from({ length: 8 }, (_, at) => nextLookAfter(at + 1));
  expect(pauses).toEqual([3, 7, 15, 30, 60, 120, null, null]);
});

describe('the workflow on the master', () => {
  const wish = { url: 'https://c.test/webhook/paperless', secret: 's', generation: 'v3' } as const;
  const found = (change: Partial<FoundWorkflow> = {}): FoundWorkflow => ({ id: 1, ...workflowBody(wish), ...change });

  it('asks 2.20 for no placeholder that it does not know', () => {
    const { params } = workflowBody({ ...wish, generation: 'v2' }).actions[0]?.webhook ?? { params: {} };
    expect(params).toEqual({ doc_url: '{{doc_url}}' });
  });

  it('is as it should be, or it is said what is not', () => {
    expect(differencesFrom(found(), wish)).toEqual([]);
    const webhook = workflowBody({ ...wish, url: 'https://old.test/', secret: 'old' }).actions;
    const triggers = [
      { type: 2, filter_filename: 'a*' },
      { type: 3, filter_has_tags: [], filter_path: null },
    ];
    expect(differencesFrom(found({ enabled: false, triggers, actions: webhook }), wish)).toEqual([
      'it is switched off',
      'it does not start when any document is added',
      'it goes to another address',
      'it does not bear the secret that is set here',
    ]);
    expect(differencesFrom(found({ actions: [] }), wish)).toEqual(['it does not do one thing, a webhook']);
  });
});
