import type { RunView } from '../../shared/db/views.repo.ts';

export interface ProgressPrinter {
  show(run: RunView, replicas: readonly RunView[]): void;
  end(): void;
}

/** On a terminal one line that changes; in a file or pipe a line only when a replica enters another phase. */
export function createProgressPrinter(out: NodeJS.WriteStream, quiet: boolean): ProgressPrinter {
  if (quiet) return { show: () => undefined, end: () => undefined };
  return out.isTTY ? terminalPrinter(out) : linePrinter(out);
}

function describe(replica: RunView): string {
  const done = replica.docs_synced + replica.docs_failed + replica.docs_held;
  const counts = replica.docs_total === 0 ? '' : ` ${done}/${replica.docs_total}`;
  return `${replica.replica ?? replica.id}: ${replica.outcome ?? replica.phase}${counts}`;
}

function terminalPrinter(out: NodeJS.WriteStream): ProgressPrinter {
  return {
    show(run, replicas) {
      const line = replicas.length === 0 ? `cycle: ${run.phase}` : replicas.map(describe).join('  ');
      out.write(`\r\x1b[2K${line.slice(0, Math.max(20, out.columns - 1))}`);
    },
    end: () => out.write('\r\x1b[2K'),
  };
}

function linePrinter(out: NodeJS.WriteStream): ProgressPrinter {
  const shown = new Map<number, string>();
  return {
    show(run, replicas) {
      for (const row of [run, ...replicas]) {
        const phase = row.outcome ?? row.phase;
        if (shown.get(row.id) === phase) continue;
        shown.set(row.id, phase);
        out.write(row.kind === 'cycle' ? `cycle: ${phase}\n` : `${describe(row)}\n`);
      }
    },
    end: () => undefined,
  };
}
