/** Edits (insert, delete, replace, swap of neighbours) that turn one text into the other. */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const cells = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number) => cells[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; i++) cells[i * width] = i;
  for (let j = 0; j <= b.length; j++) cells[j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      cells[i * width + j] = best;
    }
  return at(a.length, b.length);
}

/** The candidate with the fewest edits; undefined only for an empty list. */
export function nearest(value: string, candidates: readonly string[]): string | undefined {
  let best: { text: string; distance: number } | undefined;
  for (const text of candidates) {
    const distance = editDistance(value.toLowerCase(), text.toLowerCase());
    if (best === undefined || distance < best.distance) best = { text, distance };
  }
  return best?.text;
}

function plain(name: string): string {
  return name.toUpperCase().replaceAll(/[_-]/g, '');
}

/**
 * Is `name` a slip for `known`? Short names allow only two swapped neighbours, because HOME, PATH and the like are one or
 * two edits away from HOST and PORT; longer ones allow one edit, and two from nine characters on.
 */
export function isNearMiss(name: string, known: string): boolean {
  if (name === known) return false;
  const [a, b] = [plain(name), plain(known)];
  if (a === b) return true;
  if (b.length < 6)
    return a.length === b.length && [...a].sort().join('') === [...b].sort().join('') && editDistance(a, b) === 1;
  return editDistance(a, b) <= (b.length >= 9 ? 2 : 1);
}
