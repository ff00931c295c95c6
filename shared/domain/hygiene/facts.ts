/** What is looked at on an instance before it is trusted (E25). Null: the instance did not tell, see `unread`. */
import type { TaxonomyKind } from '../model.ts';

/** What a workflow can do to a document that matters to a copy. */
export const WORKFLOW_EFFECTS = [
  'title',
  'owner',
  'tags',
  'permissions',
  'correspondent',
  'document type',
  'storage path',
  'custom fields',
  'trash',
  'password',
  'e-mail',
  'webhook',
] as const;
export type WorkflowEffect = (typeof WORKFLOW_EFFECTS)[number];

export interface WorkflowFacts {
  readonly name: string;
  readonly enabled: boolean;
  readonly effects: readonly WorkflowEffect[];
}
export interface MailRuleFacts {
  readonly name: string;
  readonly enabled: boolean;
}
/** Null in a value: nothing is set in the instance's configuration, so its environment decides, which no client can read. */
export interface ConfigFacts {
  readonly ocrMode: string | null;
  readonly archiveMode: string | null;
  readonly barcodesSplit: boolean | null;
  readonly barcodeAsn: boolean | null;
  readonly barcodeTags: boolean | null;
}
export interface StatusFacts {
  readonly storageTotal: number;
  readonly storageAvailable: number;
  /** Parts of the instance that say ERROR: its database, Redis, task workers. */
  readonly broken: readonly string[];
}
export interface MatcherFacts {
  readonly kind: TaxonomyKind;
  readonly name: string;
  readonly algorithm: number;
  readonly match: string;
  readonly isInboxTag: boolean;
}
export interface RightsFacts {
  readonly username: string;
  readonly isSuperuser: boolean;
  readonly isStaff: boolean;
  /** Code names, e.g. `view_document`. */
  readonly permissions: readonly string[];
  readonly trashDelayDays: number | null;
}
export interface UnreadPart {
  readonly part: string;
  /** Of the error; says whether it was the instance that answered. */
  readonly code: string;
  readonly why: string;
}

export interface InstanceFacts {
  readonly generation: 'v2' | 'v3';
  readonly version: string;
  /** The instance's clock minus ours, milliseconds. */
  readonly clockOffsetMs: number;
  readonly rights: RightsFacts | null;
  readonly matchers: readonly MatcherFacts[] | null;
  readonly workflows: readonly WorkflowFacts[] | null;
  readonly mailRules: readonly MailRuleFacts[] | null;
  readonly config: ConfigFacts | null;
  readonly status: StatusFacts | null;
  /** What could not be read, with the reason. */
  readonly unread: readonly UnreadPart[];
}

/** What the controller itself knows of a replica, from the work it did there. */
export interface KnownFacts {
  /** False once a consumed document showed another archive serial number than it was sent with. */
  readonly asnFence: boolean;
  /** Uploads that a 3.x replica refused because it holds the same bytes. */
  readonly refusedDuplicates: number;
}

export type Severity = 'info' | 'warning' | 'danger';
export interface Finding {
  readonly code: string;
  readonly severity: Severity;
  readonly what: string;
  readonly fix: string;
}
