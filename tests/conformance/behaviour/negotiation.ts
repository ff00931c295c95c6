import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Library } from '../support/library.ts';

const NOBODY = 2_000_000_000;

export function negotiationBehaviour(library: Library): void {
  describe('who answers, and in which version', () => {
    acceptedVersions(library);
    refusedVersions(library);
  });
  describe('credentials that do not do', () => credentials(library));
  describe('what is not there', () => missingThings(library));
}

function acceptedVersions(library: Library): void {
  const highest = library.generation === 2 ? '9' : '10';

  test('version 9 is spoken by both generations; the headers name release and highest version', async () => {
    const answer = await library.call('/api/profile/', { api: 9 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-api-version')).toBe(highest);
    expect(answer.headers.get('x-version')).toMatch(new RegExp(`^${library.generation}\\.\\d+\\.\\d+$`));
  });

  test('a request without a version gets the highest one', async () => {
    const withCensus = (await library.call('/api/documents/?page_size=1&fields=id', { api: null })).json;
    expect(Object.hasOwn(z.looseObject({}).parse(withCensus), 'all')).toBe(library.generation === 2);
  });

  test('every answer carries the date of the server, which the cursor of the feed is bound by', async () => {
    const date = (await library.call('/api/profile/')).headers.get('date');
    expect(Math.abs(Date.parse(date ?? '') - Date.now())).toBeLessThan(24 * 3600 * 1000);
  });

  test('ui_settings tells the user, its rank and the release', async () => {
    const answer = await library.call('/api/ui_settings/');
    const settings = z
      .object({
        user: z.looseObject({
          id: z.number().int(),
          username: z.string(),
          is_superuser: z.boolean(),
          is_staff: z.boolean(),
        }),
        settings: z.looseObject({ version: z.string(), trash_delay: z.number() }),
        permissions: z.array(z.string()),
      })
      .parse(answer.json);
    expect(settings.user).toMatchObject({ is_superuser: true, is_staff: true });
    expect(settings.settings.version).toBe(answer.headers.get('x-version'));
    expect(settings.permissions).toContain('change_document');
  });
}

function refusedVersions(library: Library): void {
  const foreign = library.generation === 2 ? 10 : 8;

  test.each([99, foreign])('version %i is refused with 406, before anything is known of the caller', async (api) => {
    const answer = await library.call('/api/documents/', { api });
    expect(answer.status).toBe(406);
    expect(answer.json).toEqual({ detail: 'Invalid version in "Accept" header.' });
    expect(answer.headers.get('x-version')).toBeNull();
  });

  test('a type that nothing renders is refused with 406', async () => {
    const answer = await library.call('/api/documents/', { headers: { accept: 'application/pdf' } });
    expect(answer.status).toBe(406);
    expect(answer.json).toEqual({ detail: 'Could not satisfy the request Accept header.' });
  });
}

function credentials(library: Library): void {
  test('no credentials are a 401 that says so and asks for a token', async () => {
    const answer = await library.call('/api/documents/', { auth: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Token');
    expect(answer.json).toEqual({ detail: 'Authentication credentials were not provided.' });
    expect(answer.headers.get('x-version')).toBeNull();
  });

  test('a token nobody has is a 401', async () => {
    const answer = await library.call('/api/documents/', { auth: `Token ${'0123456789'.repeat(4)}` });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ detail: 'Invalid token.' });
  });
}

function missingThings(library: Library): void {
  test('an unknown document is a 404 in JSON', async () => {
    for (const method of ['GET', 'PATCH', 'DELETE'] as const) {
      const answer = await library.call(
        `/api/documents/${NOBODY}/`,
        method === 'PATCH' ? { method, json: {} } : { method },
      );
      expect(answer.status).toBe(404);
      expect(answer.json).toEqual({ detail: 'No Document matches the given query.' });
    }
  });

  test('so are its files, metadata and notes', async () => {
    for (const part of ['download/?original=true', 'preview/', 'metadata/', 'notes/']) {
      const answer = await library.call(`/api/documents/${NOBODY}/${part}`);
      expect([part, answer.status, answer.json]).toEqual([part, 404, { detail: 'Not found.' }]);
    }
  });

  test('an address outside the API leads to the login page, never to a 404: so a wrong base URL shows', async () => {
    const answer = await library.call('/nothing/here/');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/accounts/login/?next=/nothing/here/');
  });

  test('a page past the end is a 404', async () => {
    const answer = await library.call('/api/documents/?page=1000000');
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({ detail: 'Invalid page.' });
  });
}
