import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/kernel/errors.ts';
import type { RequestFacts } from '../../../shared/paperless/facts.ts';
import { classifyFault } from '../../../shared/paperless/faults.ts';
import type { Fault } from '../../../shared/paperless/faults.ts';

const read: RequestFacts = { method: 'GET', route: '/api/tags/', purpose: 'list' };
const write: RequestFacts = { method: 'POST', route: '/api/tags/', purpose: 'create' };
const fault = (given: Partial<Fault>): Fault => ({ kind: 'network', reached: false, answerBegan: false, ...given });
const stopped = new AppError({ code: 'run_timeout', class: 'cancelled', message: 'The run is over.' });

describe('a request without a whole answer', () => {
  const rows: [string, RequestFacts, Partial<Fault>, string, string][] = [
    ['connection refused', read, { code: 'ECONNREFUSED' }, 'instance_unreachable', 'transient'],
    ['unknown host', write, { code: 'ENOTFOUND' }, 'instance_unreachable', 'transient'],
    ['reset before the last byte of a write', write, { code: 'ECONNRESET' }, 'instance_unreachable', 'transient'],
    ['reset after it', write, { code: 'ECONNRESET', reached: true }, 'answer_missing', 'unknown-outcome'],
    ['reset of a read', read, { code: 'ECONNRESET', reached: true }, 'instance_unreachable', 'transient'],
    ['answer cut off', read, { code: 'ECONNRESET', reached: true, answerBegan: true }, 'body_truncated', 'transient'],
    ['time limit of a read', read, { kind: 'time', reached: true }, 'instance_timeout', 'transient'],
    ['time limit while a write connects', write, { kind: 'time' }, 'instance_timeout', 'transient'],
    ['time limit after a write', write, { kind: 'time', reached: true }, 'answer_missing', 'unknown-outcome'],
    ['untrusted certificate', read, { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'tls_untrusted', 'config'],
    ['expired certificate', write, { code: 'CERT_HAS_EXPIRED' }, 'tls_untrusted', 'config'],
    ['certificate of another host', read, { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'tls_untrusted', 'config'],
    ['no HTTP', read, { code: 'HPE_INVALID_CONSTANT', reached: true }, 'not_http', 'not-an-api'],
    ['https to an http port', read, { code: 'EPROTO' }, 'not_http', 'not-an-api'],
    ['a token with a line break', read, { code: 'ERR_INVALID_CHAR' }, 'header_invalid', 'config'],
    ['slot lost', read, { kind: 'slot' }, 'slot_lost', 'cancelled'],
    ['slot lost after a write', write, { kind: 'slot', reached: true }, 'answer_missing', 'unknown-outcome'],
    ['stopped by the caller', read, { kind: 'caller', reason: stopped, reached: true }, 'run_timeout', 'cancelled'],
    ['stopped without a reason', write, { kind: 'caller', reason: 'x' }, 'cancelled', 'cancelled'],
    [
      'stopped after a write',
      write,
      { kind: 'caller', reason: stopped, reached: true },
      'answer_missing',
      'unknown-outcome',
    ],
    ['an error of ours before the last byte', write, { own: stopped }, 'run_timeout', 'cancelled'],
  ];
  for (const [name, request, given, code, kind] of rows)
    it(`${name} is ${code}`, () => {
      const error = classifyFault(request, fault(given));
      expect([error.code, error.class]).toEqual([code, kind]);
    });
});
