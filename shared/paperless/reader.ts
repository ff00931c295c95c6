/** Reads one instance. The object has no write method at runtime either: it is what the master is given (H5). */
import type { PaperlessReader } from './api.ts';
import { createProbe } from './capabilities.ts';
import type { ClientDeps, Connection } from './client.ts';
import { documentReads } from './documents.ts';
import { fileReads } from './files.ts';
import { createHttp } from './http.ts';
import type { Http } from './http.ts';
import { systemReads } from './system.ts';
import { taskReads } from './tasks.ts';
import { taxonomyReads } from './taxonomy.ts';
import { trashReads } from './trash.ts';
import { versionReads } from './versions.ts';

export function createReader(connection: Connection, deps: ClientDeps): PaperlessReader {
  // Without a guard the client could not write even if it were asked to.
  return readerOver(createHttp(connection, { ...deps, guard: undefined }), connection);
}

export function readerOver(http: Http, connection: Connection): PaperlessReader {
  const probe = createProbe(http);
  return {
    target: connection.target,
    probe: (signal) => probe.probe(signal),
    ...documentReads(http, probe),
    ...fileReads(http, probe),
    ...systemReads(http),
    ...taskReads(http, probe),
    ...taxonomyReads(http),
    ...trashReads(http),
    ...versionReads(http),
  };
}
