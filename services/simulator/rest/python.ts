/** What `str.isspace()` is true for: JavaScript's trim also takes U+FEFF and leaves U+001C..U+001F (paperless-api.md 7). */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING = new RegExp(`^${SPACE}+`);
const TRAILING = new RegExp(`${SPACE}+$`);

export function pythonStrip(text: string): string {
  const start = text.replace(LEADING, '');
  // A regular expression for the end is quadratic on long blanks inside, so the end is found by hand when it matters.
  let end = start.length;
  while (end > 0 && TRAILING.test(start[end - 1] as string)) end -= 1;
  return start.slice(0, end);
}

export const pythonType = (value: unknown): string => {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float';
  return 'dict';
};

/** The way Python prints a value inside another one, as error messages show it. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return reprString(value);
  if (Array.isArray(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${reprString(key)}: ${pythonRepr(item)}`)
      .join(', ')}}`;
  }
  return String(value);
}

function reprString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t');
  return `${quote}${quote === "'" ? escaped.replaceAll("'", "\\'") : escaped}${quote}`;
}

/** `str(value)` of a JSON value. */
export const pythonStr = (value: unknown): string => (typeof value === 'string' ? value : pythonRepr(value));

export const characters = (text: string): number => {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
};
