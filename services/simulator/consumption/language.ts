const WORDS: Record<string, readonly string[]> = {
  de: ['der', 'die', 'und', 'das', 'ist', 'nicht', 'ein', 'eine', 'mit', 'von'],
  en: ['the', 'and', 'of', 'is', 'to', 'in', 'a', 'with', 'for', 'on'],
  fr: ['le', 'la', 'et', 'les', 'des', 'est', 'une', 'pour', 'dans', 'avec'],
};

/** A guess by frequent words; `en` when nothing speaks for another language. */
export function detectLanguage(text: string): string {
  const words = text
    .slice(0, 5000)
    .toLowerCase()
    .split(/\P{L}+/u);
  let best = { language: 'en', hits: 0 };
  for (const [language, known] of Object.entries(WORDS)) {
    const hits = words.filter((word) => known.includes(word)).length;
    if (hits > best.hits) best = { language, hits };
  }
  return best.language;
}
