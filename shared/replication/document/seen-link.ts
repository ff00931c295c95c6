import type { Link, Replacement, ReplacementStep } from '../../db/tables.ts';

const ON_NEW_COPY: readonly ReplacementStep[] = ['r2', 'r3', 'r4', 'r5'];

/** The link as this look has to see it. Nothing is known yet of the new copy's fields. */
export function seenLink(replacement: Replacement | null, link: Link): Link {
  if (!replacement || !ON_NEW_COPY.includes(replacement.step)) return link;
  return { ...link, ...newCopy(replacement), applied: null, replica_modified: null, last_synced: null };
}

export function newCopy(replacement: Replacement) {
  return {
    replica_doc_id: replacement.new_doc_id,
    replica_added: replacement.new_added,
    stored_checksum: replacement.new_checksum,
    file_checksum: replacement.new_sha256,
    file_md5: replacement.new_md5,
    file_size: replacement.new_size,
  };
}
