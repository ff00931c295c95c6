import { spawn } from 'node:child_process';

/**
 * Servers that tests start outlive a test run that is killed. A small shell waits for the end of this process and then
 * runs `script` with `args` as $1, $2 ...; after an orderly end it finds nothing left to do.
 */
export function afterOurEnd(script: string, ...args: string[]): void {
  const wait = `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done`;
  spawn('sh', ['-c', `${wait}\n${script}`, 'watchdog', ...args], { detached: true, stdio: 'ignore', cwd: '/' }).unref();
}
