import type { Store } from '../state/store.ts';
import type { TaskRow } from '../state/model.ts';

export type NewTask = Pick<TaskRow, 'taskId' | 'kind' | 'fileName' | 'owner' | 'triggerSource' | 'inputData'>;

export function addTask(store: Store, task: NewTask): TaskRow {
  return store.tasks.save({
    ...task,
    id: store.tasks.takeId(),
    created: store.clock.now(),
    started: null,
    done: null,
    status: 'pending',
    acknowledged: false,
    resultData: null,
    resultText: null,
    relatedDocument: null,
  });
}

/** A row may be missing: the insert failed, or somebody took it away. The work goes on without it (paperless-api.md 6). */
export function updateTask(store: Store, row: TaskRow | null, change: Partial<TaskRow>): void {
  if (row && store.tasks.has(row.id)) store.tasks.save(Object.assign(row, change));
}

export type Outcome = Pick<TaskRow, 'status' | 'resultText' | 'resultData' | 'relatedDocument'>;

export function endTask(store: Store, row: TaskRow | null, outcome: Outcome): void {
  updateTask(store, row, { ...outcome, done: store.clock.now() });
}

/** Runs short background work under a row of its own, where the generation keeps one. */
export function systemTask(store: Store, kind: string, source: TaskRow['triggerSource'] = 'system'): TaskRow {
  const row = addTask(store, {
    taskId: store.uuid(),
    kind,
    fileName: null,
    owner: null,
    triggerSource: source,
    inputData: {},
  });
  return row;
}
