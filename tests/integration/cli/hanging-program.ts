/** A program of which one part never ends, for the tests of how programs end. */
import { argv } from 'node:process';
import { runProcess } from '../../../shared/config/process-life.ts';

const [, , stopLimitMs] = argv;

runProcess(
  async (life) => {
    life.onStop('the part opened first', async () => void process.stdout.write('first part ended\n'));
    life.onStop('the hanging part', () => {
      process.stdout.write('hanging part asked to end\n');
      return new Promise(() => undefined);
    });
    setInterval(() => undefined, 1000);
    process.stdout.write('listening on http://nowhere \n');
  },
  stopLimitMs === undefined ? {} : { stopLimitMs: Number(stopLimitMs) },
);
