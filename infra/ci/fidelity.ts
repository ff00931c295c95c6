/** `npm run fidelity`: writes docs/paperless-compatibility.md anew. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fidelityPage } from './fidelity-page.ts';

await writeFile(fileURLToPath(new URL('../../docs/paperless-compatibility.md', import.meta.url)), fidelityPage());
process.stdout.write('docs/paperless-compatibility.md is up to date.\n');
