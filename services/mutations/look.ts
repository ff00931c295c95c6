import { z } from 'zod';
import { comparePair } from '../demo/comparison/document.ts';
import { hashFiles } from '../demo/comparison/files.ts';
import type { Sides } from '../demo/comparison/names.ts';
import type { Hashed, Pair } from '../demo/comparison/pair.ts';
import { readInstance, type Snapshot } from '../demo/comparison/read.ts';
import { compareTaxonomy } from '../demo/comparison/taxonomy.ts';
import type { PaperlessHttp } from '../demo/http.ts';
import { page } from '../demo/wire.ts';
import { keyIn } from './kind.ts';

export interface Finding {
  /** The step whose document or object it is about; null for what bears no step's name. */
  readonly key: string | null;
  readonly text: string;
}

/** What an independent reader of both sides sees of everything whose name begins with the prefix. */
export interface Look {
  readonly findings: readonly Finding[];
  /** Live on the replica. */
  readonly copies: readonly { readonly id: number; readonly title: string }[];
  /** Titles in the trash of the replica. */
  readonly trash: readonly string[];
}

export async function look(master: PaperlessHttp, replica: PaperlessHttp, prefix: string): Promise<Look> {
  const sides = { master: await readInstance(master, prefix), replica: await readInstance(replica, prefix) };
  const left = await hashFiles(master, sides.master.documents);
  const right = await hashFiles(replica, sides.replica.documents);
  return {
    findings: [
      ...documentFindings(sides, left, right),
      ...taxonomyFindings(sides, prefix),
      ...(await leftovers(replica)),
    ],
    copies: sides.replica.documents.map(({ id, title }) => ({ id, title })),
    trash: await trashedTitles(replica, prefix),
  };
}

const nameOf = ({ document }: Hashed): string => document.original_file_name?.normalize('NFC') ?? '';

/** Every file has a name of its own, which no instance can change afterwards. */
function documentFindings(sides: Sides, left: readonly Hashed[], right: readonly Hashed[]): Finding[] {
  const free = [...right];
  const pairs: Pair[] = [];
  const findings: Finding[] = [];
  for (const master of left) {
    const copies = free.filter((candidate) => nameOf(candidate) === nameOf(master));
    const [replica] = copies;
    if (replica) pairs.push({ master, replica });
    else findings.push(about(master, 'it is missing on the replica'));
    if (copies.length > 1) findings.push(about(master, `it is ${copies.length} times on the replica`));
    for (const copy of copies) free.splice(free.indexOf(copy), 1);
  }
  const targets = {
    pairOf: new Map(pairs.map(({ master, replica }) => [master.document.id, replica.document.id])),
    masterIds: new Set(left.map(({ document }) => document.id)),
    blocked: new Set<number>(),
  };
  const differing = pairs.flatMap((pair) =>
    comparePair(sides, targets, pair).differences.map((one) =>
      about(pair.master, `${one.field}: ${one.master} | ${one.replica}`),
    ),
  );
  return [...findings, ...differing, ...free.map((copy) => about(copy, 'it is on the replica alone'))];
}

function about({ document }: Hashed, problem: string): Finding {
  const { id, title, original_file_name: name } = document;
  return { key: keyIn(title) ?? keyIn(name ?? ''), text: `document ${id} "${title}": ${problem}` };
}

/** What was deleted on the master must be gone: the controller made it, and deletion is switched on (E5). */
function taxonomyFindings(sides: Sides, prefix: string): Finding[] {
  const own = { master: restricted(sides.master, prefix), replica: restricted(sides.replica, prefix) };
  const { differences, replicaOnly } = compareTaxonomy(own);
  const problems = [...differences, ...replicaOnly.map((name) => `${name} is on the replica alone`)];
  return problems.map((text) => ({ key: keyIn(text), text }));
}

function restricted(side: Snapshot, prefix: string): Snapshot {
  const own = <Row extends { readonly name: string }>(rows: ReadonlyMap<number, Row>) =>
    new Map([...rows].filter(([, { name }]) => name.startsWith(prefix)));
  const { tags, correspondents, document_types: types, storage_paths: paths } = side.objects;
  return {
    ...side,
    objects: {
      tags: own(tags),
      correspondents: own(correspondents),
      document_types: own(types),
      storage_paths: own(paths),
    },
    fields: own(side.fields),
  };
}

const count = z.object({ count: z.number() });

/** Titles and numbers that belong to work in progress, of which there must be none now. */
async function leftovers(replica: PaperlessHttp): Promise<Finding[]> {
  const marked = await replica.get('/api/documents/?page_size=1&fields=id&title__istartswith=pngx.', count);
  const numbered = await replica.get(
    '/api/documents/?page_size=1&fields=id&archive_serial_number__gte=2000000000',
    count,
  );
  return [
    ...(marked.count > 0 ? [{ key: null, text: `${marked.count} documents still bear the title of an upload` }] : []),
    ...(numbered.count > 0 ? [{ key: null, text: `${numbered.count} documents still bear a reserved number` }] : []),
  ];
}

const trashed = page(z.object({ title: z.string(), root_document: z.number().nullish() }));

async function trashedTitles(replica: PaperlessHttp, prefix: string): Promise<string[]> {
  const titles: string[] = [];
  for (let number = 1, read = 0; ; number += 1) {
    const { count: all, results } = await replica.get(`/api/trash/?page_size=500&page=${number}`, trashed);
    read += results.length;
    // A trashed version is an entry of its own, with the title of its document.
    for (const { title, root_document: root } of results)
      if (title.startsWith(prefix) && typeof root !== 'number') titles.push(title);
    if (read >= all || results.length === 0) return titles;
  }
}
