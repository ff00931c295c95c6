import { z } from 'zod';

const logLine = z.looseObject({
  ts: z.string(),
  level: z.string(),
  msg: z.string(),
  replica: z.string().nullish(),
  route: z.string().nullish(),
  job: z.string().nullish(),
});

/** For a person at a terminal: time, what happened, to whom. Programs that read the output get JSON. */
export function readableLines(out: { write(text: string): unknown }): { write(line: string): void } {
  return {
    write: (line) => {
      const parsed = logLine.safeParse(parseJson(line));
      if (!parsed.success) return void out.write(line);
      const { ts, level, msg, replica, route, job } = parsed.data;
      // One line a request or job is for machines; what went wrong with them is for people too.
      if (level === 'info' && (route ?? job ?? null) !== null) return;
      const who = replica === null || replica === undefined ? '' : `${replica}: `;
      const mark = level === 'info' ? '' : `${level}: `;
      out.write(`${new Date(ts).toTimeString().slice(0, 8)} ${mark}${who}${msg}\n`);
    },
  };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
