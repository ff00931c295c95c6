/** A webhook's body in any form that paperless sends (paperless-api.md 13), read no further than its limit. */
import type { Context } from 'hono';
import type { WebhookBody } from '../../shared/db/webhook-tables.ts';
import { hintOfFields, hintOfText, type Hint } from '../../shared/domain/webhook-hint.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import { malformed } from './http-error.ts';

export const MAX_WEBHOOK_BYTES = 64 * 1024;
/** A string of JSON in a string of JSON: paperless makes one, nobody makes three. */
const MAX_NESTING = 2;

export interface ReadHint extends Hint {
  readonly body: Exclude<WebhookBody, 'replay'>;
}

export async function readHint(c: Context): Promise<ReadHint> {
  const declared = c.req.header('content-type') ?? 'text/plain';
  const type = declared.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const encoding = c.req.header('content-encoding');
  if (encoding !== undefined && encoding !== 'identity')
    throw unsupported(`It is compressed (${encoding.slice(0, 20)}).`);
  const form = FORMS[type];
  if (form === undefined) throw unsupported('paperless sends JSON, forms and text.');
  const bytes = await readBytes(c.req.raw.body);
  const hint = form === 'multipart' ? await ofMultipart(bytes, declared) : READERS[form](textOf(bytes));
  if (hint === null) throw namesNothing();
  return { ...hint, body: form };
}

type Form = ReadHint['body'];
const FORMS: Readonly<Record<string, Form>> = {
  'application/json': 'json',
  'application/x-www-form-urlencoded': 'form',
  'multipart/form-data': 'multipart',
  'text/plain': 'text',
};
const READERS: Readonly<Record<Exclude<Form, 'multipart'>, (text: string) => Hint | null>> = {
  json: ofJson,
  form: (text) => hintOfFields(Object.fromEntries(new URLSearchParams(text))),
  text: (text) => ofJsonOrNull(text) ?? hintOfText(text),
};

/** Counted as it comes: what a header says of its length is somebody's claim. */
async function readBytes(stream: ReadableStream<Uint8Array> | null): Promise<Buffer<ArrayBuffer>> {
  if (stream === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.byteLength;
    if (length > MAX_WEBHOOK_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw malformed('The body is not UTF-8.');
  }
}

function ofJson(text: string): Hint | null {
  const hint = ofValue(parsed(text));
  if (hint === undefined) throw malformed('The body is not valid JSON.');
  return hint;
}

/** undefined: no JSON at all. */
function ofValue(value: unknown): Hint | null | undefined {
  let given = value;
  for (let depth = 0; depth < MAX_NESTING && typeof given === 'string'; depth += 1) {
    const inner = parsed(given);
    if (inner === undefined) return hintOfText(given);
    given = inner;
  }
  if (given === undefined) return undefined;
  if (typeof given === 'number') return hintOfText(String(given));
  return typeof given === 'object' && given !== null && !Array.isArray(given) ? hintOfFields({ ...given }) : null;
}

const ofJsonOrNull = (text: string): Hint | null => (/^\s*[{"]/.test(text) ? (ofValue(parsed(text)) ?? null) : null);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The file that comes along is let go unread. */
async function ofMultipart(bytes: Buffer<ArrayBuffer>, type: string): Promise<Hint | null> {
  let form: FormData;
  try {
    form = await new Response(bytes, { headers: { 'content-type': type } }).formData();
  } catch {
    throw malformed('The body is not a valid form of several parts.');
  }
  const texts = [...form].filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return hintOfFields(Object.fromEntries(texts));
}

function tooLarge(): AppError {
  return new AppError({
    code: 'body_too_large',
    class: 'too-large',
    message: `The body is larger than ${MAX_WEBHOOK_BYTES} bytes.`,
    hint: 'Switch off "include document" in the workflow: only the id of the document is needed.',
  });
}

function unsupported(why: string): AppError {
  return new AppError({
    code: 'webhook_body_unsupported',
    class: 'unsupported-type',
    message: `The form of this body is not read here. ${why}`,
    hint: 'Send JSON with the parameters doc_id or doc_url.',
  });
}

function namesNothing(): AppError {
  return new AppError({
    code: 'webhook_names_no_document',
    class: 'invalid',
    message: 'The webhook names no document.',
    hint: 'Add the parameter doc_url with the value {{doc_url}}, or on paperless-ngx 3.x doc_id with {{doc_id}}.',
  });
}
