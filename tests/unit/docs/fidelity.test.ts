import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fidelityPage } from '../../../infra/ci/fidelity-page.ts';

test('docs/paperless-compatibility.md is what the table of fields says (npm run fidelity writes it)', async () => {
  const page = await readFile(new URL('../../../docs/paperless-compatibility.md', import.meta.url), 'utf8');
  expect(page).toBe(fidelityPage());
});
