/** What a person can do about the commonest reasons, in a sentence; docs/error-codes.md has all of them. */
const CURES: Readonly<Record<string, string>> = {
  duplicate_content:
    'A replica with paperless-ngx 2 takes the same file only once; 3.x takes it. If the document it has is no copy yet, start a reconcile.',
  payload_too_large: 'The replica, or a proxy before it, takes no file so large. Raise its limit, then retry.',
  unsupported_file_type: 'The replica has no parser for this kind of file. Enable one there (Tika), then retry.',
  file_changed: 'The file changed while it was read; the next cycle takes the new one.',
  instance_unreachable: 'The instance did not answer. It is tried again by itself; check that it runs.',
  instance_timeout: 'The instance was too slow. It is tried again by itself.',
  server_error: 'The instance failed inside. It is tried again by itself; its own log says why.',
  token_refused: 'The token is not accepted any more. Enter a new one under "Edit".',
  taxonomy_ambiguous: 'Several names on the replica fit. Decide which one is meant, on the page of the replica.',
  consumption_failed: 'The replica could not process the file. The list of tasks in paperless says why.',
  crashes_worker: 'Work on this document ended a process several times. Read the log before you retry.',
  values_refused: 'The replica refused a value. The document names the field.',
  master_file_mismatch: "The master's file is not what its own checksum says. Check the original on the master.",
  link_target_missing: 'It links to a document that is not on the replica yet; it goes on when that one is.',
  asn_taken: 'Another document of the replica has its archive serial number. Change one of the two.',
  match_proposed: 'It may be a document that is there already. Decide on the page of the replica.',
  uploads_held: 'Uploads to this replica wait for you; see its page.',
  conflict_open: 'Somebody edited the copy. Decide which side stays, under "Conflicts".',
  disk_full: 'There is no room for the file under SCRATCH_DIR. It goes on when there is.',
};

export function cureOf(code: string): string {
  return CURES[code] ?? 'Open one of the documents to read the whole text; a failed one is tried again by itself.';
}
