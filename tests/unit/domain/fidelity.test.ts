import { describe, expect, it } from 'vitest';
import { fidelityOf } from '../../../shared/domain/fidelity.ts';
import { type FIELD_POLICY, VERSION_PAIRS, WRITABLE_FIELDS } from '../../../shared/domain/field-policy.ts';

const byField = (pair: (typeof VERSION_PAIRS)[number]) =>
  new Map(fidelityOf(pair).map((row) => [`${row.area}.${row.field}`, row]));

describe('the table of fields', () => {
  it('says of the same fields, with a reason each, what becomes of them on every pair of versions', () => {
    const names = VERSION_PAIRS.map((pair) => [...byField(pair).keys()]);
    for (const list of names) expect(list).toEqual(names[0]);
    for (const pair of VERSION_PAIRS) for (const row of fidelityOf(pair)) expect(row.reason).not.toBe('');
  });

  it('calls no field writable that is not equal afterwards', () => {
    expect(WRITABLE_FIELDS.length).toBe(11);
    for (const pair of VERSION_PAIRS)
      for (const field of WRITABLE_FIELDS)
        expect(['exact', 'mapped']).toContain(byField(pair).get(`document.${field}`)?.fidelity);
  });

  it('tells the pairs apart where the versions of paperless differ', () => {
    const of = (field: keyof typeof FIELD_POLICY) =>
      VERSION_PAIRS.map((pair) => byField(pair).get(`document.${field}`)?.fidelity);
    expect(of('versions')).toEqual(['absent', 'absent', 'not_replicable', 'exact']);
    expect(of('changed_file')).toEqual(['not_replicable', 'exact', 'not_replicable', 'exact']);
    expect(of('twins')).toEqual(['absent', 'absent', 'not_replicable', 'exact']);
    expect(of('original_file_name')).toEqual(['exact', 'mapped', 'exact', 'exact']);
  });

  it('lists everything that is never replicated', () => {
    const instance = ['users', 'groups', 'saved_views', 'workflows', 'mail_accounts', 'mail_rules', 'app_config'];
    const document = [
      ...['share_links', 'added', 'modified', 'history', 'trash', 'dead_document_links', 'tags_without_ancestor'],
      ...['text_ends', 'note_author', 'note_time', 'one_way_document_links'],
    ];
    const names = [...instance.map((name) => `instance.${name}`), ...document.map((name) => `document.${name}`)];
    for (const pair of VERSION_PAIRS)
      for (const name of names) expect(byField(pair).get(name)?.fidelity, `${pair} ${name}`).toBe('not_replicable');
  });

  it('names the setting of the replica where one changes what becomes of a field', () => {
    expect(byField('v3->v2').get('document.changed_file')?.setting).toBe('replace_files_on_v2');
    expect(byField('v3->v3').get('document.changed_file')?.setting).toBeNull();
    expect(byField('v3->v3').get('taxonomy.is_inbox_tag')?.setting).toBe('restore_held_back');
  });
});
