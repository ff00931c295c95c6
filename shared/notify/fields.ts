/** Checks of what a person fills in. A fault never repeats the value: it may be a secret. */
import { isForbiddenHost } from '../kernel/forbidden-hosts.ts';
import type { Field } from './transport.ts';

/** S4: http(s) only, no credentials inside, no link-local or metadata addresses. */
export function addressFault(text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'must be a full http or https address';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.hash !== '') return 'must not contain a fragment (#)';
  return isForbiddenHost(url.hostname) ? 'must not be a link-local or metadata address' : null;
}

/** Visible ASCII: it goes into a header or a path. */
export function wordFault(text: string): string | null {
  return /^[\x21-\x7e]+$/.test(text) ? null : 'must be one word of letters, digits and signs';
}

/** A header's value. */
export function headerFault(text: string): string | null {
  return /^[\x20-\x7e]+$/.test(text) ? null : 'must be one line of letters, digits and signs';
}

const given = { required: true } as const;
const maybe = { required: false } as const;

export const serverField = (label: string, hint?: string): Field => ({
  ...{ ...given, label, secret: false, fault: serverFault },
  ...(hint === undefined ? {} : { hint }),
});
/** An address that opens the channel for whoever knows it. */
export const secretAddress = (label: string, hint: string): Field => ({
  ...{ ...given, label, secret: true, fault: addressFault, hint },
});
export const token = (label: string, hint?: string): Field => ({
  ...{ ...given, label, secret: true, fault: wordFault },
  ...(hint === undefined ? {} : { hint }),
});
export const optionalToken = (label: string, hint: string): Field => ({ ...token(label, hint), ...maybe });

/** Where a path of ours is added to it. */
function serverFault(text: string): string | null {
  const fault = addressFault(text);
  return fault === null && new URL(text).search !== '' ? 'must not contain a query (?)' : fault;
}

export const hostOf = (url: string): string => new URL(url).host;
export const under = (server: string, path: string): string => server.replace(/\/+$/, '') + path;
