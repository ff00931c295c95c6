/** Where the master says that a document was added or changed (E24): open, since its workflow proves itself by a secret. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { countRequest } from '../../../shared/db/webhook-events.repo.ts';
import { SECRET_HEADER, WEBHOOK_PATH } from '../../../shared/domain/webhook-workflow.ts';
import { MINUTE } from '../../../shared/kernel/clock.ts';
import { AppError, toAppError } from '../../../shared/kernel/errors.ts';
import { takeHint } from '../../../shared/replication/webhook/take-hint.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { readHint } from '../webhook-body.ts';

/** Of those who know the secret, counted over all processes; of all others, by each process, so that they cost no statement. */
const PER_MINUTE = 120;

export function webhookIntake(deps: ApiDeps): Hono<GateVariables> {
  const refusals = perMinute(deps);
  const take = async (c: GateContext) => {
    const { webhookSecret } = await deps.settings();
    if (webhookSecret === null) throw notSetUp();
    if (!isSame(c.req.header(SECRET_HEADER) ?? '', webhookSecret))
      throw refusals() > PER_MINUTE ? tooOften() : wrongSecret();
    if ((await countRequest(deps.db)) > PER_MINUTE) throw tooOften();
    const { documentId, kind, body, fields } = await readHint(c);
    return takeHint(deps, { documentId, kind, body, fields });
  };
  return new Hono<GateVariables>().post(WEBHOOK_PATH, async (c) => {
    try {
      const { id, received_count: count } = await take(c);
      deps.metrics.webhookRequests.inc({ outcome: count === 1 ? 'accepted' : 'joined' });
      return c.json({ id }, 202);
    } catch (thrown) {
      deps.metrics.webhookRequests.inc({ outcome: toAppError(thrown).code });
      throw thrown;
    }
  });
}

/** Digests are of one length, and comparing them takes the same time wherever they differ. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}

/** How many there were in this minute, with this one. */
function perMinute({ clock }: Pick<ApiDeps, 'clock'>): () => number {
  let [minute, count] = [0, 0];
  return () => {
    const now = Math.floor(clock.monotonic() / MINUTE);
    count = now === minute ? count + 1 : 1;
    minute = now;
    return count;
  };
}

function notSetUp(): AppError {
  return new AppError({
    code: 'webhook_not_set_up',
    class: 'permission',
    message: 'No webhook is taken here: no secret is set.',
    hint: 'Set webhook_secret, or install the workflow on the page Settings, Webhook.',
  });
}

function wrongSecret(): AppError {
  return new AppError({
    code: 'webhook_secret_wrong',
    class: 'permission',
    message: `The header ${SECRET_HEADER} does not hold the secret that is set here.`,
    hint: 'Put the value of webhook_secret into the headers of the workflow, or install it anew.',
  });
}

function tooOften(): AppError {
  return new AppError({
    code: 'webhook_too_often',
    class: 'rate-limited',
    message: `More than ${PER_MINUTE} webhooks came within a minute.`,
    hint: 'Nothing is lost: the next cycle finds what changed.',
    retryAfterMs: MINUTE,
  });
}
