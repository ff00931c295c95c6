/** What routes and pages are given. Built in one place, so that an adapter is never constructed anywhere else. */
import type { SecretBox } from '../../shared/config/secret-key.ts';
import type { Settings } from '../../shared/config/settings.ts';
import type { Db } from '../../shared/db/tables.ts';
import type { Clock } from '../../shared/kernel/clock.ts';
import type { EngineLog, EngineQueue } from '../../shared/replication/deps.ts';
import type { InstanceClients } from '../../shared/replication/test-connection.ts';

/** A part of ours that must work for us to work; instances are none (O1). */
export interface HealthCheck {
  readonly name: 'db' | 'queue';
  check(): Promise<void>;
}

export interface ApiDeps {
  readonly db: Db;
  readonly secrets: SecretBox;
  readonly clients: InstanceClients;
  readonly queue: EngineQueue;
  readonly log: EngineLog;
  readonly clock: Clock;
  readonly randomHex: (bytes: number) => string;
  readonly health: readonly HealthCheck[];
  /** True from the moment the process begins to stop: it still answers, but wants no new traffic. */
  readonly draining: () => boolean;
  readonly version: string;
  readonly publicUrl: string | undefined;
  readonly basePath: string;
  /** For pages, where the settings name none. */
  readonly timeZone: string;
  settings(): Promise<Settings>;
}
