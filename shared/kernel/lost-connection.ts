/** SQL states that say "not now": connection exceptions, a server that stops or starts, a session that was ended, none free. */
const LOST_STATE = /^(08\w{3}|57P0[1235]|25P03|53300)$/;
const LOST_CODE = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN']);
/** What drivers say without a code. */
const LOST_MESSAGE =
  /connection terminated|connection error|connection is closed|not queryable|timeout exceeded when trying to connect|query read timeout|max retries per request|command timed out|stream isn't writeable/i;

/**
 * Whether this is how a driver says that its server is away, or went away before it answered. Whether a statement that was
 * under way took effect is not known then.
 */
export function isLostConnection(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (LOST_STATE.test(code) || LOST_CODE.has(code))) return true;
  return LOST_MESSAGE.test(error.message);
}
