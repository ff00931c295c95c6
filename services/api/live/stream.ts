/**
 * One client of a live stream (SSE). Its queue is bounded in bytes: whoever reads too slowly is told to read everything again
 * and cut off, so that neither memory nor the other clients wait for it.
 */
export interface LiveEvent {
  readonly event: string;
  /** One line. */
  readonly data: string;
  /** What a browser sends back as Last-Event-ID when it comes again. */
  readonly id?: number;
}

export interface LiveClient {
  readonly body: ReadableStream<Uint8Array>;
  readonly isOpen: boolean;
  /** Never waits. `last` is the id of the last event in it: where the client goes on if this one was too much. */
  send(text: string, last?: number): void;
  close(): void;
}

/** More than one page of events; a socket that takes nothing for so long is given up. */
const MAX_QUEUED_BYTES = 512 * 1024;
/** A browser comes again after this. */
const RETRY_MS = 3000;
const encoder = new TextEncoder();

/** Line breaks would end the field, and NUL is no text. */
export function eventText({ event, data, id }: LiveEvent): string {
  const idLine = id === undefined ? '' : `id: ${id}\n`;
  return `${idLine}event: ${event}\ndata: ${data.replaceAll(/[\r\n\0]+/g, ' ')}\n\n`;
}

export const KEEP_ALIVE = ': still here\n\n';
/** The client has missed events: it reads the list again, and from `id` on the stream. */
export function refetchText(id: number | undefined): string {
  return eventText({ event: 'refetch', data: 'too much at once', ...(id === undefined ? {} : { id }) });
}

/** `onGone` is called once, however the stream ends. */
export function openLiveClient(signal: AbortSignal, onGone: () => void): LiveClient {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const gone = () => {
    if (controller === undefined) return;
    controller = undefined;
    signal.removeEventListener('abort', end);
    onGone();
  };
  const end = () => {
    const open = controller;
    gone();
    open?.close();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(opened) {
        controller = opened;
        opened.enqueue(encoder.encode(`retry: ${RETRY_MS}\n\n`));
      },
      cancel: gone,
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MAX_QUEUED_BYTES }),
  );
  if (signal.aborted) end();
  else signal.addEventListener('abort', end);
  return {
    body,
    get isOpen() {
      return controller !== undefined;
    },
    send(text, last) {
      if (controller === undefined) return;
      const bytes = encoder.encode(text);
      if (bytes.length <= (controller.desiredSize ?? 0)) return controller.enqueue(bytes);
      controller.enqueue(encoder.encode(refetchText(last)));
      end();
    },
    close: end,
  };
}
