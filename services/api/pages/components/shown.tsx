/** A value of one side, as it was kept for people: short ones as they are, of longer ones the length only. */
export function Shown({ value }: { value: unknown }) {
  return <code>{shownText(value)}</code>;
}

export function shownText(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'nothing';
  if (typeof value === 'object' && !Array.isArray(value) && 'characters' in value)
    return `${String(value.characters)} characters`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A field as a person calls it. */
export const fieldWord = (field: string): string => (field === 'asn' ? 'ASN' : field.replaceAll('_', ' '));
