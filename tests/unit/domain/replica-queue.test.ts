import { describe, expect, test } from 'vitest';
import { roomInQueue, STANDING_MS, viewQueue, type WaitingTask } from '../../../shared/domain/replica-queue.ts';

const MINUTE = 60_000;
const task = (taskId: string, ageMs: number, startedMs: number | null = null): WaitingTask => ({
  taskId,
  ageMs,
  startedMs,
});
const NOW = new Date('2026-03-01T12:00:00Z');
const empty = { foreign: 0, oldestAt: null };
const empty0 = { foreign: 0, oldestMs: null };

describe("a replica's own queue", () => {
  test('counts the tasks of others apart from ours, and the age of all', () => {
    const tasks = [task('A', 5 * MINUTE), task('b', 2 * MINUTE), task('c', MINUTE)];
    expect(viewQueue(tasks, new Map([['a', true]]))).toEqual({ foreign: 2, oldestMs: 5 * MINUTE });
  });

  test('is empty without tasks', () => {
    expect(viewQueue([], new Map())).toEqual({ foreign: 0, oldestMs: null });
  });

  test('does not hold rows whose message is lost, or whose worker has died', () => {
    expect(viewQueue([task('a', 121 * MINUTE)], new Map())).toEqual(empty0);
    expect(viewQueue([task('a', 40 * MINUTE, 32 * MINUTE)], new Map())).toEqual(empty0);
    expect(viewQueue([task('a', 40 * MINUTE, 29 * MINUTE)], new Map()).foreign).toBe(1);
  });

  test('does not hold what is left of an upload that was sent again', () => {
    expect(viewQueue([task('a', 40 * MINUTE)], new Map([['a', false]]))).toEqual(empty0);
  });
});

describe('the room in it', () => {
  test('is what the limit leaves beside others and ours', () => {
    expect(roomInQueue({ ...empty, foreign: 10 }, 5, 25, NOW)).toBe(10);
    expect(roomInQueue({ ...empty, foreign: 30 }, 0, 25, NOW)).toBe(0);
    expect(roomInQueue(empty, 26, 25, NOW)).toBe(0);
  });

  test('is none until somebody has looked', () => {
    expect(roomInQueue({ foreign: null, oldestAt: null }, 0, 25, NOW)).toBe(0);
  });

  test('is none behind a task that has waited for more than half an hour', () => {
    const since = (ms: number) => ({ foreign: 1, oldestAt: new Date(NOW.getTime() - ms) });
    expect(roomInQueue(since(STANDING_MS), 0, 25, NOW)).toBe(24);
    expect(roomInQueue(since(STANDING_MS + 1), 0, 25, NOW)).toBe(0);
  });
});
