/** What a webhook looks like on the wire, by its definition (paperless-api.md 13). */
import { randomBytes } from 'node:crypto';
import type { Instance } from '../context.ts';
import { renderTitle, TemplateSyntaxError } from '../consumption/title-template.ts';
import { stem } from '../consumption/upload.ts';
import { isoTime } from '../state/clock.ts';
import type { DocumentRow } from '../state/model.ts';

export interface Webhook {
  readonly url: string;
  readonly useParams: boolean;
  readonly asJson: boolean;
  readonly params: Readonly<Record<string, string>>;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly includeDocument: boolean;
}
export interface Occasion {
  readonly row: DocumentRow;
  readonly isNew: boolean;
}
export interface WebhookRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const texts = (value: unknown): Record<string, string> =>
  typeof value === 'object' && value !== null ? { ...(value as Record<string, string>) } : {};

export function webhookOf(given: object): Webhook {
  const of = given as Readonly<Record<string, unknown>>;
  return {
    url: String(of['url'] ?? ''),
    useParams: of['use_params'] !== false,
    asJson: of['as_json'] === true,
    params: texts(of['params']),
    body: String(of['body'] ?? ''),
    headers: texts(of['headers']),
    includeDocument: of['include_document'] === true,
  };
}

type Around = Pick<Instance, 'store' | 'profile' | 'options'>;

/** Null: a body with an undefined placeholder is not sent at all. */
export async function requestOf(around: Around, webhook: Webhook, on: Occasion): Promise<WebhookRequest | null> {
  const variables = variablesFor(around, on);
  const headers = Object.fromEntries(Object.entries(webhook.headers).filter(([name]) => !/^host$/i.test(name)));
  const send = (type: string | null, body: string | Buffer): WebhookRequest => ({
    url: webhook.url,
    headers: type === null ? headers : { ...headers, 'content-type': type },
    body: Buffer.from(body),
  });
  if (!webhook.useParams) {
    const text = rendered(webhook.body, variables);
    if (text === null || text === undefined) return null;
    return webhook.asJson ? send('application/json', JSON.stringify(text)) : send(null, text);
  }
  const params = renderParams(webhook.params, variables);
  if (webhook.includeDocument) return withFile(around, params, on.row, send);
  if (webhook.asJson) return send('application/json', JSON.stringify(params));
  const form = new URLSearchParams(Object.entries(params).map(([name, value]) => [name, value ?? '']));
  return send('application/x-www-form-urlencoded', form.toString());
}

/** An undefined placeholder ends the list: that parameter and all that follow are left out. A broken template is null. */
function renderParams(params: Webhook['params'], variables: Record<string, string>): Record<string, string | null> {
  const values: Record<string, string | null> = {};
  for (const [name, template] of Object.entries(params)) {
    const value = rendered(template, variables);
    if (value === undefined) break;
    values[name] = value;
  }
  return values;
}

/** undefined: a placeholder that is not known; null: the template does not parse. */
function rendered(template: string, variables: Record<string, string>): string | null | undefined {
  try {
    return renderTitle(template, variables) ?? undefined;
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    return null;
  }
}

function variablesFor({ store, profile, options }: Around, { row, isNew }: Occasion): Record<string, string> {
  const added = isoTime(row.added).replace(/Z$/, '+00:00');
  return {
    correspondent: store.matching.correspondent.get(row.correspondent)?.name ?? '',
    document_type: store.matching.document_type.get(row.documentType)?.name ?? '',
    owner_username: store.users.get(row.owner)?.username ?? '',
    added,
    added_year: added.slice(0, 4),
    original_filename: stem(row.originalFileName ?? ''),
    // The file has its place only after the transaction.
    filename: isNew ? '' : String(row.id).padStart(7, '0'),
    created: row.created,
    created_year: row.created.slice(0, 4),
    doc_title: row.title,
    doc_url: `${options.publicUrl ?? 'None'}/documents/${row.id}/`,
    ...(profile.name === 'v3' ? { doc_id: String(row.id) } : {}),
  };
}

async function withFile(
  { store }: Around,
  params: Readonly<Record<string, string | null>>,
  row: DocumentRow,
  send: (type: string, body: Buffer) => WebhookRequest,
): Promise<WebhookRequest> {
  const boundary = randomBytes(16).toString('hex');
  const part = (head: string) => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n`;
  const fields = Object.entries(params).map(([name, value]) => `${part(`name="${name}"`)}${value ?? ''}\r\n`);
  const file = part(`name="file"; filename="${row.originalFileName ?? 'file'}"\r\nContent-Type: ${row.mimeType}`);
  const body = Buffer.concat([
    Buffer.from(fields.join('') + file),
    await store.blobs.read(row.file),
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  return send(`multipart/form-data; boundary=${boundary}`, body);
}
