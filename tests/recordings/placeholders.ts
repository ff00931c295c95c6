/** Values captured in earlier steps of a transcript. */
export type Captured = Readonly<Record<string, string | number>>;

const WHOLE = /^\{\{(\w+)\}\}$/;
const ANY = /\{\{(\w+)\}\}/g;

/** Puts captured values in the place of their names; a name alone keeps the type of its value. */
export function fill<Value>(template: Value, values: Captured): Value {
  return fillAny(template, values) as Value;
}

function fillAny(template: unknown, values: Captured): unknown {
  if (typeof template === 'string') {
    const [, name = ''] = WHOLE.exec(template) ?? [];
    if (name in values) return values[name];
    return template.replace(ANY, (whole, inner: string) => String(values[inner] ?? whole));
  }
  if (Array.isArray(template)) return template.map((item) => fillAny(item, values));
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [String(fillAny(key, values)), fillAny(value, values)]),
  );
}

const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?(?:Z|[+-]\\d\\d:\\d\\d)';
const KINDS: Readonly<Record<string, string>> = {
  time: TIME,
  today: '\\d{4}-\\d\\d-\\d\\d',
  uuid: '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
};

const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

const matchesKind = (kind: string, got: unknown): boolean =>
  typeof got === 'string' && new RegExp(`^${KINDS[kind]}$`).test(got);

/** Where an answer differs from the recorded one, as sentences; empty if it is as recorded. */
export function differences(want: unknown, got: unknown, values: Captured, path = ''): string[] {
  if (typeof want === 'string' && want.includes('{{')) return textDifferences(want, got, values, path);
  if (Array.isArray(want)) return listDifferences(want, got, values, path);
  if (typeof want === 'object' && want !== null) return objectDifferences(want, got, values, path);
  return Object.is(want, got) ? [] : [`${path} should be ${show(want)} and is ${show(got)}`];
}

const show = (value: unknown): string => JSON.stringify(value)?.slice(0, 300) ?? 'absent';

function textDifferences(want: string, got: unknown, values: Captured, path: string): string[] {
  if (want === '{{any}}') return [];
  const [, asText] = /^\{\{(\w+)\|string\}\}$/.exec(want) ?? [];
  if (asText !== undefined) {
    const isFine = typeof got === 'string' && (values[asText] === undefined || String(values[asText]) === got);
    return isFine ? [] : [`${path} should be the text of ${asText} and is ${show(got)}`];
  }
  const [, name] = WHOLE.exec(want) ?? [];
  if (name === undefined) {
    const isFine = typeof got === 'string' && pattern(want, values).test(got);
    return isFine ? [] : [`${path} should be like ${show(want)} and is ${show(got)}`];
  }
  if (name in KINDS) return matchesKind(name, got) ? [] : [`${path} should be a ${name} and is ${show(got)}`];
  // A name that was never captured stands for any value.
  if (values[name] === undefined || values[name] === got) return [];
  return [`${path} should be ${name} (${show(values[name])}) and is ${show(got)}`];
}

function pattern(want: string, values: Captured): RegExp {
  const parts = want.split(/(\{\{\w+\}\})/).map((part) => {
    const [, name] = WHOLE.exec(part) ?? [];
    if (name === undefined) return quote(part);
    return values[name] === undefined ? (KINDS[name] ?? '[\\s\\S]*?') : quote(String(values[name]));
  });
  return new RegExp(`^${parts.join('')}$`);
}

function listDifferences(want: readonly unknown[], got: unknown, values: Captured, path: string): string[] {
  if (!Array.isArray(got)) return [`${path} should be a list and is ${show(got)}`];
  if (want.length !== got.length) return [`${path} should have ${want.length} items and has ${got.length}`];
  return want.flatMap((item, at) => differences(item, got[at], values, `${path}[${at}]`));
}

function objectDifferences(want: object, got: unknown, values: Captured, path: string): string[] {
  if (typeof got !== 'object' || got === null || Array.isArray(got))
    return [`${path} should be an object and is ${show(got)}`];
  const wanted = new Map(Object.entries(want).map(([key, value]) => [String(fill(key, values)), value]));
  const found = got as Record<string, unknown>;
  const missing = [...wanted].flatMap(([key, value]) =>
    key in found ? differences(value, found[key], values, `${path}.${key}`) : [`${path}.${key} is missing`],
  );
  const extra = Object.keys(found).filter((key) => !wanted.has(key));
  return [...missing, ...extra.map((key) => `${path}.${key} is not in the recording`)];
}
