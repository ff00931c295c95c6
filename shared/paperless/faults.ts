/** A request that ended without a whole answer: what can be said about it depends on how far it got. */
import { AppError } from '../kernel/errors.ts';
import type { RequestFacts } from './facts.ts';
import { isWrite } from './facts.ts';

export interface Fault {
  /** `time`: our limit; `caller`, `slot`, `fenced`: somebody called the work off; `network`: the socket failed. */
  readonly kind: 'time' | 'caller' | 'slot' | 'fenced' | 'network';
  /** Error code of the socket or of TLS, e.g. ECONNREFUSED. */
  readonly code?: string | undefined;
  /**
   * The last byte of the request may have left. A request cut before it leaves nothing on the instance (paperless-api.md
   * 16), so only after it is the outcome of a write unknown.
   */
  readonly reached: boolean;
  /** Status and headers of an answer had come. */
  readonly answerBegan: boolean;
  /** The reason of the signal that ended it. */
  readonly reason?: unknown;
  /** An error of ours that ended it: file altered, disk full, process fenced, answer too large. */
  readonly own?: AppError | undefined;
}

const UNTRUSTED = /^(DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA)/;
const NOT_HTTP = /^(HPE_|ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)/;

export function classifyFault(request: RequestFacts, fault: Fault): AppError {
  const what = `${request.method} ${request.route}`;
  if (isWrite(request) && fault.reached)
    return new AppError({
      code: 'answer_missing',
      class: 'unknown-outcome',
      message: `${what} was sent, but no clean answer came (${cause(fault)}).`,
      hint: 'The write may have been applied. It is looked up on the instance before anything is sent again.',
    });
  if (fault.own !== undefined) return fault.own;
  if (fault.kind === 'caller' || fault.kind === 'fenced') return calledOff(what, fault.reason);
  if (fault.kind === 'slot')
    return new AppError({
      code: 'slot_lost',
      class: 'cancelled',
      message: `${what} was stopped: its request slot was lost.`,
      scope: 'instance',
    });
  return unreached(what, fault);
}

function calledOff(what: string, reason: unknown): AppError {
  if (reason instanceof AppError) return reason;
  return new AppError({ code: 'cancelled', class: 'cancelled', message: `${what} was stopped.`, cause: reason });
}

function unreached(what: string, fault: Fault): AppError {
  const code = fault.code ?? '';
  if (UNTRUSTED.test(code))
    return new AppError({
      code: 'tls_untrusted',
      class: 'config',
      message: `${what}: the certificate of the instance is not trusted (${code}).`,
      hint: 'Enter the private certificate authority of this instance.',
      scope: 'instance',
    });
  if (NOT_HTTP.test(code))
    return new AppError({
      code: 'not_http',
      class: 'not-an-api',
      message: `${what}: what answers there does not speak this protocol (${code}).`,
      hint: 'Check http or https and the port.',
      scope: 'instance',
    });
  if (code.startsWith('ERR_INVALID_'))
    return new AppError({
      code: 'header_invalid',
      class: 'config',
      message: `${what}: the token or an extra header holds characters that HTTP does not allow.`,
      scope: 'instance',
    });
  if (fault.kind === 'time')
    return new AppError({
      code: 'instance_timeout',
      class: 'transient',
      message: `${what} was not answered in time.`,
      scope: 'instance',
    });
  if (fault.answerBegan)
    return new AppError({
      code: 'body_truncated',
      class: 'transient',
      message: `${what}: the answer was cut off (${cause(fault)}).`,
      scope: 'instance',
    });
  return new AppError({
    code: 'instance_unreachable',
    class: 'transient',
    message: `${what}: the instance could not be reached (${cause(fault)}).`,
    scope: 'instance',
  });
}

function cause(fault: Fault): string {
  if (fault.kind === 'network') return fault.code ?? 'connection lost';
  return { time: 'time limit', caller: 'stopped', slot: 'request slot lost', fenced: 'process fenced' }[fault.kind];
}
