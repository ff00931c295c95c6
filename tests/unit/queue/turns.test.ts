import { describe, expect, test } from 'vitest';
import { Turns } from '../../../shared/queue/turns.ts';

describe('the places of a process', () => {
  const take = (turns: Turns, party: number, count: number, underWay: number[] = []) =>
    Array.from({ length: count }, () => turns.enter(party, underWay)).filter((leave) => leave !== null);

  test('are all for the one replica that has jobs', () => {
    expect(take(new Turns(8), 1, 20)).toHaveLength(8);
  });

  test('are shared out as soon as another one has jobs too: what the first gives back is not its own again', () => {
    const turns = new Turns(8);
    const first = take(turns, 1, 20);
    expect(take(turns, 2, 20)).toHaveLength(4);
    for (const leave of first.slice(0, 4)) leave?.();
    expect(take(turns, 1, 1)).toHaveLength(0);
    first.at(-1)?.();
    expect(take(turns, 1, 5)).toHaveLength(1);
  });

  test('go back to those that are left when one had no job for a while', () => {
    let now = 0;
    const turns = new Turns(4, () => now);
    for (const leave of take(turns, 2, 2)) leave?.();
    expect(take(turns, 1, 9)).toHaveLength(2);
    now += 3001;
    expect(take(turns, 1, 9)).toHaveLength(2);
  });

  test('are kept, one each, for those whose runs are under way but that have no job yet', () => {
    const turns = new Turns(6);
    const first = take(turns, 1, 20, [1, 2, 3]);
    expect(first).toHaveLength(4);
    expect(take(turns, 2, 20, [1, 2, 3])).toHaveLength(1);
    expect(take(turns, 3, 20, [1, 2, 3])).toHaveLength(2);
    for (const leave of first) leave?.();
    expect(take(turns, 1, 20, [1, 2, 3])).toHaveLength(2);
  });

  test('are at least one for each', () => {
    const turns = new Turns(1);
    expect([1, 2, 3].map((party) => take(turns, party, 3).length)).toEqual([1, 1, 1]);
    expect(take(new Turns(2), 1, 5, [1, 2, 3, 4])).toHaveLength(1);
  });
});
