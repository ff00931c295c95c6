/** A client of a live stream, as a browser is one: it keeps the id of the last event and can be told to stop reading. */
import { request as httpRequest, type IncomingMessage } from 'node:http';

export interface SeenEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | null;
}
export interface EventStream {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly events: SeenEvent[];
  readonly ended: boolean;
  pause(): void;
  resume(): void;
  leave(): void;
}

export function openEvents(url: string, headers: Record<string, string> = {}): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { headers, agent: false }, (response) => {
      const events: SeenEvent[] = [];
      let rest = '';
      let ended = false;
      response.setEncoding('utf8').on('data', (text: string) => {
        const parts = (rest + text).split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts) events.push(...parse(part));
      });
      const end = () => {
        ended = true;
      };
      response.on('end', end).on('close', end).on('error', end);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        events,
        get ended() {
          return ended;
        },
        pause: () => void response.pause(),
        resume: () => void response.resume(),
        leave: () => void request.destroy(),
      });
    });
    request.on('error', reject);
    request.end();
  });
}

function parse(part: string): SeenEvent[] {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1] ?? null;
  const event = field('event');
  return event === null ? [] : [{ event, data: field('data') ?? '', id: field('id') }];
}
