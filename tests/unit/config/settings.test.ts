import { describe, expect, it } from 'vitest';
import {
  displaySettings,
  parseSettings,
  SETTING_KEYS,
  SETTINGS,
  validateSettingsPatch,
} from '../../../shared/config/settings.ts';
import type { AppError } from '../../../shared/kernel/errors.ts';

const open = (sealed: string) => sealed.replace('sealed:', '');

function refusal(patch: unknown): Record<string, string> {
  try {
    validateSettingsPatch(patch);
  } catch (error) {
    return { ...(error as AppError).fields };
  }
  return {};
}

describe('settings', () => {
  it('have the defaults of the product where no row is stored', () => {
    expect(parseSettings([], open)).toMatchObject({
      syncIntervalSeconds: 900,
      syncCycleTimeoutSeconds: 1800,
      taskPollTimeoutSeconds: 3600,
      sweepIntervalSeconds: 86_400,
      logRetentionDays: 90,
      replicaSuspendThreshold: 5,
      maxConcurrentRequests: 4,
      maxAttempts: 10,
      maxReplicaQueue: 25,
      asnBase: 2_000_000_000,
      requestTimeoutSeconds: 60,
      masterUrl: null,
      masterToken: null,
    });
  });

  it('have defaults that their own rules accept', () => {
    for (const key of SETTING_KEYS)
      expect(SETTINGS[key].schema.safeParse(SETTINGS[key].default).success, key).toBe(true);
  });

  it('are read from rows of text, secrets opened', () => {
    const settings = parseSettings(
      [
        { key: 'sync_interval_seconds', value: '60' },
        { key: 'master_token', value: 'sealed:abc' },
        { key: 'of_a_newer_release', value: '1' },
      ],
      open,
    );
    expect(settings.syncIntervalSeconds).toBe(60);
    expect(settings.masterToken).toBe('abc');
  });

  it('stop the reader when a stored row is broken, instead of going on with a default', () => {
    expect(() => parseSettings([{ key: 'max_delete_count', value: 'many' }], open)).toThrow(
      /stored setting max_delete_count must be a whole number/,
    );
  });

  it('take numbers as numbers and as text, and text without spaces around it', () => {
    expect(
      validateSettingsPatch({ sync_interval_seconds: 60, max_attempts: ' 5 ', master_url: ' https://m.example ' }),
    ).toEqual([
      { key: 'sync_interval_seconds', value: '60', secret: false },
      { key: 'max_attempts', value: '5', secret: false },
      { key: 'master_url', value: 'https://m.example', secret: false },
    ]);
  });

  it('name every faulty field of a change, and change nothing', () => {
    expect(
      refusal({
        task_poll_timeout_seconds: 1800,
        max_concurrent_requests: 33,
        max_attempts: '',
        asn_base: 1.5,
        timezone: 'Mars',
        master_url: 'ftp://m',
        sync_interval: 5,
        max_delete_count: true,
      }),
    ).toEqual({
      task_poll_timeout_seconds: 'must be a whole number from 1801 to 86400',
      max_concurrent_requests: 'must be a whole number from 1 to 32',
      max_attempts: 'must be a whole number from 1 to 100',
      asn_base: 'must be a whole number from 1 to 2000000000',
      timezone: expect.stringContaining('is not a time zone') as string,
      master_url: expect.stringContaining('must be a full address') as string,
      sync_interval: 'is not a setting. The nearest one is sync_interval_seconds',
      max_delete_count: 'must be a whole number from 0 to 1000000',
    });
  });

  it('leave a secret alone that is sent as an empty text, and remove what is sent as null', () => {
    expect(validateSettingsPatch({ master_token: '', webhook_secret: null, sync_interval_seconds: null })).toEqual([
      { key: 'webhook_secret', value: null, secret: true },
      { key: 'sync_interval_seconds', value: null, secret: false },
    ]);
  });

  it.each([[null], [[1]], ['text'], [7]])('refuse %j as a whole', (patch) => {
    expect(() => validateSettingsPatch(patch)).toThrow(/must be a JSON object/);
  });

  it('never show a secret', () => {
    const shown = displaySettings(parseSettings([{ key: 'master_token', value: 'sealed:abc' }], open));
    expect(shown.master_token).toBe('********');
    expect(shown.webhook_secret).toBe('');
    expect(JSON.stringify(shown)).not.toContain('abc');
    expect(shown.sync_interval_seconds).toBe(900);
  });
});
