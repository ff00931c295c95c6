/** Reads and writes one replica. No write is ever repeated here; what became of it is the caller's to find out. */
import type { PaperlessWriter } from './api.ts';
import type { Connection, WriterDeps } from './client.ts';
import { documentWrites } from './documents.ts';
import { createHttp } from './http.ts';
import { noteWrites } from './notes.ts';
import { readerOver } from './reader.ts';
import { taxonomyWrites } from './taxonomy.ts';
import { trashWrites } from './trash.ts';
import { uploadWrites } from './upload.ts';
import { versionWrites } from './versions.ts';

export function createWriter(connection: Connection, deps: WriterDeps): PaperlessWriter {
  const http = createHttp(connection, deps);
  return {
    ...readerOver(http, connection),
    ...documentWrites(http),
    ...taxonomyWrites(http),
    ...noteWrites(http),
    ...trashWrites(http),
    ...uploadWrites(http),
    ...versionWrites(http),
  };
}
