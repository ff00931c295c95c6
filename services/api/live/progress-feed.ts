/** What runs, told again whenever a run gets on, wherever it is worked on. */
import { PROGRESS_CHANGED, type Listener } from '../../../shared/db/listen.ts';
import type { Db } from '../../../shared/db/tables.ts';
import { listOpenRuns } from '../../../shared/db/views.repo.ts';
import { presentProgress } from '../presenters/progress.ts';
import { eventText, type LiveClient } from './stream.ts';

export interface ProgressFeed {
  follow(client: LiveClient): Promise<void>;
  leave(client: LiveClient): void;
  readonly followers: number;
}

/** A fast run changes hundreds of times a second; people see no more than this. */
const LEAST_MS = 300;

export function createProgressFeed(deps: {
  readonly db: Db;
  readonly listener: Listener;
  readonly onError: (thrown: unknown) => void;
}): ProgressFeed {
  const followers = new Set<LiveClient>();
  let listening: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let changed = false;
  let told = '';

  const now = async () => eventText({ event: 'progress', data: JSON.stringify(await read(deps.db)) });
  const listen = (): Promise<void> => {
    listening ??= deps.listener.on(PROGRESS_CHANGED, wake, wake).catch((thrown: unknown) => {
      listening = undefined;
      throw thrown;
    });
    return listening;
  };
  function wake(): void {
    changed = true;
    if (timer === undefined && followers.size > 0) void tell();
  }
  async function tell(): Promise<void> {
    changed = false;
    // Set before the read: what changes while it is under way is told next time.
    timer = setTimeout(() => {
      timer = undefined;
      if (changed && followers.size > 0) void tell();
    }, LEAST_MS).unref();
    try {
      const text = await now();
      if (text === told) return;
      told = text;
      for (const client of followers) client.send(text);
    } catch (thrown) {
      deps.onError(thrown);
    }
  }
  return {
    async follow(client) {
      await listen();
      const first = await now();
      // It may have left while this was read.
      if (!client.isOpen) return;
      followers.add(client);
      client.send(first);
      // It may have changed while this was read.
      wake();
    },
    leave: (client) => void followers.delete(client),
    get followers() {
      return followers.size;
    },
  };
}

async function read(db: Db) {
  return presentProgress(await listOpenRuns(db));
}
