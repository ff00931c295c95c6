/** Tables for spreadsheets. They leave page by page, so that a library of any size needs no more memory than a small one. */
import type { Context } from 'hono';
import { stream } from 'hono/streaming';
import { csvLine } from '../../shared/domain/csv.ts';

const PAGE = 1000;

/** `after` is the last row of the page before. */
type NextPage<Row> = (after: Row | undefined, limit: number) => Promise<readonly Row[]>;

export function csvTable<Row>(
  c: Context,
  name: string,
  table: {
    readonly columns: readonly string[];
    readonly cells: (row: Row) => readonly unknown[];
    readonly page: NextPage<Row>;
  },
): Response {
  return csvFile(c, name, csvLine(table.columns), async (after: Row | undefined) => {
    const rows = await table.page(after, PAGE);
    return { text: rows.map((row) => csvLine(table.cells(row))).join(''), last: full(rows) };
  });
}

/** Of rows with an id, the newest first; `from` is the id of the last row that the caller has. */
export function csvNewestFirst<Row extends { readonly id: number }>(
  c: Context,
  name: string,
  columns: readonly (keyof Row & string)[],
  page: (before: number | undefined, limit: number) => Promise<readonly Row[]>,
  from?: number,
): Response {
  return csvTable(c, name, {
    columns,
    cells: (row: Row) => columns.map((column) => row[column]),
    page: (after, limit) => page(after?.id ?? from, limit),
  });
}

/** Of lines that are written as they are. */
export function csvFile<Row>(
  c: Context,
  name: string,
  header: string,
  next: (after: Row | undefined) => Promise<{ readonly text: string; readonly last: Row | undefined }>,
): Response {
  for (const [key, value] of Object.entries(csvHeaders(name))) c.header(key, value);
  return stream(c, async (out) => {
    await out.write(header);
    for (let after: Row | undefined; !out.aborted; ) {
      const { text, last } = await next(after);
      await out.write(text);
      if (last === undefined) return;
      after = last;
    }
  });
}

/** Undefined: the last page. */
export function full<Row>(rows: readonly Row[], limit = PAGE): Row | undefined {
  return rows.length === limit ? rows.at(-1) : undefined;
}

const csvHeaders = (name: string) => ({
  'content-type': 'text/csv; charset=utf-8',
  'content-disposition': `attachment; filename="${name}.csv"`,
});
