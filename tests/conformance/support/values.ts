/** Microseconds since the epoch: JavaScript's dates end at milliseconds. */
export function micros(time: string): number {
  const fraction = /\.(\d{1,6})/.exec(time)?.[1] ?? '';
  return Date.parse(time.replace(/\.\d+/, '')) * 1000 + Number(fraction.padEnd(6, '0'));
}

export function must<T>(value: T | null | undefined): T {
  if (value === undefined || value === null) throw new Error('a value that this test made is missing');
  return value;
}
