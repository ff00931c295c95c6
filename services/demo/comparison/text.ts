/** What Python's str.strip() takes off, as code points; JavaScript's trim differs by six of them (paperless-api.md 7). */
const SPACES = new Set<number>([
  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0, 0x1680, 0x2000, 0x2001, 0x2002, 0x2003,
  0x2004, 0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200a, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
]);

export function trimAsPython(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && SPACES.has(text.charCodeAt(from))) from += 1;
  while (to > from && SPACES.has(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** Short enough for a table, with the first place where two texts part. */
export function showDifference(master: string, replica: string): { readonly master: string; readonly replica: string } {
  let at = 0;
  while (at < master.length && at < replica.length && master[at] === replica[at]) at += 1;
  const from = Math.max(0, at - 10);
  const cut = (text: string) =>
    `${from > 0 ? '…' : ''}${text.slice(from, from + 60)}${text.length > from + 60 ? '…' : ''}`;
  return { master: JSON.stringify(cut(master)), replica: JSON.stringify(cut(replica)) };
}
