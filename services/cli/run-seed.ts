import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from '../../shared/config/exit-codes.ts';
import { findReplica } from '../../shared/db/replicas.repo.ts';
import type { Replica } from '../../shared/db/tables.ts';
import { systemClock } from '../../shared/kernel/clock.ts';
import { AppError } from '../../shared/kernel/errors.ts';
import type { PlanDeps } from '../../shared/replication/plan-reconcile.ts';
import { endSeeding, seedingOf, startSeeding, type Seeding } from '../../shared/replication/seeding.ts';
import { attach } from './attach.ts';
import { replicaIdOf } from './find-replica.ts';
import { printJson, printLines } from './print.ts';
import { planDeps, reconcile } from './run-reconcile.ts';

export interface SeedOptions {
  readonly replica: string;
  readonly wait: boolean;
  readonly giveUp: boolean;
  readonly json: boolean;
}

export async function runSeed(options: SeedOptions): Promise<number> {
  const attached = await attach();
  try {
    const deps = planDeps(attached);
    const replicaId = await replicaIdOf(deps.db, options.replica);
    const replica = await existing(deps, replicaId);
    if (options.giveUp) {
      await endSeeding(deps, replica, 'up');
      return EXIT.ok;
    }
    await startSeeding(deps, replica, systemClock.now());
    const seeding = await seedingOf(deps, await existing(deps, replicaId));
    if (!options.json) printLines(guide(seeding));
    else if (!options.wait) printJson({ seeding });
    if (!options.wait) return EXIT.ok;
    await waitForImport(deps, replicaId, options.json);
    return await reconcile(attached, replicaId, { mode: 'reconcile', wait: true, json: options.json });
  } finally {
    await attached.close();
  }
}

async function existing({ db }: PlanDeps, id: number): Promise<Replica> {
  const replica = await findReplica(db, id);
  if (replica !== undefined) return replica;
  throw new AppError({ code: 'replica_not_found', class: 'not-found', message: 'The replica was removed meanwhile.' });
}

const LOOK_EVERY_MS = 5000;

/** Until everything is there and two looks in a row show the same: an import of one more document may be under way. */
async function waitForImport(deps: PlanDeps, replicaId: number, quiet: boolean): Promise<void> {
  for (let before = -1; ; ) {
    const { state, replica, master } = await seedingOf(deps, await existing(deps, replicaId));
    if (state === 'imported' && replica.documents === before) return;
    if (!quiet && replica.documents !== before)
      process.stderr.write(`${replica.documents} of ${master.documents} documents are there.\n`);
    before = replica.documents;
    await pause(LOOK_EVERY_MS);
  }
}

function guide({ steps, problems }: Seeding): string[] {
  const lines = problems.map((problem) => `Mind: ${problem}`);
  for (const [index, step] of steps.entries()) {
    lines.push('', `${index + 1}. ${step.title}${step.done ? ' (done)' : ''}`);
    if (step.commands) lines.push(`     docker: ${step.commands.docker}`, `     bare:   ${step.commands.bare}`);
    for (const note of step.notes ?? []) lines.push(`     ${note}`);
  }
  return [...lines, ''];
}
