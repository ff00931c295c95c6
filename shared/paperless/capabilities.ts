/** Which generation an instance is and what its token may do (E28). */
import { AppError } from '../kernel/errors.ts';
import type { Capabilities, Generation } from './api.ts';
import { headerOf } from './facts.ts';
import { parseAs, serverDateOf } from './http.ts';
import type { ApiRequest, Http } from './http.ts';
import { uiSettings } from './wire.ts';

export interface CapabilityProbe {
  probe(signal?: AbortSignal): Promise<Capabilities>;
  /** From the last probe; probed again when answers show another version than it did. */
  generation(signal?: AbortSignal): Promise<Generation>;
  /** Makes the next use probe again. */
  forget(): void;
}

export function createProbe(http: Http): CapabilityProbe {
  let known: Capabilities | null = null;
  const probe = async (signal?: AbortSignal): Promise<Capabilities> => {
    known = await readCapabilities(http, signal);
    return known;
  };
  return {
    probe,
    async generation(signal) {
      const upgraded = known !== null && http.seenVersion() !== known.version;
      return (known === null || upgraded ? await probe(signal) : known).generation;
    },
    forget() {
      known = null;
    },
  };
}

async function readCapabilities(http: Http, signal: AbortSignal | undefined): Promise<Capabilities> {
  const request: ApiRequest = { method: 'GET', route: '/api/ui_settings/', purpose: 'list', signal };
  const started = http.clock.monotonic();
  return await http.read(request, (answer) => {
    const { user } = parseAs(request, answer, uiSettings);
    const version = headerOf(answer, 'x-version') ?? '';
    return {
      generation: generationOf(version, headerOf(answer, 'x-api-version')),
      version,
      userId: user.id,
      username: user.username,
      isSuperuser: user.is_superuser,
      isStaff: user.is_staff,
      serverDate: serverDateOf(request, answer),
      latencyMs: http.clock.monotonic() - started,
    };
  });
}

/** API 9 is spoken by both; the version names the rules behind it. Everything else is refused by name. */
export function generationOf(version: string, apiVersion: string | undefined): Generation {
  const api = Number(apiVersion ?? Number.NaN);
  if (/^2\.20\.\d/.test(version) && api === 9) return 'v2';
  if (/^3\.\d/.test(version) && api >= 10) return 'v3';
  throw new AppError({
    code: 'unsupported_version',
    class: 'incompatible',
    message: `paperless-ngx ${version} (API ${apiVersion ?? 'unknown'}) is not supported.`,
    hint: 'Supported are 2.20.x and 3.x. Upgrade this instance.',
    scope: 'instance',
  });
}
