/** What the demo says. On a terminal progress takes one line that changes; elsewhere it takes a line every two seconds. */
export interface Narrator {
  say(text: string): void;
  progress(text: string): void;
}

const QUIET_MS = 2_000;

export function narrate(output: NodeJS.WriteStream): Narrator {
  let open = false;
  let last = Number.NEGATIVE_INFINITY;
  const closeLine = () => {
    if (open) output.write('\n');
    open = false;
  };
  return {
    say(text) {
      closeLine();
      output.write(`${text}\n`);
      last = Number.NEGATIVE_INFINITY;
    },
    progress(text) {
      if (output.isTTY) {
        output.write(`\r\u001b[2K${text.slice(0, Math.max(20, output.columns - 1))}`);
        open = true;
        return;
      }
      const now = performance.now();
      if (now - last < QUIET_MS) return;
      last = now;
      output.write(`${text}\n`);
    },
  };
}
