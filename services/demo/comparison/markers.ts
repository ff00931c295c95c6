import { OBJECT_KINDS, type Snapshot } from './read.ts';

/** From here on numbers belong to uploads under way (protocol section 1). */
const RESERVED_ASN = 2_000_000_000;
const TITLE = /^pngx\./;
/** The connection test makes a tag and removes it again (E26). */
const NAME = /^pngx[.\-_ ]/;

/** What work in progress leaves on a replica and a finished one must not; what the master bears itself is no such thing. */
export function findMarkers(replica: Snapshot, master: Snapshot): string[] {
  const rightly = new Set(marks(master).map(({ what }) => what));
  return marks(replica)
    .filter(({ what }) => !rightly.has(what))
    .map(({ where, what }) => `${where}: ${what}`);
}

function marks({ documents, objects }: Snapshot): { where: string; what: string }[] {
  const onDocuments = documents.flatMap(({ id, title, archive_serial_number: asn, versions }) => {
    const found = [
      ...(TITLE.test(title) ? [`title "${title}"`] : []),
      ...(asn !== null && asn >= RESERVED_ASN ? [`reserved ASN ${asn}`] : []),
      ...versions.flatMap(({ version_label: label }) => (TITLE.test(label ?? '') ? [`version "${label}"`] : [])),
    ];
    return found.map((what) => ({ where: `document ${id}`, what }));
  });
  const onObjects = OBJECT_KINDS.flatMap((kind) =>
    [...objects[kind].values()].flatMap(({ name }) => (NAME.test(name) ? [{ where: kind, what: `"${name}"` }] : [])),
  );
  return [...onDocuments, ...onObjects];
}
