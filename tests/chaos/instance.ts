import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import type { ActionName } from '../../services/simulator/actions.ts';
import type { LoggedRequest } from '../../services/simulator/request-log.ts';
import { freePort } from '../../shared/db/embedded-process.ts';
import { Line } from './proxy.ts';
import type { Rule } from './plan.ts';
import { Supervised } from './supervised.ts';

export const TOKEN = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c';

/** A simulator in a process of its own, with a disk; the controller reaches it over a line that can be disturbed. */
export class ChaosInstance {
  readonly name: string;
  readonly profile: 'v2' | 'v3';
  readonly token = TOKEN;
  /** Without the line in between: for whoever edits and whoever judges. */
  readonly url: string;
  readonly line: Line;
  readonly program: Supervised;
  /** Writes it was asked for, as long as its log could be read. */
  readonly writes: LoggedRequest[] = [];
  #followed = 0;

  private constructor(name: string, profile: 'v2' | 'v3', port: number, line: Line, program: Supervised) {
    this.name = name;
    this.profile = profile;
    this.url = `http://127.0.0.1:${port}`;
    this.line = line;
    this.program = program;
  }

  static async start(name: string, profile: 'v2' | 'v3', docs: number, folder: string): Promise<ChaosInstance> {
    const port = await freePort();
    const data = join(folder, name);
    const options = { profile, port, token: TOKEN, docs, data, 'ocr-ms': 30, seed: 'chaos' };
    const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, String(value)]);
    const logFile = join(folder, `${name}.log`);
    const program = new Supervised({ name, script: 'services/simulator/main.ts', args, logFile });
    const instance = new ChaosInstance(name, profile, port, await Line.to(port), program);
    program.start();
    await instance.untilUp();
    return instance;
  }

  /** As the controller knows it. */
  get proxiedUrl(): string {
    return `http://127.0.0.1:${this.line.port}`;
  }

  async untilUp(): Promise<void> {
    const deadline = performance.now() + 90_000;
    for (;;) {
      const up = await fetch(`${this.url}/simulator/counters`, { signal: AbortSignal.timeout(5000) }).then(
        (answer) => answer.ok,
        () => false,
      );
      if (up) return;
      if (performance.now() > deadline) throw new Error(`The instance "${this.name}" does not come up.`);
      await pause(100);
    }
  }

  async control(method: string, path: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.url}/simulator/${path}`, {
      method,
      signal: AbortSignal.timeout(20_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} /simulator/${path}: ${answer.status}`);
    return answer.json();
  }

  act(name: ActionName): Promise<unknown> {
    return this.control('POST', 'actions', { name });
  }

  arm(rule: Rule): Promise<unknown> {
    return this.control('POST', 'faults', rule);
  }

  skewClock(ms: number): Promise<unknown> {
    return ms === 0
      ? this.control('DELETE', 'faults', { name: 'clock-skew' })
      : this.control('POST', 'faults', { name: 'clock-skew', value: ms });
  }

  /** Reads what its log has got since; a restart begins a new one. */
  async follow(): Promise<void> {
    const entries = (await this.control('POST', 'requests', { after: this.#followed, writesOnly: true })) as
      | LoggedRequest[]
      | undefined;
    this.writes.push(...(entries ?? []));
    this.#followed = entries?.at(-1)?.number ?? this.#followed;
  }

  async restart(backAfterMs: number): Promise<void> {
    if (this.program.pid === undefined) throw new Error('it is down already');
    await this.follow().catch(() => undefined);
    this.#followed = 0;
    this.program.kill(backAfterMs);
  }

  /** Back to an instance without any fault, all of whose messages come. */
  async heal(): Promise<void> {
    this.line.restore();
    this.program.thaw();
    await this.untilUp();
    await this.control('DELETE', 'faults', {});
    await this.act('resume-worker');
    await this.act('age-broker');
  }

  async stop(): Promise<void> {
    await this.program.stop(2000);
    await this.line.close();
  }
}
