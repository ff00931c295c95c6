/** Both values of an edit or a proposal, under whichever names they were kept. */
export function sidesOf(shown: Readonly<Record<string, unknown>>): {
  readonly master: unknown;
  readonly copy: unknown;
} {
  return { master: shown['master'] ?? null, copy: shown['replica'] ?? shown['copy'] ?? null };
}
