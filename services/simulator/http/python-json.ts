/** Finds the message that Python's `json` gives for a text that is no JSON, as it stands in the answers of paperless. */
export function pythonJsonError(text: string): string {
  try {
    const end = value(text, blanks(text, 0));
    const rest = blanks(text, end);
    return rest < text.length ? at(text, rest, 'Extra data') : at(text, 0, 'Expecting value');
  } catch (error) {
    if (error instanceof Found) return error.message;
    throw error;
  }
}

class Found extends Error {}

function at(text: string, index: number, what: string): string {
  const before = text.slice(0, index);
  const line = before.split('\n').length;
  return `${what}: line ${line} column ${index - before.lastIndexOf('\n')} (char ${index})`;
}

function blanks(text: string, from: number): number {
  let index = from;
  while (' \t\n\r'.includes(text[index] ?? 'x')) index += 1;
  return index;
}

function value(text: string, from: number): number {
  const start = text[from];
  if (start === '"') return string(text, from);
  if (start === '{') return object(text, from);
  if (start === '[') return array(text, from);
  const literal = /^(?:null|true|false|NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)/.exec(
    text.slice(from, from + 400),
  );
  if (!literal) throw new Found(at(text, from, 'Expecting value'));
  return from + literal[0].length;
}

function string(text: string, from: number): number {
  for (let index = from + 1; index < text.length; index += 1) {
    const character = text[index] as string;
    if (character === '"') return index + 1;
    if (character < ' ') throw new Found(at(text, index, 'Invalid control character at'));
    if (character === '\\') index = escape(text, index, from);
  }
  throw new Found(at(text, from, 'Unterminated string starting at'));
}

function escape(text: string, index: number, stringStart: number): number {
  const escaped = text[index + 1];
  if (escaped === undefined) throw new Found(at(text, stringStart, 'Unterminated string starting at'));
  if (escaped === 'u') {
    if (!/^[0-9a-fA-F]{4}/.test(text.slice(index + 2))) throw new Found(at(text, index + 1, 'Invalid \\uXXXX escape'));
    return index + 5;
  }
  if (!'"\\/bfnrt'.includes(escaped)) throw new Found(at(text, index, 'Invalid \\escape'));
  return index + 1;
}

function object(text: string, from: number): number {
  let index = blanks(text, from + 1);
  if (text[index] === '}') return index + 1;
  for (;;) {
    if (text[index] !== '"') throw new Found(at(text, index, 'Expecting property name enclosed in double quotes'));
    index = blanks(text, string(text, index));
    if (text[index] !== ':') throw new Found(at(text, index, "Expecting ':' delimiter"));
    index = blanks(text, value(text, blanks(text, index + 1)));
    if (text[index] === '}') return index + 1;
    if (text[index] !== ',') throw new Found(at(text, index, "Expecting ',' delimiter"));
    index = blanks(text, index + 1);
  }
}

function array(text: string, from: number): number {
  let index = blanks(text, from + 1);
  if (text[index] === ']') return index + 1;
  for (;;) {
    index = blanks(text, value(text, index));
    if (text[index] === ']') return index + 1;
    if (text[index] !== ',') throw new Found(at(text, index, "Expecting ',' delimiter"));
    index = blanks(text, index + 1);
  }
}
