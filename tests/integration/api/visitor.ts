/** A visitor who sends exactly what he likes, header by header, and keeps cookies only when told to. */
import { request as httpRequest } from 'node:http';

export interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Sent {
  readonly body?: string;
  /** Name and value in turn, so that a header can be sent twice. */
  readonly headers?: readonly string[];
}

export function knock(base: string, method: string, path: string, sent: Sent = {}): Promise<Seen> {
  const { hostname, port } = new URL(base);
  const given = sent.headers ?? [];
  const headers = given.some((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
    ? [...given]
    : ['Host', `${hostname}:${port}`, ...given];
  if (sent.body !== undefined) headers.push('Content-Length', String(Buffer.byteLength(sent.body)));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(sent.body);
  });
}

/** The cookies that an answer sets, as a browser would send them back. */
export function cookiesOf({ headers }: Seen): string {
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .filter((cookie) => !cookie.endsWith('='))
    .join('; ');
}

const FORM = 'application/x-www-form-urlencoded';

/** Opens a form and sends it, as a browser does. */
export async function submit(
  base: string,
  path: string,
  fields: Readonly<Record<string, string>>,
  also: readonly string[] = [],
): Promise<Seen> {
  const page = await knock(base, 'GET', path);
  const token = /name="form" value="(\w+)"/.exec(page.text)?.[1] ?? 'none';
  const body = new URLSearchParams({ form: token, ...fields }).toString();
  const headers = ['Content-Type', FORM, 'Cookie', cookiesOf(page), 'Origin', new URL(base).origin, ...also];
  return knock(base, 'POST', path, { body, headers });
}
