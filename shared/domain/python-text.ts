/**
 * paperless trims titles and contents as Python's str.strip() does (paperless-api.md section 7, H29). JavaScript's trim
 * differs: it takes U+FEFF and leaves U+001C..U+001F and U+0085.
 */
const PYTHON_SPACE =
  '\\t\\n\\v\\f\\r\\u001c-\\u001f \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const LEADING = new RegExp(`^[${PYTHON_SPACE}]+`);

/** `text` without the white space that Python strips at both ends. */
export function pythonTrim(text: string): string {
  const start = LEADING.exec(text)?.[0].length ?? 0;
  let end = text.length;
  // From the end by hand: a regular expression anchored with $ is quadratic on long runs of inner white space.
  while (end > start && LEADING.test(text[end - 1] ?? '')) end -= 1;
  return text.slice(start, end);
}
