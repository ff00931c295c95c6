/** Versions of a file, on 3.x only (paperless-api.md 8). `?version=` is always named: without it the newest answers. */
import { AppError } from '../kernel/errors.ts';
import type { PaperlessReader, PaperlessWriter } from './api.ts';
import { orNull } from './documents.ts';
import { answeredError } from './errors.ts';
import { parseAs, readJson, serverDateOf, writeJson } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { toChecksum } from './mapper.ts';
import { fileForm } from './upload.ts';
import * as wire from './wire.ts';

const ONE = '/api/documents/{id}/versions/{version}/';

export function versionReads(http: Http): Pick<PaperlessReader, 'versionFacts' | 'rootOf'> {
  return {
    versionFacts: (id, versionId, signal) =>
      orNull(async () => {
        const facts = await readJson(http, factsRequest(id, versionId, signal), wire.metadata);
        return {
          checksum: toChecksum(facts.original_checksum),
          size: facts.original_size ?? null,
          fileName: facts.original_filename ?? null,
        };
      }),
    rootOf: (id, signal) =>
      orNull(async () => {
        const route = '/api/documents/{id}/root/';
        const request: ApiRequest = { method: 'GET', route, id, purpose: 'object', signal };
        return (await readJson(http, request, wire.versionRoot)).root_id;
      }),
  };
}

function factsRequest(id: number, versionId: number, signal: AbortSignal | undefined): ApiRequest {
  const route = '/api/documents/{id}/metadata/';
  // Parses the file the first time, which may take minutes: the limits of files hold.
  return { method: 'GET', route, id, purpose: 'object', query: { version: versionId }, file: true, signal };
}

type VersionWrites = Pick<PaperlessWriter, 'uploadVersion' | 'setVersionLabel' | 'deleteVersion'>;

export function versionWrites(http: Http): VersionWrites {
  return {
    async uploadVersion(id, upload, signal) {
      const request: ApiRequest = {
        method: 'POST',
        route: '/api/documents/{id}/update_version/',
        id,
        purpose: 'create',
        body: fileForm([['version_label', upload.label]], upload),
        file: true,
        signal,
      };
      return await http.write(request, (answer) => ({
        taskId: parseAs(request, answer, wire.taskId),
        serverDate: serverDateOf(request, answer),
      }));
    },
    async setVersionLabel(id, versionId, label, signal) {
      const request: ApiRequest = { method: 'PATCH', route: ONE, id, versionId, purpose: 'change', signal };
      const row = await writeJson(http, request, { version_label: label }, wire.labelledVersion);
      if (row.id !== versionId) throw answeredError(request, 200, 'was answered with another version.');
    },
    async deleteVersion(id, versionId, signal) {
      const request: ApiRequest = { method: 'DELETE', route: ONE, id, versionId, purpose: 'change', signal };
      // paperless would refuse it with a text that reads like a locked database (paperless-api.md 8.1, 16).
      if (versionId === id) throw rootStays();
      await http.write(request, (answer) => parseAs(request, answer, wire.deletedVersion));
    },
  };
}

function rootStays(): AppError {
  return new AppError({
    code: 'internal_error',
    class: 'internal',
    message: 'The first file of a document cannot be deleted as a version.',
  });
}
