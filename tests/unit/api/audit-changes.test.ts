/** What the audit page says of a row: the change, not the whole of what was noted. */
import { expect, it } from 'vitest';
import { changesIn } from '../../../services/api/presenters/audit.ts';

it('names only what differs, however deep it stands', () => {
  const before = { 'replica 2': { name: 'cellar', paused_at: null, pause_reason: null }, limit: 10 };
  const after = { 'replica 2': { name: 'cellar', paused_at: '2026-01-01', pause_reason: '' }, limit: 7 };
  expect(changesIn({ before, after })).toEqual([
    { what: 'replica 2, paused_at', before: null, after: '2026-01-01' },
    { what: 'limit', before: '10', after: '7' },
  ]);
});

it('tells of something new only what it says, and of something gone that it is gone', () => {
  expect(changesIn({ before: {}, after: { key: { name: 'probe', revoked_at: null } } })).toEqual([
    { what: 'key, name', before: null, after: 'probe' },
  ]);
  expect(changesIn({ before: { key: { name: 'probe' } }, after: null })).toEqual([
    { what: 'key, name', before: 'probe', after: null },
  ]);
  expect(changesIn({ before: null, after: null })).toEqual([]);
});
