/**
 * The date a text speaks of becomes the date of the document when none was posted; so a client has to post one.
 */

import { parseDate } from '../rest/dates.ts';

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

const DATE =
  /(?<!\d)(?:(\d{1,2})[./-](\d{1,2})[./-](\d{4})|(\d{4})[./-](\d{1,2})[./-](\d{1,2})|(\d{1,2})\.? ([A-Za-z]{3,9}),? (\d{4})|([A-Za-z]{3,9}) (\d{1,2}), (\d{4}))(?!\d)/g;

const SEARCHED = 100_000;

/** The first date in a text, days before months, that is neither in the future nor before 1900. */
export function firstDate(text: string, today: string): string | null {
  for (const match of text.slice(0, SEARCHED).matchAll(DATE)) {
    const day = dateOf(match);
    if (day !== null && day <= today && day > '1900-01-01') return day;
  }
  return null;
}

function dateOf(match: RegExpMatchArray): string | null {
  const [, d1, m1, y1, y2, m2, d2, d3, n3, y3, n4, d4, y4] = match;
  if (y1 !== undefined) return parseDate(`${y1}-${m1}-${d1}`);
  if (y2 !== undefined) return parseDate(`${y2}-${m2}-${d2}`);
  const month = MONTHS.indexOf((n3 ?? n4 ?? '').slice(0, 3).toLowerCase()) + 1;
  return month === 0 ? null : parseDate(`${y3 ?? y4}-${month}-${d3 ?? d4}`);
}
