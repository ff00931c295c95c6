/** What the demo says. On a terminal progress takes one line that changes; elsewhere it takes a line every two seconds. */
export interface Narrator {
  say(text: string): void;
  progress(text: string): void;
  /** The last word: what is still under way has nothing more to say. */
  conclude(text: string): void;
}

const QUIET_MS = 2_000;

export function narrate(output: NodeJS.WriteStream): Narrator {
  let open = false;
  let last = Number.NEGATIVE_INFINITY;
  const closeLine = () => {
    if (open) output.write('\n');
    open = false;
  };
  let concluded = false;
  const say = (text: string) => {
    if (concluded) return;
    closeLine();
    output.write(`${text}\n`);
    last = Number.NEGATIVE_INFINITY;
  };
  return {
    say,
    conclude(text) {
      say(text);
      concluded = true;
    },
    progress(text) {
      if (concluded) return;
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
