/** What a channel is: fields that a person fills in, and a way to send one message. One file a channel beside this one. */
import type { EventState, Severity } from '../domain/notify-rules.ts';

/** One message, the same for every channel. */
export interface Notice {
  /** The same at each attempt: receivers drop a second copy by it. */
  readonly id: string;
  readonly at: Date;
  /** For programs; what a trouble's end is called is a name of its own. */
  readonly event: string;
  readonly state: EventState;
  readonly severity: Severity;
  /** One sentence. */
  readonly title: string;
  /** The rest, without the title; may have several lines. */
  readonly message: string;
  /** A page of ours, where PUBLIC_URL is known. */
  readonly link: string | null;
  /** The body of the generic webhook. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Of a dead-man ping: whether the cycle was a good one. */
  readonly good: boolean;
}

export interface HttpMessage {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Net {
  /** Resolves when the receiver took it (2xx); otherwise an AppError that says what became of it. */
  http(message: HttpMessage): Promise<void>;
  /** An address that the name leads to and that may be reached. */
  resolve(host: string): Promise<string>;
  readonly timeoutMs: number;
}

export interface Field {
  readonly label: string;
  /** Never shown again, neither by a page nor by the API. */
  readonly secret: boolean;
  readonly required: boolean;
  readonly hint?: string;
  /** What is wrong with a value, or null; never repeats it. */
  readonly fault?: (value: string) => string | null;
  readonly choices?: readonly string[];
}

/** Every field there is; one that was left out is an empty text. */
export type Config<F extends string = string> = Readonly<Record<F, string>>;

export interface ChannelType<F extends string = string> {
  readonly title: string;
  readonly help: string;
  readonly fields: Readonly<Record<F, Field>>;
  /** Where it leads, for people. */
  shown(config: Config<F>): string;
  send(config: Config<F>, notice: Notice, net: Net): Promise<void>;
}

export function defineChannel<F extends string>(type: ChannelType<F>): ChannelType<F> {
  return type;
}

/** Title and message as one text. */
export function wholeText({ title, message, link }: Notice): string {
  return [title, message, link].filter((part) => part !== null && part !== '').join('\n');
}

export function json(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpMessage {
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}
