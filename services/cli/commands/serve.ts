/** The programs that stay up. Each is a script of its own service; here it only gets its name on the command line. */
import { parseOptions, type Command } from '../arguments.ts';

function program(name: string, summary: string, usage: string, start: () => Promise<unknown>): Command {
  return {
    name,
    summary,
    usage,
    run: async (args) => {
      parseOptions(name, args, {});
      await start();
      return undefined;
    },
  };
}

export const serveCommand = program(
  'serve',
  'Everything in one process, with PostgreSQL of its own unless DATABASE_URL is set.',
  'Usage: pngx-controller serve\n\nAPI and worker in one process. Without DATABASE_URL a PostgreSQL server under DATA_DIR is started and stopped with it.',
  () => import('../../standalone/main.ts'),
);

export const apiCommand = program(
  'api',
  'The HTTP side alone; needs DATABASE_URL.',
  'Usage: pngx-controller api\n\nServes the API and the status page on HOST:PORT. Run at least one worker beside it.',
  () => import('../../api/main.ts'),
);

export const workerCommand = program(
  'worker',
  'A worker alone; needs DATABASE_URL. Start as many as you like.',
  'Usage: pngx-controller worker\n\nWorks off the queue with WORKER_CONCURRENCY jobs at once; its health is at HOST:WORKER_PORT.',
  () => import('../../worker/main.ts'),
);
