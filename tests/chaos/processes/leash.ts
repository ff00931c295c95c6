/**
 * Loaded before the program of a child process. The child ends with whoever started it, and its wall clock can be made wrong:
 * the clock that never jumps goes on, as on a real machine.
 */
import { z } from 'zod';

const message = z.object({ skewMs: z.number() });
const RealDate = Date;
let skewMs = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + skewMs] : args, newTarget) as object,
  get: (target, key, receiver): unknown =>
    key === 'now' ? () => RealDate.now() + skewMs : Reflect.get(target, key, receiver),
});

process.on('message', (text) => {
  skewMs = message.parse(text).skewMs;
});
process.on('disconnect', () => process.exit(1));
// Alone it keeps no program alive.
process.channel?.unref();
