/** docs/paperless-compatibility.md as text, from the one table that the engine works by. */
import { fidelityOf, FIDELITY_AREAS, type FidelityArea, type FidelityRow } from '../../shared/domain/fidelity.ts';
import { VERSION_PAIRS } from '../../shared/domain/field-policy.ts';

const HEAD = `# What is replicated, and how true

Made by \`npm run fidelity\` from \`shared/domain/field-policy.ts\` and \`fidelity.ts\`; a test compares it with them. The same
list: \`GET /api/fidelity?master=v3&replica=v2\` and \`pngx-controller fidelity\`.

v2 is paperless-ngx 2.20, v3 is 3.x; \`v3->v2\` means a 3.x master and a 2.20 replica.

| word | meaning |
|---|---|
| exact | the same value |
| mapped | ids or spelling differ, the meaning is equal |
| derived | the replica computes its own |
| not replicable | differs, is said for each document where it matters, and does not count against equality |
| absent | a master of that version has no such thing |

A setting in brackets is one of the replica's and changes what is said.
`;

const TITLES: Readonly<Record<FidelityArea, string>> = {
  document: 'Documents',
  taxonomy: 'Tags, correspondents, document types, storage paths, custom fields',
  instance: 'The instance itself',
};

export function fidelityPage(): string {
  const pairs = VERSION_PAIRS.map((pair) => new Map(fidelityOf(pair).map((row) => [`${row.area}.${row.field}`, row])));
  const rows = fidelityOf(VERSION_PAIRS[0]);
  const sections = FIDELITY_AREAS.map((area) => {
    const lines = rows
      .filter((row) => row.area === area)
      .map(({ field }) =>
        line(
          field,
          pairs.map((pair) => pair.get(`${area}.${field}`) as FidelityRow),
        ),
      );
    return `\n## ${TITLES[area]}\n\n| field | ${VERSION_PAIRS.join(' | ')} | why |\n|---|---|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return HEAD + sections.join('');
}

function line(field: string, rows: readonly FidelityRow[]): string {
  const words = rows.map((row) => row.fidelity.replace('_', ' '));
  const reasons = new Map<string, string[]>();
  rows.forEach((row, at) => reasons.set(row.reason, [...(reasons.get(row.reason) ?? []), VERSION_PAIRS[at] ?? '']));
  const why = [...reasons].map(([reason, of]) => (reasons.size === 1 ? reason : `${of.join(', ')}: ${reason}`));
  const setting = rows.find((row) => row.setting !== null)?.setting ?? null;
  return `| \`${field}\` | ${words.join(' | ')} | ${why.join('; ')}${setting === null ? '' : ` [\`${setting}\`]`} |`;
}
