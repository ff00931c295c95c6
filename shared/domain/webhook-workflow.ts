/** The one workflow that may be written to a master (product.md, promise 2): what it is, and whether one is it. */
export const WORKFLOW_NAME = 'pngx-controller: hints';
export const SECRET_HEADER = 'X-Webhook-Secret';
/** Where the hints go, below the address of the controller. */
export const WEBHOOK_PATH = '/webhook/paperless';
/** Longer ones are refused by paperless (paperless-api.md 13). */
export const MAX_URL = 256;

const ADDED = 2;
const UPDATED = 3;
const WEBHOOK = 4;

export interface WorkflowWish {
  readonly url: string;
  readonly secret: string;
  /** 2.20 knows no placeholder for the id, and leaves out every parameter that comes after one it does not know. */
  readonly generation: 'v2' | 'v3';
}

/** As paperless lists it, so far as it matters here. */
export interface FoundWorkflow {
  readonly id: number;
  readonly name: string;
  readonly enabled: boolean;
  readonly triggers: readonly Readonly<Record<string, unknown>>[];
  readonly actions: readonly {
    readonly type: number;
    readonly webhook?:
      | {
          readonly url: string;
          readonly use_params?: boolean | null | undefined;
          readonly params?: Readonly<Record<string, string>> | null | undefined;
          readonly headers?: Readonly<Record<string, string>> | null | undefined;
          readonly include_document?: boolean | null | undefined;
        }
      | null
      | undefined;
  }[];
}

const paramsFor = (generation: WorkflowWish['generation']): Record<string, string> => ({
  ...(generation === 'v3' ? { doc_id: '{{doc_id}}' } : {}),
  doc_url: '{{doc_url}}',
});

/** What is sent to the master, whole: nested parts without ids take the place of those that are there. */
export function workflowBody({ url, secret, generation }: WorkflowWish) {
  const webhook = {
    url,
    use_params: true,
    as_json: true,
    params: paramsFor(generation),
    headers: { [SECRET_HEADER]: secret },
    include_document: false,
  };
  return {
    name: WORKFLOW_NAME,
    order: 0,
    enabled: true,
    triggers: [{ type: ADDED }, { type: UPDATED }],
    actions: [{ type: WEBHOOK, webhook }],
  };
}

/** Before it is deleted: paperless keeps the actions of a deleted workflow, and the secret must not stay there. */
export function emptiedBody(url: string) {
  const webhook = { url, use_params: true, as_json: true, params: paramsFor('v2'), include_document: false };
  return { enabled: false, triggers: [{ type: UPDATED }], actions: [{ type: WEBHOOK, webhook }] };
}

/** What about it is otherwise than it should be, in words; empty: nothing. */
export function differencesFrom(found: FoundWorkflow, wish: WorkflowWish): string[] {
  const [action, ...others] = found.actions;
  const webhook = action?.webhook;
  const has = (type: number) => found.triggers.some((trigger) => trigger['type'] === type && !isFiltered(trigger));
  const differences: [boolean, string][] = [
    [!found.enabled, 'it is switched off'],
    [!has(ADDED), 'it does not start when any document is added'],
    [!has(UPDATED), 'it does not start when any document is updated'],
    [action?.type !== WEBHOOK || others.length > 0 || !webhook, 'it does not do one thing, a webhook'],
  ];
  if (webhook)
    differences.push(
      [webhook.url !== wish.url, 'it goes to another address'],
      [webhook.headers?.[SECRET_HEADER] !== wish.secret, 'it does not bear the secret that is set here'],
      [!tellsDocument(webhook.params ?? {}) || webhook.use_params === false, 'it does not name the document'],
      [webhook.include_document === true, 'it sends the file along'],
    );
  return differences.flatMap(([differs, text]) => (differs ? [text] : []));
}

const tellsDocument = (params: Readonly<Record<string, string>>): boolean =>
  Object.values(params).some((value) => /\{\{\s*doc_(url|id)\s*\}\}/.test(value));

/** Whatever narrows a trigger begins with this word; lists may be empty. */
function isFiltered(trigger: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(trigger).some(
    ([key, value]) =>
      key.startsWith('filter_') && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0),
  );
}
