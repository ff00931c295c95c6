/** Settings: shown with default and source, checked before they are saved, the change shown first. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { SettingKey } from '../../../shared/config/settings.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import { testMaster, type ConnectionReport } from '../../../shared/replication/test-connection.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { malformed } from '../http-error.ts';
import { text } from '../input.ts';
import { plural } from '../presenters/replica-state.ts';
import { changesOf, loadSettingsPage, saveChanges, type Change } from '../presenters/settings.ts';
import { deleteLogs } from '../routes/logs.ts';
import { act, formOf, redirectWith, type FormValues } from './actions.ts';
import { PostForm } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { isTyped } from './components/notices.tsx';
import { renderPage } from './page.tsx';
import { SettingsView } from './settings-view.tsx';

const anything = z.record(z.string().max(60), text(4000));
/** Of what was typed, sealed: a token never stands in a page (S3). */
const SEALED = 'sealed';

interface ShowOptions {
  readonly errors?: FormValues;
  readonly values?: FormValues;
  readonly report?: ConnectionReport;
}
type Show = (c: GateContext, more?: ShowOptions) => Promise<Response>;

export function settingsPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  const show = async (c: GateContext, more: ShowOptions = {}) => {
    const page = await loadSettingsPage(deps);
    const status = more.errors === undefined ? 200 : 422;
    const content = (
      <SettingsView page={page} errors={more.errors ?? {}} values={more.values ?? {}} report={more.report} />
    );
    return renderPage(c, deps, { title: 'Settings', nav: 'settings', status }, content);
  };
  routes.get('/settings', (c) => show(c));
  routes.post('/settings', async (c) => {
    const given = await formOf(c, anything);
    if (!given.ok) return show(c, given);
    return refusedOr(
      async () => {
        const { patch, changes } = await changesOf(deps, given.data);
        if (changes.length === 0)
          return redirectWith(c, deps, '/settings', 'Nothing is different: 0 settings were changed.');
        const sealed = deps.secrets.seal(JSON.stringify(patch));
        return renderPage(
          c,
          deps,
          { title: 'Save settings?', nav: 'settings' },
          <Preview changes={changes} sealed={sealed} />,
        );
      },
      (errors) => show(c, { errors, values: withoutSecrets(given.values) }),
    );
  });
  routes.post('/settings/test', async (c) => {
    const given = await formOf(c, anything);
    const current = await deps.settings();
    const typed = (name: 'master_url' | 'master_token') => (given.values[name] ?? '').trim();
    const url = typed('master_url') || (current.masterUrl ?? '');
    // The stored token goes to the stored address alone: it must not be sent to whatever somebody types.
    const stored = url === current.masterUrl ? (current.masterToken ?? '') : '';
    const token = typed('master_token') || stored;
    if (url === '' || token === '')
      return show(c, {
        errors: { [url === '' ? 'master_url' : 'master_token']: 'is needed for a test' },
        values: withoutSecrets(given.values),
      });
    const report = await testMaster(deps, { url, token, target: null }, c.req.raw.signal);
    return show(c, { report, values: withoutSecrets(given.values) });
  });
  addSave(routes, deps, show);
  return routes;
}

function addSave(routes: Hono<GateVariables>, deps: ApiDeps, show: Show): void {
  routes.post('/settings/save', async (c) => {
    const given = await formOf(c, z.strictObject({ [SEALED]: text(20_000) }));
    if (!given.ok) throw malformed('This form is not complete.');
    const patch = opened(deps, given.data[SEALED] ?? '');
    return refusedOr(
      async () => {
        const work = await changesOf(deps, patch);
        await saveChanges(deps, work, c.req.raw.signal);
        return redirectWith(c, deps, '/settings', `${plural(work.changes.length, 'setting')} changed.`);
      },
      (errors) => show(c, { errors, values: withoutSecrets(patch) }),
    );
  });
  routes.post('/settings/delete-logs', (c) =>
    act(c, deps, '/settings#danger', async ({ confirm, days }) => {
      const wanted = /^\d{1,5}$/.test(days ?? '') ? Number(days) : 0;
      if (wanted < 1) throw malformed('Say how many days are kept: a whole number from 1 on.');
      if (!isTyped(confirm, 'delete logs')) throw malformed('Type "delete logs" to confirm; nothing was deleted.');
      return `${await deleteLogs(deps, wanted)} log events older than ${wanted} days were deleted.`;
    }),
  );
}

/** A refusal that names fields is shown beside them. */
async function refusedOr(
  work: () => Promise<Response>,
  show: (errors: Readonly<Record<string, string>>) => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.fields === undefined) throw thrown;
    return show(thrown.fields);
  }
}

function opened(deps: ApiDeps, sealed: string): Record<string, string> {
  try {
    const patch: unknown = JSON.parse(deps.secrets.open(sealed));
    const known = z.record(z.string(), z.string().nullable()).parse(patch);
    return Object.fromEntries(Object.entries(known).map(([key, value]) => [key, value ?? '']));
  } catch {
    throw malformed('This form was not made here, or the SECRET_KEY changed meanwhile. Enter the settings again.');
  }
}

const withoutSecrets = (values: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !/token|secret/.test(key)));

function Preview({ changes, sealed }: { changes: readonly Change[]; sealed: string }) {
  return (
    <>
      <h1>Save these settings?</h1>
      <table class="stack">
        <thead>
          <tr>
            <th>Setting</th>
            <th>Now</th>
            <th>After</th>
          </tr>
        </thead>
        <tbody>
          {changes.map(({ key, before, after }) => (
            <tr>
              <td data-label="Setting">
                <code>{key}</code>
              </td>
              <td data-label="Now">{before === '' ? 'empty' : before}</td>
              <td data-label="After">
                <strong>{after === '' ? 'empty' : after}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {changes.some(({ key }) => MASTER_KEYS.includes(key)) ? (
        <p>The master is tested first; nothing is saved if the test fails.</p>
      ) : null}
      <PostForm action="/settings/save">
        <input type="hidden" name={SEALED} value={sealed} />
        <div class="actions">
          <button type="submit">Save {changes.length === 1 ? '1 change' : `${changes.length} changes`}</button>
          <To to="/settings">Back, change nothing</To>
        </div>
      </PostForm>
    </>
  );
}

const MASTER_KEYS: readonly SettingKey[] = ['master_url', 'master_token'];
