import type { Profile } from '../profile.ts';
import { detail } from './reply.ts';

/** The API version a request asks for in Accept; refused before anybody is authenticated (paperless-api.md 1.3). */
export function negotiateVersion(accept: string | undefined, profile: Profile): number {
  const ranges = (accept ?? '*/*').split(',').map((range) => range.trim());
  const served = ranges.find((range) =>
    /^(\*\/\*|application\/\*|application\/json|text\/html|text\/\*)(\s*;|$)/i.test(range),
  );
  if (served === undefined) throw detail(406, 'Could not satisfy the request Accept header.');
  const asked = /;\s*version=([^;\s]*)/i.exec(served)?.[1];
  if (asked === undefined) return profile.defaultApiVersion;
  const version = Number(asked.replaceAll('"', ''));
  if (!profile.apiVersions.includes(version)) throw detail(406, 'Invalid version in "Accept" header.');
  return version;
}
