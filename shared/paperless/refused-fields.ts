/** The body of a 400 as `field -> texts`. */

const MAX_FIELDS = 50;
const MAX_TEXT = 300;

/**
 * Nested errors get dotted names; errors in a list of objects are positional in paperless, so `custom_fields.2` is the
 * third item of the list that was sent (paperless-api.md 7).
 */
export function flattenFields(body: string): Readonly<Record<string, string>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return {};
  }
  const fields: Record<string, string> = {};
  collect(parsed, '', fields);
  return fields;
}

function collect(value: unknown, path: string, into: Record<string, string>): void {
  if (Object.keys(into).length >= MAX_FIELDS) return;
  if (Array.isArray(value)) return collectList(value, path, into);
  if (typeof value === 'object' && value !== null) {
    // Inside an item, non_field_errors speaks of the item itself.
    for (const [key, inner] of Object.entries(value))
      collect(inner, key === 'non_field_errors' && path !== '' ? path : path === '' ? key : `${path}.${key}`, into);
    return;
  }
  if (value === null || value === undefined) return;
  const name = path === '' ? 'non_field_errors' : path;
  into[name] = into[name] === undefined ? text(value) : `${into[name]} ${text(value)}`.slice(0, MAX_TEXT);
}

function collectList(list: readonly unknown[], path: string, into: Record<string, string>): void {
  const positional = list.some((item) => typeof item === 'object' && item !== null);
  for (const [index, item] of list.entries()) collect(item, positional ? `${path}.${index}` : path, into);
}

function text(value: unknown): string {
  return String(value).slice(0, MAX_TEXT);
}
