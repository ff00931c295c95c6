import { z } from 'zod';

const logLine = z.looseObject({ level: z.string(), msg: z.string(), replica: z.string().nullish() });

/** A command speaks by itself; of the log only what goes wrong is shown, beside its answer and not in it. */
export function problemLines(out: { write(text: string): unknown }): { write(line: string): void } {
  return {
    write: (line) => {
      const parsed = logLine.safeParse(JSON.parse(line));
      if (!parsed.success || parsed.data.level === 'info' || parsed.data.level === 'debug') return;
      const { level, msg, replica } = parsed.data;
      out.write(`${level}: ${replica === null || replica === undefined ? '' : `${replica}: `}${msg}\n`);
    },
  };
}
