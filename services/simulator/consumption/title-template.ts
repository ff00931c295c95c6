/**
 * A posted title is a program. Harmless ones pass, unknown variables lose the title, broken ones the whole document.
 */

/** Thrown for a template that does not parse: the whole consumption fails by it (paperless-api.md 5.4). */
export class TemplateSyntaxError extends Error {}

export type Variables = Readonly<Record<string, string>>;

/**
 * Renders the part of Jinja that titles use: variables, comments and the check that nothing else is there. Null when a
 * variable is not defined, which makes paperless fall back to the file's stem.
 */
export function renderTitle(template: string, variables: Variables): string | null {
  let rendered = '';
  let rest = template;
  for (;;) {
    const at = rest.search(/\{\{|\{%|\{#/);
    if (at < 0) return rendered + rest;
    rendered += rest.slice(0, at);
    const opened = rest.slice(at, at + 2);
    const end = rest.indexOf(CLOSING[opened] as string, at + 2);
    if (opened === '{%' || end < 0) throw new TemplateSyntaxError(template);
    if (opened === '{{') {
      const value = evaluate(rest.slice(at + 2, end), variables);
      if (value === null) return null;
      rendered += value;
    }
    rest = rest.slice(end + 2);
  }
}

const CLOSING: Readonly<Record<string, string>> = { '{{': '}}', '{#': '#}', '{%': '%}' };

const FILTERS: Readonly<Record<string, (text: string) => string>> = {
  upper: (text) => text.toUpperCase(),
  lower: (text) => text.toLowerCase(),
  trim: (text) => text.trim(),
  title: (text) => text.toLowerCase().replace(/\p{L}+/gu, (word) => word[0]?.toUpperCase() + word.slice(1)),
};

function evaluate(expression: string, variables: Variables): string | null {
  const [term = '', ...filters] = expression
    .replace(/^-|-$/g, '')
    .split('|')
    .map((part) => part.trim());
  const literal = /^(?:'([^']*)'|"([^"]*)"|(\d+))$/.exec(term);
  if (!literal && !/^[A-Za-z_]\w*$/.test(term)) throw new TemplateSyntaxError(expression);
  const value = literal
    ? (literal[1] ?? literal[2] ?? literal[3] ?? '')
    : Object.hasOwn(variables, term)
      ? variables[term]
      : undefined;
  for (const filter of filters) if (!FILTERS[filter]) throw new TemplateSyntaxError(expression);
  if (value === undefined) return null;
  return filters.reduce((text, filter) => FILTERS[filter]?.(text) ?? text, value);
}
