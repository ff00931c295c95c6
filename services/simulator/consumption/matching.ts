/**
 * Objects that claim documents by their text. They are the reason why a replica's objects must be created with algorithm 0
 * (paperless-api.md 18, trap 2).
 */

import type { MatchingObject } from '../state/model.ts';

/** Whether an object claims a document by its text (paperless-api.md 5.2); 0 and the untrained 6 never do. */
export function matchesContent(object: MatchingObject, content: string): boolean {
  if (object.match.trim() === '') return false;
  const flags = object.isInsensitive ? 'iu' : 'u';
  const words = splitWords(object.match);
  switch (object.matchingAlgorithm) {
    case 1:
      return words.some((word) => wordPattern(word, flags).test(content));
    case 2:
      return words.every((word) => wordPattern(word, flags).test(content));
    case 3:
      return new RegExp(`(?<![\\p{L}\\p{N}_])${escape(object.match)}(?![\\p{L}\\p{N}_])`, flags).test(content);
    case 4:
      return expressionMatches(object.match, object.isInsensitive ? 'i' : '', content);
    case 5:
      return fuzzyMatches(object, content);
    default:
      return false;
  }
}

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

/** Words of a match text; a quoted part is one of them, and blanks inside it stand for any. */
function splitWords(match: string): string[] {
  return [...match.matchAll(/"([^"]+)"|(\S+)/g)].map((found) =>
    (found[1] ?? found[2] ?? '').trim().replace(/\s+/g, ' '),
  );
}

const wordPattern = (word: string, flags: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}_])${escape(word).replaceAll(' ', '\\s+')}(?![\\p{L}\\p{N}_])`, flags);

function expressionMatches(expression: string, flags: string, content: string): boolean {
  try {
    return new RegExp(expression, flags).test(content);
  } catch {
    return false;
  }
}

const lettersOnly = (text: string): string => text.replace(/[^\p{L}\p{N}_\s]/gu, '');

/** At least nine of ten letters in order, somewhere in the text. */
function fuzzyMatches(object: MatchingObject, content: string): boolean {
  const fold = (text: string): string => (object.isInsensitive ? lettersOnly(text).toLowerCase() : lettersOnly(text));
  const [wanted, text] = [fold(object.match), fold(content)];
  if (wanted === '' || text.includes(wanted)) return wanted !== '';
  for (let at = 0; at + wanted.length <= text.length; at += 1) {
    let equal = 0;
    for (let letter = 0; letter < wanted.length; letter += 1) if (text[at + letter] === wanted[letter]) equal += 1;
    if (equal / wanted.length >= 0.9) return true;
  }
  return false;
}

export function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
