import type { Simulator } from '../support/simulator.ts';

/** The few calls that the tests of the simulator itself make. */
export class SimulatorClient {
  readonly simulator: Simulator;

  constructor(simulator: Simulator) {
    this.simulator = simulator;
  }

  fetch(path: string, init: RequestInit & { api?: number } = {}): Promise<Response> {
    const headers = {
      authorization: `Token ${this.simulator.token}`,
      accept: `application/json; version=${init.api ?? 9}`,
      ...(typeof init.body === 'string' ? { 'content-type': 'application/json' } : {}),
    };
    return fetch(this.simulator.url + path, { redirect: 'manual', ...init, headers });
  }

  async json<Shape = Record<string, unknown>>(path: string, init: RequestInit & { api?: number } = {}): Promise<Shape> {
    return (await (await this.fetch(path, init)).json()) as Shape;
  }

  patch(id: number, change: object): Promise<Response> {
    return this.fetch(`/api/documents/${id}/`, { method: 'PATCH', body: JSON.stringify(change) });
  }

  /** Uploads a text and gives the id of its task. */
  async upload(text: string, fields: Record<string, string> = {}): Promise<string> {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('document', new Blob([text]), `${text.slice(0, 20).replaceAll(' ', '-')}.txt`);
    return this.json<string>('/api/documents/post_document/', { method: 'POST', body: form });
  }

  async consumed(text: string, fields: Record<string, string> = {}): Promise<Task | undefined> {
    const taskId = await this.upload(text, fields);
    await this.simulator.idle();
    return this.task(taskId);
  }

  async task(taskId: string): Promise<Task | undefined> {
    return (await this.json<Task[]>(`/api/tasks/?task_id=${taskId}`))[0];
  }

  /** A document with this text; its id. */
  async document(text: string, fields: Record<string, string> = {}): Promise<number> {
    return Number((await this.consumed(text, fields))?.related_document);
  }

  async ids(query = ''): Promise<number[]> {
    return (await this.json<{ all: number[] }>(`/api/documents/?ordering=id${query}`)).all;
  }
}

export interface Task {
  readonly status: string;
  readonly result: string | null;
  readonly related_document: number | string | null;
  readonly task_file_name: string;
}
