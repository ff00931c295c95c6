/** Reads the file of a backup: first all of it, to know that it is whole and ours, before anything is changed anywhere. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { SecretBox } from '../../config/secret-key.ts';
import type { Migrations } from '../../db/migrate.ts';
import { AppError, toAppError } from '../../kernel/errors.ts';
import { KEY_PLAIN } from '../check-secret-key.ts';
import { endLine, FORMAT_VERSION, headerLine, rowLine, tableLine, type Header, type TableLine } from './format.ts';

function unreadable(message: string, hint = 'Take another backup; nothing was changed.', cause?: unknown): AppError {
  return new AppError({ code: 'backup_unreadable', class: 'config', message, hint, cause });
}

/** Unpacked, a line at a time. Not by `readline`, which takes other characters for ends of lines, too. */
async function* linesOf(file: string): AsyncGenerator<string> {
  const packed = createReadStream(file);
  const unpacked = createGunzip();
  const flow = pipeline(packed, unpacked).catch((error: unknown) => error);
  unpacked.setEncoding('utf8');
  let rest = '';
  try {
    for await (const chunk of unpacked as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } catch (error) {
    throw brokenFile(file, (await flow) ?? error);
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
  if (rest !== '') throw cutOff(file);
}

function brokenFile(file: string, error: unknown): AppError {
  const { code } = error as { code?: string };
  if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR')
    return unreadable(`The backup ${file} cannot be read (${code}).`, 'Check the path.', error);
  if (code === 'Z_BUF_ERROR' || code === 'ERR_STREAM_PREMATURE_CLOSE') return cutOff(file);
  return unreadable(`${file} is no backup of this program, or damaged (${code ?? 'not gzip'}).`, undefined, error);
}

function cutOff(file: string): AppError {
  return unreadable(`The backup ${file} is cut off: its end is missing.`);
}

/** JSON that fits, or null. */
function parse<T>(
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } },
  line: string,
) {
  try {
    const parsed = schema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export interface Expected {
  readonly known: Migrations;
  /** Null: its tokens are given up, so any key will do. */
  readonly secrets: SecretBox | null;
}

/** @throws backup_unreadable, backup_newer, backup_wrong_key: in words, before anything is touched. */
export async function checkBackup(file: string, expected: Expected): Promise<Header> {
  const hash = createHash('sha256');
  let header: Header | null = null;
  let columns = 0;
  let held = 0;
  const counts = new Map<string, number>();
  let table = '';
  let ended = false;
  for await (const line of linesOf(file)) {
    if (ended) throw unreadable(`The backup ${file} goes on after its end.`);
    if (header === null) {
      header = headerOf(file, line);
      refuseStranger(header, expected);
    } else if (line.startsWith('{"end"')) {
      const end = parse(endLine, line);
      if (end === null || end.rows !== held || end.sha256 !== hash.copy().digest('hex'))
        throw unreadable(`The backup ${file} is damaged: its content does not fit its checksum.`);
      ended = true;
      continue;
    } else if (line.startsWith('{')) {
      const opening = parse(tableLine, line);
      if (opening === null) throw unreadable(`The backup ${file} is damaged.`);
      table = opening.table;
      columns = opening.columns.length;
    } else {
      if (parse(rowLine, line)?.length !== columns) throw unreadable(`The backup ${file} is damaged in ${table}.`);
      counts.set(table, (counts.get(table) ?? 0) + 1);
      held += 1;
    }
    hash.update(`${line}\n`);
  }
  if (header === null) throw unreadable(`The backup ${file} is empty.`);
  if (!ended) throw cutOff(file);
  const wrong = header.tables.find(({ name, rows }) => rows !== (counts.get(name) ?? 0));
  if (wrong !== undefined) throw unreadable(`The backup ${file} is damaged: rows of ${wrong.name} are missing.`);
  return header;
}

function headerOf(file: string, line: string): Header {
  const header = parse(headerLine, line);
  if (header === null) throw unreadable(`${file} is no backup of this program.`);
  if (header.version > FORMAT_VERSION) throw newer(`its format is ${header.version}`);
  return header;
}

function newer(why: string): AppError {
  return new AppError({
    code: 'backup_newer',
    class: 'config',
    message: `The backup was made by a newer release: ${why}.`,
    hint: 'Restore it with that release. Nothing was changed.',
  });
}

function refuseStranger(header: Header, { secrets, known }: Expected): void {
  const unknown = header.schema.filter((name) => !Object.hasOwn(known, name));
  if (unknown.length > 0) throw newer(`this one does not know ${unknown.join(', ')}`);
  if (secrets === null) return;
  try {
    if (secrets.open(header.key_canary) === KEY_PLAIN) return;
  } catch (error) {
    if (toAppError(error).code !== 'fernet_token_invalid') throw error;
  }
  throw new AppError({
    code: 'backup_wrong_key',
    class: 'config',
    message: 'SECRET_KEY is not the key that this backup was written with.',
    hint: 'Set the key of that time. If it is lost, add --forget-tokens and type the tokens anew. Nothing was changed.',
  });
}

/** Rows in batches that fit one statement, with the table they belong to. */
export async function* batchesOf(file: string): AsyncGenerator<{ table: TableLine; lines: string[] }> {
  let table: TableLine | null = null;
  let lines: string[] = [];
  let size = 0;
  for await (const line of linesOf(file)) {
    const isRow = line.startsWith('[');
    if (table !== null && lines.length > 0 && (!isRow || size > MAX_BATCH || lines.length >= MAX_ROWS)) {
      yield { table, lines };
      [lines, size] = [[], 0];
    }
    if (isRow) {
      lines.push(line);
      size += line.length;
    } else table = parse(tableLine, line);
  }
}

const MAX_ROWS = 500;
const MAX_BATCH = 1_000_000;
