import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { firstUrl, Household } from '../../../services/demo/stage/children.ts';
import { narrate } from '../../../services/demo/stage/narrator.ts';
import { readOptions } from '../../../services/demo/stage/options.ts';

const households: Household[] = [];
const household = () => {
  const one = new Household();
  households.push(one);
  return one;
};
const child = (words: string, end = '') => ({
  name: 'The part',
  script: 'tests/unit/demo/talkative-child.mjs',
  args: [words, end],
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(households.splice(0).map((one) => one.close()));
});

describe('the parts of the demo', () => {
  it('are found at the address that they print, past addresses of others', async () => {
    const findUrl = (line: string) => (line.includes(':1111') ? null : firstUrl(line));
    const words = 'master at http://127.0.0.1:1111|listening on http://127.0.0.1:2222/';
    const { url } = await household().start({ ...child(words), findUrl });
    expect(url).toBe('http://127.0.0.1:2222');
  });

  it('are told of with their last words when they do not start', async () => {
    await expect(household().start(child('no port left', 'now'))).rejects.toThrow(
      /The part did not start[^]*no port left/,
    );
  });

  it('are told of with their last words when they die later', async () => {
    const one = household();
    await one.start(child('http://127.0.0.1:2222|disk full', 'die'));
    await expect(one.accident).rejects.toThrow(/The part died \(exit code 3\)[^]*disk full/);
  });

  it('are no accident where somebody wants to be told of their death', async () => {
    const one = household();
    const died = new Promise((resolve) => {
      void one.start({ ...child('http://127.0.0.1:2222', 'die'), onDeath: () => resolve('told') });
    });
    expect(await Promise.race([one.accident, died])).toBe('told');
  });

  it('do not die by accident when they are ended', async () => {
    const one = household();
    await one.start(child('http://127.0.0.1:2222'));
    await one.close();
    expect(await Promise.race([one.accident, pause(0, 'quiet')])).toBe('quiet');
  });

  it('get nothing of the environment that the demo itself was started in', async () => {
    vi.stubEnv('DATABASE_URL', 'postgres://somebody/elses');
    vi.stubEnv('REDIS_URL', 'redis://somebody');
    const { lastOutput } = await household().start({ ...child('ENVIRONMENT|http://127.0.0.1:2222') });
    expect(lastOutput().split('\n')[0]).toBe('HOME,PATH,TMPDIR');
  });
});

describe('the options', () => {
  it('have defaults that need no fixed port and no server', () => {
    const defaults = { once: false, port: 0, seed: 1, ocrMs: 20, databaseUrl: undefined, redisUrl: undefined };
    expect(readOptions([])).toEqual(defaults);
    expect(readOptions(['--once', '--port', '8123'])).toEqual({ ...defaults, once: true, port: 8123 });
  });

  it.each([[['--prot', '1']], [['--port', 'x']], [['--help']], [['stray']]])('answer %j with the usage', (args) => {
    expect(readOptions(args)).toBeNull();
  });
});

describe('the narrator', () => {
  it('keeps progress to a line every two seconds where there is no terminal', () => {
    const lines: string[] = [];
    const output = {
      isTTY: false,
      columns: 80,
      write: (text: string) => lines.push(text),
    } as unknown as NodeJS.WriteStream;
    const { say, progress } = narrate(output);
    say('Start');
    for (let i = 1; i <= 50; i += 1) progress(`${i}/50`);
    expect(lines).toEqual(['Start\n', '1/50\n']);
  });

  it('lets progress share one line on a terminal, and starts a new one for what is said', () => {
    const written: string[] = [];
    const output = {
      isTTY: true,
      columns: 80,
      write: (text: string) => written.push(text),
    } as unknown as NodeJS.WriteStream;
    const { say, progress, conclude } = narrate(output);
    progress('1/2');
    progress('2/2');
    say('Done');
    conclude('Ending');
    progress('3/2');
    say('Late');
    expect(written.join('')).toBe('\r\u001b[2K1/2\r\u001b[2K2/2\nDone\nEnding\n');
  });
});
