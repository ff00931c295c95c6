/**
 * An upload as it waits in the queue. It holds all that the consumption needs, as the message of the broker does.
 */

import type { Blob } from '../state/blobs.ts';
import type { TaskRow } from '../state/model.ts';

/** What a consumption is told besides the file. */
export interface Overrides {
  title: string | null;
  created: string | null;
  correspondent: number | null;
  documentType: number | null;
  storagePath: number | null;
  tags: readonly number[];
  asn: number | null;
  customFields: Readonly<Record<string, unknown>> | null;
  owner: number | null;
}

export interface Upload {
  readonly fileName: string;
  readonly mimeType: string;
  readonly file: Blob;
  readonly overrides: Overrides;
  readonly source: TaskRow['triggerSource'];
  /** The root a new version is for. */
  readonly versionOf: number | null;
  readonly versionLabel: string | null;
  /** Who asked for it, when the document does not become theirs. */
  readonly actor: number | null;
  /** What the task row shows instead of the overrides above. */
  readonly shownOverrides?: Readonly<Record<string, unknown>>;
  /** Runs in the transaction that stores the document. */
  readonly onStored?: () => void;
}

export const noOverrides = (): Overrides => ({
  title: null,
  created: null,
  correspondent: null,
  documentType: null,
  storagePath: null,
  tags: [],
  asn: null,
  customFields: null,
  owner: null,
});

/** What version 10 of the task row shows of the overrides; those not given are left out (paperless-api.md 6.2). */
export function overridesJson(upload: Upload): Record<string, unknown> {
  if (upload.shownOverrides) return { ...upload.shownOverrides };
  const { overrides } = upload;
  const shown: Record<string, unknown> = {
    filename: upload.fileName,
    title: overrides.title,
    correspondent_id: overrides.correspondent,
    document_type_id: overrides.documentType,
    tag_ids: overrides.tags.length === 0 ? null : overrides.tags,
    storage_path_id: overrides.storagePath,
    created: overrides.created,
    asn: overrides.asn,
    owner_id: overrides.owner,
    custom_fields: overrides.customFields,
    version_label: upload.versionLabel,
    actor_id: upload.actor,
  };
  const given = Object.entries(shown).filter(([, value]) => value !== null);
  if (upload.versionOf !== null) {
    const ofVersions = given.filter(([name]) => ['version_label', 'actor_id'].includes(name));
    return { ...Object.fromEntries(ofVersions), skip_asn_if_exists: false };
  }
  return { ...Object.fromEntries(given), skip_asn_if_exists: false };
}

/** A path's name without its last extension, as Python's `stem` has it. */
export function stem(fileName: string): string {
  const dot = fileName.lastIndexOf('.');
  return dot > 0 && dot < fileName.length - 1 ? fileName.slice(0, dot) : fileName;
}

export function suffix(fileName: string): string {
  return fileName.slice(stem(fileName).length);
}
