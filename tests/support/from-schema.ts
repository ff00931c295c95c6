/** Inputs made from the JSON schemas of an OpenAPI document: such as it allows, and such as an attacker would send. */
import fc from 'fast-check';

export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
}
/** Values worth trying for a field of this name, such as ids that exist. */
export type Known = Readonly<Record<string, readonly unknown[]>>;

export function allowed(schema: JsonSchema, known: Known, name = ''): fc.Arbitrary<unknown> {
  const there = known[name];
  if (there !== undefined) return fc.oneof({ arbitrary: fc.constantFrom(...there), weight: 9 }, plain(schema, known));
  return plain(schema, known);
}

function plain(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => plain(one, known)));
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length === 0) return fc.jsonValue({ maxDepth: 2 });
  return fc.oneof(...types.map((type) => ofType(type, schema, known)));
}

function ofType(type: string, schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const min = schema.exclusiveMinimum === undefined ? schema.minimum : schema.exclusiveMinimum + 1;
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({ min: min ?? -1000, max: Math.min(schema.maximum ?? 1_000_000, 1_000_000_000) });
    case 'number':
      return fc.double({ min: min ?? -1e6, max: schema.maximum ?? 1e6, noNaN: true });
    case 'array':
      return fc.array(plain(schema.items ?? {}, known), { maxLength: 3 });
    case 'object':
      return objectOf(schema, known);
    default:
      return textOf(schema);
  }
}

function textOf({ pattern, format, minLength = 0, maxLength = 50 }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((at) => at.toISOString());
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern));
  return fc.string({ minLength, maxLength: Math.min(maxLength, 200) });
}

function objectOf(schema: JsonSchema, known: Known): fc.Arbitrary<unknown> {
  const entries = Object.entries(schema.properties ?? {});
  const fields = Object.fromEntries(entries.map(([name, field]) => [name, allowed(field, known, name)]));
  const required = entries.map(([name]) => name).filter((name) => schema.required?.includes(name) === true);
  const own = fc.record(fields, { requiredKeys: required });
  if (entries.length > 0 || schema.additionalProperties === false) return own;
  return fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
}

const NASTY_TEXTS = [
  '',
  ' ',
  '\u0000',
  '\ud800',
  "'; drop table replicas; --",
  '" or 1=1',
  '<script>alert(1)</script>',
  '${7*7}{{7*7}}',
  '../../etc/passwd',
  '..%2f..%2fetc%2fpasswd',
  '%00',
  '\r\nSet-Cookie: pngx_session=stolen',
  '__proto__',
  'constructor',
  'NaN',
  '-1',
  '1e309',
  '0x10',
  '99999999999999999999999999',
  '9007199254740993',
  '9'.repeat(5000),
  '\u202e\u{1f4a3}'.repeat(50),
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data/',
  'http://user:secret@127.0.0.1/',
  'javascript:alert(1)',
  'cycle:1',
  'document:..',
];

export const nastyText: fc.Arbitrary<string> = fc.oneof(fc.constantFrom(...NASTY_TEXTS), fc.string({ unit: 'binary' }));

const nastyValue: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(-1, 0, 2 ** 53, 1.5, 1e308, true, null, [], {}, [[]], { $ne: null }, { toString: 1 }),
);

/** Not JSON, not an object, or an object with one field spoilt and one that nobody asked for. */
export function hostileBody(schema: JsonSchema, known: Known): fc.Arbitrary<string> {
  const names = Object.keys(schema.properties ?? { field: {} });
  const spoilt = fc
    .tuple(plain(schema, known), fc.constantFrom(...names, '__proto__', 'constructor', 'id'), nastyValue)
    .map(([base, name, value]) => {
      const text = JSON.stringify(typeof base === 'object' && base !== null ? base : {});
      const more = `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`;
      return text === '{}' ? `{${more}}` : `${text.slice(0, -1)},${more}}`;
    });
  return fc.oneof(
    { arbitrary: spoilt, weight: 5 },
    nastyValue.map((value) => JSON.stringify(value) ?? 'null'),
    nastyText,
    fc.constantFrom('', '{', '[1,2', '{"a":1}}', '['.repeat(20_000), `"${'x'.repeat(70_000)}"`),
  );
}
