import { OBJECT_KINDS, type Snapshot } from './read.ts';

/** From here on numbers belong to uploads under way (protocol section 1). */
const RESERVED_ASN = 2_000_000_000;
const TITLE = /^pngx\./;
/** The connection test makes a tag and removes it again (E26). */
const NAME = /^pngx[.\-_ ]/;

/** What work in progress leaves on a replica and a finished one must not. */
export function findMarkers(replica: Snapshot): string[] {
  const documents = replica.documents.flatMap(({ id, title, archive_serial_number: asn, versions }) => [
    ...(TITLE.test(title) ? [`document ${id}: title "${title}"`] : []),
    ...(asn !== null && asn >= RESERVED_ASN ? [`document ${id}: reserved ASN ${asn}`] : []),
    ...versions.flatMap(({ version_label: label }) =>
      TITLE.test(label ?? '') ? [`document ${id}: version "${label}"`] : [],
    ),
  ]);
  const objects = OBJECT_KINDS.flatMap((kind) =>
    [...replica.objects[kind].values()].flatMap(({ name }) => (NAME.test(name) ? [`${kind}: "${name}"`] : [])),
  );
  return [...documents, ...objects];
}
