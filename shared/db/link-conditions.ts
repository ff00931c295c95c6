/** What is asked of links, in the words of the partial indexes over them: in others the planner would read every link. */
import { sql } from 'kysely';
import type { DocumentStatus } from './tables.ts';

/**
 * Not simply in step. Of the others there are as many as the total has left (`link_totals`): a large library is never read to
 * be counted.
 */
export const UNSETTLED = sql<boolean>`(status <> 'ok' or phase <> 'ok')`;

/** Open work. */
export const OWED = sql<boolean>`(dirty_seq <> applied_seq and dirty_since is not null)`;

/** A document that the replica has to have: neither gone from the master nor left out by a person. */
export const EXPECTED = sql<boolean>`(phase <> 'gone' and phase <> 'excluded')`;

/** Left out by a person, in words that the index over the unsettled knows. */
export const EXCLUDED = sql<boolean>`(status = 'pending' and phase = 'excluded')`;

/** As people are told. */
export const STATUS = sql<DocumentStatus>`case when phase = 'excluded' then 'excluded' else status end`;

export const hasStatus = (status: DocumentStatus) =>
  status === 'excluded' ? EXCLUDED : sql<boolean>`(status = ${status} and phase <> 'excluded')`;

/** Not compared since then, or never; what is gone or excluded needs no proof. A deeper comparison hides a later one of the checksum. */
export const unverifiedSince = (
  since: Date,
) => sql<boolean>`(phase <> 'gone' and phase <> 'excluded' and (checksum_at is null or checksum_at < ${since})
  and (verified_at is null or verified_at < ${since}))`;

/** Something is said about this field of the document. */
export const speaksOf = (field: string) =>
  sql<boolean>`(report @> ${JSON.stringify([{ field }])}::jsonb and report <> '[]')`;
