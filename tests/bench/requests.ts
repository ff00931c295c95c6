import type { RequestEvent } from '../../shared/paperless/client.ts';
import { openStage, round, spawnSimulator, type Sim } from './stage.ts';

const isPolling = (event: RequestEvent) => event.path.startsWith('/api/tasks/');
/** Requests about one document; what a run asks once, however many documents there are, is counted apart. */
const isDocument = (event: RequestEvent) => /\/documents\/(\{id\}|post_document)/.test(event.path);

export async function benchRequests(docs: number | null): Promise<object[]> {
  const count = docs ?? 100;
  const lines: object[] = [];
  for (const generation of ['v3', 'v2']) {
    const master = await spawnSimulator('--profile', 'v3', '--docs', String(count));
    const replica = await spawnSimulator('--profile', generation);
    const stage = await openStage(master, { replica });
    try {
      await stage.cycle();
      lines.push({ replica: generation, what: 'first sync', ...counted(stage.events, count), aim: 8 });
      await renameAll(master, count);
      stage.events.length = 0;
      await stage.cycle();
      lines.push({ replica: generation, what: 'metadata change', ...counted(stage.events, count), aim: 3 });
    } finally {
      await stage.close();
      master.stop();
      replica.stop();
    }
  }
  return lines;
}

function counted(events: readonly RequestEvent[], count: number): object {
  const wanted = events.filter((event) => !isPolling(event));
  return {
    documents: count,
    requests_a_document: round(wanted.filter(isDocument).length / count),
    once_a_run: wanted.filter((event) => !isDocument(event)).length,
    polls_a_document: round(events.filter(isPolling).length / count),
  };
}

async function renameAll(master: Sim, count: number): Promise<void> {
  for (let id = 1; id <= count; id += 1) {
    const headers = { Authorization: `Token ${master.token}`, 'Content-Type': 'application/json' };
    const response = await fetch(`${master.url}/api/documents/${id}/`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify({ title: `Renamed ${id}` }),
    });
    if (!response.ok) throw new Error(`the rename of ${id} was answered ${response.status}`);
  }
}
