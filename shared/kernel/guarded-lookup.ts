// oxlint-disable-next-line no-restricted-imports -- types alone; who resolves is given
import type { lookup, LookupAddress, LookupOptions } from 'node:dns';
import { isForbiddenAddress } from './forbidden-hosts.ts';

type Answer = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/**
 * Resolves a name for the connection that is made right after it, and leaves out what may not be reached (S4): whatever the
 * name meant when it was entered, these are the addresses that count. `refused` makes the error for a name that leads nowhere
 * else.
 */
export function guardLookup(refused: () => Error, resolve: typeof lookup) {
  return (hostname: string, given: LookupOptions | Answer, callback?: Answer): void => {
    const answer = typeof given === 'function' ? given : callback;
    const options = typeof given === 'function' ? {} : given;
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return answer?.(error, []);
      const allowed = found.filter(({ address }) => !isForbiddenAddress(address));
      const [first] = allowed;
      if (first === undefined) return answer?.(refused(), []);
      return options.all === true ? answer?.(null, allowed) : answer?.(null, first.address, first.family);
    });
  };
}
