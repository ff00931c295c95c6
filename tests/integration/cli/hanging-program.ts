/** A program of which one part never ends, for the tests of how programs end. */
import { runProcess } from '../../../shared/config/process-life.ts';

runProcess(async (life) => {
  life.onStop('the part opened first', async () => void process.stdout.write('first part ended\n'));
  life.onStop('the hanging part', () => {
    process.stdout.write('hanging part asked to end\n');
    return new Promise(() => undefined);
  });
  setInterval(() => undefined, 1000);
  process.stdout.write('listening on http://nowhere \n');
});
