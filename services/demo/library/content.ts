import type { Random } from './random.ts';

const OPENINGS = [
  'We thank you for your order of last month',
  'Please find the yearly statement below',
  'This letter confirms our telephone call',
  'The meter was read on the day named above',
  'Your subscription goes on for another year',
  'The goods left our store this morning',
];
const MIDDLES = [
  'The invoice amount is due within thirty days',
  'One rake and one spade were out of stock',
  'The boiler was inspected and found in order',
  'A deposit was paid and is taken off the sum',
  'The waterworks ask for access to the cellar',
  'All parts were packed by weight and number',
  'The tax office wants a copy for its files',
  'The old contract ends with the summer',
];
const CLOSINGS = ['With kind regards', 'Keep this sheet for your records', 'No answer is needed', 'See the other side'];

/** The number makes each page unlike every other one: equal bytes are made on purpose only. */
export function makePages(random: Random, subject: string, number: number, pageCount: number): string[][] {
  return Array.from({ length: pageCount }, (_, page) => {
    const lines = [`${subject} No. ${number}`, `Sheet ${page + 1} of ${pageCount}`, random.pick(OPENINGS)];
    const count = random.int(2, 5);
    for (let i = 0; i < count; i += 1) lines.push(random.pick(MIDDLES));
    lines.push(`Reference ${random.int(100_000, 999_999)}`, random.pick(CLOSINGS));
    return lines;
  });
}
