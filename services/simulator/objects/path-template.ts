/**
 * Templates of storage paths, as far as they decide whether a path is taken. The files themselves are not moved.
 */

export type PathValues = Readonly<Record<string, string>>;

/** Names a path template may use. */
const NAMES: ReadonlySet<string> = new Set([
  'title',
  'correspondent',
  'document_type',
  'storage_path',
  'created',
  'created_year',
  'created_year_short',
  'created_month',
  'created_month_name',
  'created_month_name_short',
  'created_day',
  'added',
  'added_year',
  'added_year_short',
  'added_month',
  'added_month_name',
  'added_month_name_short',
  'added_day',
  'asn',
  'tag_list',
  'tag_name_list',
  'owner_username',
  'original_name',
  'doc_pk',
  'document',
  'custom_fields',
]);

const BLOCK = /\{\{([\s\S]*?)\}\}|\{%([\s\S]*?)%\}|\{#[\s\S]*?#\}/g;
const STATEMENTS: ReadonlySet<string> = new Set(['if', 'elif', 'else', 'endif', 'for', 'endfor', 'set']);
const WORDS: ReadonlySet<string> = new Set([
  'if',
  'elif',
  'else',
  'and',
  'or',
  'not',
  'in',
  'is',
  'none',
  'None',
  'true',
  'false',
  'for',
  'set',
  'defined',
]);

/** Whether a template parses, uses known names only and stays below the media directory. */
export function checkTemplate(template: string): boolean {
  const rest = template.replace(BLOCK, '');
  if (/\{\{|\{%|\}\}|%\}/.test(rest)) return false;
  if (rest.split('/').includes('..')) return false;
  for (const [, expression, statement] of template.matchAll(BLOCK)) {
    if (statement !== undefined && !STATEMENTS.has(statement.trim().replace(/^-/, '').split(/\s+/)[0] ?? ''))
      return false;
    if (!usesKnownNames(expression ?? statement ?? '')) return false;
  }
  return balanced(template);
}

function usesKnownNames(expression: string): boolean {
  const bare = expression
    .replace(/'[^']*'|"[^"]*"/g, ' ')
    .replace(/\|\s*\w+/g, ' ')
    .replace(/\.\w+/g, ' ');
  const names = bare.match(/[A-Za-z_]\w*/g) ?? [];
  return names.every((name) => NAMES.has(name) || WORDS.has(name) || STATEMENTS.has(name));
}

function balanced(template: string): boolean {
  const open: string[] = [];
  for (const [, word] of template.matchAll(/\{%-?\s*(\w+)/g)) {
    if (word === 'if' || word === 'for') open.push(word);
    if (word?.startsWith('end') && open.pop() !== word.slice(3)) return false;
  }
  return open.length === 0;
}

/** Renders a template of plain variables; null if it cannot be rendered. */
export function renderPath(template: string, values: PathValues): string | null {
  if (!checkTemplate(template)) return null;
  const rendered = template.replace(
    BLOCK,
    (_block, expression?: string) => values[(expression ?? '').split('|')[0]?.trim() ?? ''] ?? '',
  );
  return rendered.replace(/\s*\n\s*/g, '').replace(/^\/+|\/+$/g, '');
}
