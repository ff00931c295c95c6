import { createServer, connect, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** A line that can be cut, held or slowed down: both ends are real. */
export class Line {
  readonly port: number;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  #refuses = false;
  #held: PromiseWithResolvers<void> | null = null;
  #delayMs = 0;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async to(target: number): Promise<Line> {
    const server = createServer({ allowHalfOpen: true });
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    const line = new Line(server, address.port);
    server.on('connection', (client) => line.#carry(client, target));
    return line;
  }

  /** Connections end at once, new ones too, until `restore`. */
  cut(): void {
    this.#refuses = true;
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  /** Nothing goes through until `restore`; what was sent meanwhile arrives then, even if its sender is gone. */
  hold(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  slowDown(ms: number): void {
    this.#delayMs = ms;
  }

  restore(): void {
    this.#refuses = false;
    this.#delayMs = 0;
    this.#held?.resolve();
    this.#held = null;
  }

  async close(): Promise<void> {
    this.restore();
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #carry(client: Socket, target: number): void {
    if (this.#refuses) return void client.resetAndDestroy();
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    this.#forward(client, server);
    this.#forward(server, client);
  }

  #forward(from: Socket, to: Socket): void {
    this.#open.add(from);
    let last: Promise<void> = Promise.resolve();
    const inOrder = (act: () => void) => {
      last = last.then(async () => {
        await this.#held?.promise;
        if (this.#delayMs > 0) await pause(this.#delayMs);
        act();
      });
    };
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => inOrder(() => void (to.destroyed || to.write(chunk))));
    from.on('end', () => inOrder(() => void (to.destroyed || to.end())));
    from.on('error', () => inOrder(() => void to.resetAndDestroy()));
    from.on('close', () => {
      this.#open.delete(from);
      inOrder(() => void to.destroy());
    });
  }
}
