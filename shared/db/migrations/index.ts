import type { Migration } from 'kysely/migration';
import { initial } from './2026-11-21-initial.ts';
import { deletions } from './2026-11-22-deletions.ts';
import { files } from './2026-11-22-files.ts';
import { hygiene } from './2026-11-22-hygiene.ts';
import { limits } from './2026-11-23-limits.ts';
import { troubles } from './2026-11-24-troubles.ts';
import { reconcile } from './2026-11-22-reconcile.ts';
import { taxonomy } from './2026-11-22-taxonomy.ts';
import { truth } from './2026-11-22-truth.ts';
import { verify } from './2026-11-22-verify.ts';
import { leader } from './2026-11-23-leader.ts';
import { backup } from './2026-11-23-backup.ts';
import { doors } from './2026-11-23-doors.ts';
import { live } from './2026-11-24-live.ts';
import { speed } from './2026-11-24-speed.ts';
import { sums } from './2026-11-25-sums.ts';
import { slots } from './2026-11-26-slots.ts';
import { excluded } from './2026-11-27-excluded.ts';
import { notifications } from './2026-11-28-notifications.ts';
import { webhooks } from './2026-11-28-webhooks.ts';
import { topology } from './2026-11-29-topology.ts';

/** A static list (no file globbing), so that it is the same from source and when compiled. Names are dates, never renamed. */
export const migrations: Record<string, Migration> = {
  '2026-11-21-initial': initial,
  '2026-11-22-files': files,
  '2026-11-22-hygiene': hygiene,
  '2026-11-22-truth': truth,
  '2026-11-22-deletions': deletions,
  '2026-11-22-reconcile': reconcile,
  '2026-11-22-verify': verify,
  '2026-11-22-taxonomy': taxonomy,
  '2026-11-23-leader': leader,
  '2026-11-23-backup': backup,
  '2026-11-23-doors': doors,
  '2026-11-23-limits': limits,
  '2026-11-24-live': live,
  '2026-11-24-troubles': troubles,
  '2026-11-24-speed': speed,
  '2026-11-25-sums': sums,
  '2026-11-26-slots': slots,
  '2026-11-27-excluded': excluded,
  '2026-11-28-notifications': notifications,
  '2026-11-28-webhooks': webhooks,
  '2026-11-29-topology': topology,
};

/**
 * Those that a program must know to work with the schema, since they take away or change what the release before them uses
 * (docs/upgrading.md). All others only add: programs of the release before go on working.
 */
export const BREAKING: readonly string[] = ['2026-11-23-backup'];
