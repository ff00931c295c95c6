import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DocumentVersion } from '../../../shared/domain/model.ts';
import { newestVersion } from '../../../shared/domain/versions.ts';

const version = (id: number): DocumentVersion => ({
  id,
  added: '2024-01-01T00:00:00Z',
  label: null,
  checksum: String(id),
  isRoot: false,
});

describe('newestVersion', () => {
  test('is null where the instance knows no versions', () => {
    expect(newestVersion({ versions: [] })).toBeNull();
  });

  test('is the highest id in whatever order the versions came', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1 }), { minLength: 1 }), (ids) => {
        expect(newestVersion({ versions: ids.map(version) })?.id).toBe(Math.max(...ids));
      }),
    );
  });
});
