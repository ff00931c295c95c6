/** Parameters of a URL in the order they came; a name may come several times. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(search: string) {
    this.#values = new URLSearchParams(search);
  }

  get(name: string): string | null {
    // Django's QueryDict gives the last of several values.
    return this.#values.getAll(name).at(-1) ?? null;
  }

  /** Null for an absent and for an empty parameter, which filters treat alike. */
  given(name: string): string | null {
    return this.get(name) || null;
  }

  all(name: string): string[] {
    return this.#values.getAll(name);
  }

  names(): string[] {
    return [...new Set(this.#values.keys())];
  }

  isTrue(name: string): boolean {
    return ['true', 't', '1', 'yes', 'y'].includes((this.get(name) ?? '').toLowerCase());
  }

  /** The same parameters with another page, sorted by name as paperless prints them in `next` and `previous`. */
  withPage(page: number): string {
    const pairs = [...this.#values.entries()].filter(([name]) => name !== 'page');
    if (page > 1) pairs.push(['page', String(page)]);
    pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return pairs.map(([name, value]) => `${quotePlus(name)}=${quotePlus(value)}`).join('&');
  }
}

function quotePlus(value: string): string {
  return encodeURIComponent(value)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');
}
