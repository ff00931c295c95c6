/** `npm start`: everything in one process. */
import { runProcess } from '../../shared/config/process-life.ts';
import { startStandalone } from './start.ts';

runProcess((life) => startStandalone(life));
