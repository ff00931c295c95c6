/** Receivers on real sockets: one over HTTP, one over SMTP, which keep what they were given. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** Of the answers from now on; null: it takes the request and says nothing. */
  answer(status: number | null, body?: string, headers?: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let next: { status: number | null; body: string; headers: Readonly<Record<string, string>> } = {
    ...{ status: 200, body: '{}', headers: {} },
  };
  const server = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => void chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      received.push({ method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') });
      if (next.status !== null) response.writeHead(next.status, next.headers).end(next.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    answer: (status, body = '{}', headers = {}) => void (next = { status, body, headers }),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export interface MailServer {
  readonly port: number;
  /** Every line that clients said. */
  readonly lines: string[];
  readonly mails: string[];
  /** Refuses the user, or the receiver, from now on. */
  refuse(what: 'user' | 'receiver' | null): void;
  close(): Promise<void>;
}

/** As much of RFC 5321 as a client without encryption needs, with AUTH PLAIN. */
export async function startMailServer(): Promise<MailServer> {
  const lines: string[] = [];
  const mails: string[] = [];
  let refused: 'user' | 'receiver' | null = null;
  const server = createTcpServer((socket) => {
    let buffer = '';
    let inMail = false;
    const say = (line: string) => void socket.write(`${line}\r\n`);
    say('220 mail.test ESMTP');
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      buffer += data.toString('utf8');
      for (;;) {
        const end = buffer.indexOf(inMail ? '\r\n.\r\n' : '\r\n');
        if (end < 0) return;
        const text = buffer.slice(0, end);
        buffer = buffer.slice(end + (inMail ? 5 : 2));
        if (inMail) {
          mails.push(text);
          inMail = false;
          say('250 taken');
        } else {
          lines.push(text);
          inMail = text === 'DATA';
          say(replyTo(text, refused));
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    lines,
    mails,
    refuse: (what) => void (refused = what),
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function replyTo(line: string, refused: 'user' | 'receiver' | null): string {
  if (line.startsWith('EHLO')) return '250-mail.test\r\n250 AUTH PLAIN';
  if (line.startsWith('AUTH')) return refused === 'user' ? '535 no such user' : '235 welcome';
  if (line.startsWith('RCPT') && refused === 'receiver') return '550 nobody of that name';
  if (line === 'STARTTLS') return '502 no encryption here';
  if (line === 'DATA') return '354 go on';
  return line === 'QUIT' ? '221 bye' : '250 fine';
}
