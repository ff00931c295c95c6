/**
 * Workflows that send webhooks (paperless-api.md 13): triggers 2 and 3, action 4, and of what narrows a trigger the file name, as
 * recorded. Other actions run nothing here, and other filters narrow nothing.
 */
import type { Instance } from '../context.ts';
import { stem } from '../consumption/upload.ts';
import type { DocumentRow, PlainRow } from '../state/model.ts';
import { deliver } from './deliver.ts';
import { webhookOf, type Webhook } from './webhook.ts';

export const TRIGGER = { added: 2, updated: 3 } as const;
const WEBHOOK_ACTION = 4;

type Around = Pick<Instance, 'store' | 'profile' | 'options' | 'queue' | 'faults'>;
interface Trigger {
  readonly type: number;
  readonly filter_filename?: string | null;
}

export function fireWorkflows(around: Around, event: keyof typeof TRIGGER, row: DocumentRow): void {
  if (row.rootDocument !== null) return;
  for (const workflow of enabledWorkflows(around)) {
    if (!triggersOf(workflow).some((trigger) => trigger.type === TRIGGER[event] && takes(trigger, row))) continue;
    for (const webhook of webhooksOf(workflow)) deliver(around, webhook, { row, isNew: event === 'added' });
  }
}

function enabledWorkflows({ store }: Around): PlainRow[] {
  const order = (row: PlainRow) => Number(row.data['order'] ?? 0);
  return store.plain
    .filter((row) => row.kind === 'workflow' && row.data['enabled'] === true)
    .sort((a, b) => order(a) - order(b) || a.id - b.id);
}

const listOf = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);
const triggersOf = ({ data }: PlainRow): Trigger[] => listOf(data['triggers']) as unknown as Trigger[];

function webhooksOf({ data }: PlainRow): Webhook[] {
  return listOf(data['actions']).flatMap(({ type, webhook }) =>
    type === WEBHOOK_ACTION && typeof webhook === 'object' && webhook !== null ? [webhookOf(webhook)] : [],
  );
}

/** The original name against the pattern, letters of either case. */
function takes(trigger: Trigger, row: DocumentRow): boolean {
  const pattern = trigger.filter_filename;
  if (pattern === undefined || pattern === null || pattern === '') return true;
  const escaped = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const name = row.originalFileName ?? '';
  return new RegExp(`^${escaped}$`, 'i').test(name) || new RegExp(`^${escaped}$`, 'i').test(stem(name));
}
