import { spawn } from 'node:child_process';

/**
 * A starter that is killed cannot end what it started. A small shell waits for its end and then ends whatever has a pid
 * file in `pids`; after an orderly end it finds nothing left to do. `temporary` is removed with it.
 */
export function leash(pids: string, temporary: string | null): void {
  const script = `
    while kill -0 "$1" 2>/dev/null; do sleep 1; done
    for signal in QUIT KILL; do
      for file in "$2"/*; do [ -f "$file" ] && kill -$signal "$(cat "$file")" 2>/dev/null; done
      [ $signal = QUIT ] && ls "$2"/* >/dev/null 2>&1 && sleep 2
    done
    [ -n "$3" ] && rm -rf "$3"`;
  spawn('sh', ['-c', script, 'leash', String(process.pid), pids, temporary ?? ''], {
    detached: true,
    stdio: 'ignore',
    cwd: '/',
  }).unref();
}
