/**
 * The upload form. Everything is checked here that can be checked without the library's uniqueness: duplicates and ASNs are
 * only looked at by the worker, so a refusal comes later and by another way (paperless-api.md 4).
 */

import type { Context } from '../context.ts';
import type { Body } from '../http/body.ts';
import { badRequest, detail, forbiddenText, json, type Reply } from '../http/reply.ts';
import { checkValue } from '../documents/custom-values.ts';
import { MAX_ASN } from '../documents/patch.ts';
import { parseDate, parseDateTime } from '../rest/dates.ts';
import {
  booleanField,
  type Field,
  type Fields,
  idField,
  integerField,
  invalid,
  readInput,
  textField,
} from '../rest/input.ts';
import { isoDate } from '../state/clock.ts';
import type { Blob } from '../state/blobs.ts';
import { cleanFileName } from './file-name.ts';
import { sniffMimeType, SUPPORTED_TYPES } from './mime.ts';

export interface UploadedDocument {
  readonly name: string;
  readonly blob: Blob;
  readonly mimeType: string;
}

const NO_FILE = { document: ['No file was submitted.'] };

/** The `document` part of a form, checked as both upload views check it. */
export async function uploadedDocument(
  context: Context,
  body: Body,
  compose: boolean,
): Promise<{ file: UploadedDocument | null; errors: Record<string, unknown> }> {
  const part = body.kind === 'form' ? body.files.find((file) => file.field === 'document') : undefined;
  if (!part) return { file: null, errors: NO_FILE };
  if (part.blob.size === 0) return { file: null, errors: { document: ['The submitted file is empty.'] } };
  const name = cleanFileName(part.name, compose);
  const sniffed = sniffMimeType(await context.store.blobs.read(part.blob, Math.min(part.blob.size, 8192)));
  const isUnreadPdf = sniffed === 'application/octet-stream' && name.toLowerCase().endsWith('.pdf');
  if (!SUPPORTED_TYPES.has(sniffed) && !isUnreadPdf) {
    return { file: null, errors: { document: [`File type ${sniffed} not supported`] } };
  }
  return { file: { name, blob: part.blob, mimeType: isUnreadPdf ? 'application/pdf' : sniffed }, errors: {} };
}

const DATE_TIME_FORMAT =
  'Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].';

const createdField: Field<string> = (input) => {
  const given = String(input);
  const moment = parseDateTime(given);
  const day = moment === null ? parseDate(given) : isoDate(moment);
  if (day === null) throw invalid(DATE_TIME_FORMAT);
  return day;
};

function fields({ store, user }: Context) {
  const { correspondent, document_type, storage_path, tag } = store.matching;
  return {
    title: textField(),
    created: createdField,
    correspondent: idField((id) => correspondent.has(id)),
    document_type: idField((id) => document_type.has(id)),
    storage_path: idField((id) => storage_path.has(id)),
    tags: (input: unknown) => (input as unknown[]).map(idField((id) => tag.has(id))),
    archive_serial_number: integerField(0, MAX_ASN),
    custom_fields: (input: unknown) => customFields({ store, user } as Context, String(input)),
    from_webui: booleanField,
  } satisfies Fields;
}

/** `{id: value}`, a list of ids or a bare id, in JSON. */
function customFields({ store, user }: Context, input: string): Record<string, unknown> {
  let given: unknown;
  try {
    given = JSON.parse(input);
  } catch {
    throw invalid('Value must be valid JSON.');
  }
  if (typeof given === 'number') given = [given];
  if (Array.isArray(given) && given.every((id) => Number.isInteger(id))) {
    if (!given.every((id) => store.customFields.has(id as number)))
      throw invalid("Some custom fields don't exist or were specified twice.");
    return Object.fromEntries(given.map((id) => [String(id), null]));
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid('Custom fields must be a list of integers or an object mapping ids to values.');
  }
  for (const [id, value] of Object.entries(given)) {
    const field = store.customFields.get(Number(id));
    if (!field) throw invalid(`Custom field with id ${id} does not exist`);
    checkValue(store, user, field, value);
  }
  return given as Record<string, unknown>;
}

/** POST /api/documents/post_document/: nothing is stored yet when it answers (paperless-api.md 4). */
export async function postDocument(context: Context): Promise<Reply> {
  if (!context.may('add_document')) throw forbiddenText();
  if (
    !/^(multipart\/form-data|application\/x-www-form-urlencoded)/.test(context.request.headers['content-type'] ?? '')
  ) {
    throw detail(415, `Unsupported media type "${context.request.headers['content-type'] ?? ''}" in request.`);
  }
  const body = await context.body();
  const { file, errors } = await uploadedDocument(context, body, context.profile.composesFileNames);
  const input = await givenParts(context);
  const values = readWith(errors, () => readInput(input, fields(context)));
  if (!file) throw badRequest(errors);
  return json(
    context.instance.consumer.accept({
      fileName: file.name,
      mimeType: file.mimeType,
      file: file.blob,
      source: values.from_webui ? 'web_ui' : 'api_upload',
      versionOf: null,
      versionLabel: null,
      actor: null,
      overrides: {
        title: values.title ?? null,
        created: values.created ?? null,
        correspondent: values.correspondent ?? null,
        documentType: values.document_type ?? null,
        storagePath: values.storage_path ?? null,
        tags: values.tags ?? [],
        asn: values.archive_serial_number ?? null,
        customFields: values.custom_fields ?? null,
        owner: context.user.id,
      },
    }),
  );
}

/** An empty part counts as absent. */
async function givenParts(context: Context): Promise<Record<string, unknown>> {
  const input = await context.input(['tags']);
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== '' && String(value) !== ''));
}

/** Adds what is wrong with the file to what is wrong with the other parts. */
function readWith<Value>(errors: Record<string, unknown>, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const { reply } = error as { reply?: Reply };
    if (reply?.status !== 400) throw error;
    throw badRequest({ ...errors, ...(reply.json as object) });
  }
}
