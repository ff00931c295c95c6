/** Adding and editing a replica: tested in front of the person who typed it; what was typed stays, but for the token. */
import { Hono } from 'hono';
import { z } from 'zod';
import { QUIET_HOURS } from '../../../shared/domain/quiet-hours.ts';
import { addReplica, replicaUrl, testNewReplica } from '../../../shared/replication/add-replica.ts';
import { ConnectionRefused } from '../../../shared/replication/connection-refused.ts';
import type { ConnectionReport } from '../../../shared/replication/test-connection.ts';
import { testKnownReplica, updateReplica } from '../../../shared/replication/update-replica.ts';
import { toAppError } from '../../../shared/kernel/errors.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { statusOf } from '../http-error.ts';
import { idOf, text } from '../input.ts';
import { formOf, redirectWith, type FormValues } from './actions.ts';
import { ConnectionSteps } from './components/connection.tsx';
import { Check, Field, PostForm, Select } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { renderPage } from './page.tsx';
import { existingReplica, type Replica } from '../existing.ts';

const emptyToNull = (value: string) => (value === '' ? null : value);
const whole = (min: number, max: number) =>
  text(20)
    .trim()
    .default('')
    .refine((value) => value === '' || isWithin(value, min, max), `must be a whole number from ${min} to ${max}`)
    .transform((value) => (value === '' ? null : Number(value)));
const isWithin = (value: string, min: number, max: number) =>
  /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max;

const common = {
  verb: z.enum(['save', 'test']).default('save'),
  name: text(100).trim().min(1, 'must not be empty'),
  url: text(2000).trim().min(1, 'must not be empty'),
  sync_interval_seconds: whole(10, 2_592_000),
  deletion_mode: z.enum(['keep', 'trash', 'delete']),
  conflict_policy: z.enum(['master', 'person']),
  unknown_owner: z.enum(['token_user', 'unowned', 'skip']),
  quiet_hours: text(20)
    .trim()
    .default('')
    .transform(emptyToNull)
    .pipe(z.string().regex(QUIET_HOURS, 'must look like 22:00-06:00').nullable()),
  requests_per_minute: whole(1, 60_000),
  max_bytes_per_second: whole(16_384, 1_000_000_000_000),
  replace_files_on_v2: z.literal('1').optional(),
  restore_held_back: z.literal('1').optional(),
};
const newForm = z.object({ ...common, api_token: text(500).trim().min(1, 'must not be empty') });
const editForm = z.object({ ...common, api_token: text(500).trim().default('') });
type Given = z.output<typeof editForm>;

const NEW_VALUES: FormValues = {
  name: '',
  url: '',
  deletion_mode: 'keep',
  conflict_policy: 'master',
  unknown_owner: 'token_user',
};

export function replicaForms(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/new', (c) => renderForm(c, deps, { replica: null, values: NEW_VALUES }));
  routes.post('/new', (c) => submitNew(c, deps));
  routes.get('/:id/edit', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c));
    return renderForm(c, deps, { replica, values: valuesOf(replica) });
  });
  routes.post('/:id/edit', async (c) => submitEdit(c, deps, await existingReplica(deps.db, idOf(c))));
  return routes;
}

const choicesOf = (data: Given) => ({
  syncIntervalSeconds: data.sync_interval_seconds,
  deletionMode: data.deletion_mode,
  conflictPolicy: data.conflict_policy,
  unknownOwner: data.unknown_owner,
  quietHours: data.quiet_hours,
  requestsPerMinute: data.requests_per_minute,
  maxBytesPerSecond: data.max_bytes_per_second,
  replaceFilesOnV2: data.replace_files_on_v2 === '1',
  restoreHeldBack: data.restore_held_back === '1',
});

async function submitNew(c: GateContext, deps: ApiDeps): Promise<Response> {
  const form = await formOf(c, newForm);
  const shown = { replica: null, values: form.values };
  if (!form.ok) return renderForm(c, deps, { ...shown, errors: form.errors });
  const { verb, name, url, api_token: token } = form.data;
  const signal = c.req.raw.signal;
  return orShown(c, deps, shown, async () => {
    if (verb === 'test') {
      const report = await testNewReplica(deps, { url: replicaUrl(url), token }, signal);
      return renderForm(c, deps, { ...shown, report });
    }
    const added = await addReplica(deps, { name, url, token, enabled: true, ...choicesOf(form.data) }, signal);
    deps.log.info(`Replica "${added.replica.name}" was added.`, { replicaId: added.replica.id });
    return redirectWith(c, deps, `/replicas/${added.replica.id}`, `Replica "${added.replica.name}" was added.`);
  });
}

async function submitEdit(c: GateContext, deps: ApiDeps, replica: Replica): Promise<Response> {
  const form = await formOf(c, editForm);
  const shown = { replica, values: form.values };
  if (!form.ok) return renderForm(c, deps, { ...shown, errors: form.errors });
  const { verb, name, url, api_token: given } = form.data;
  const signal = c.req.raw.signal;
  return orShown(c, deps, shown, async () => {
    if (verb === 'test') {
      const token = given === '' ? deps.secrets.open(replica.api_token) : given;
      const access = { url: replicaUrl(url), token, target: replica.id };
      return renderForm(c, deps, { ...shown, report: await testKnownReplica(deps, replica, access, signal) });
    }
    const token = given === '' ? undefined : given;
    await updateReplica(deps, replica.id, { name, url, token, ...choicesOf(form.data) }, signal);
    deps.log.info(`Replica "${name}" was changed.`, { replicaId: replica.id });
    return redirectWith(c, deps, `/replicas/${replica.id}`, `Replica "${name}" was saved.`);
  });
}

/** A refusal comes back on the form, at its field, with every step of the test that failed. */
async function orShown(c: GateContext, deps: ApiDeps, shown: Shown, work: () => Promise<Response>): Promise<Response> {
  try {
    return await work();
  } catch (thrown) {
    const error = toAppError(thrown);
    if (statusOf(error) === 500 || statusOf(error) === 404) throw thrown;
    const report = error instanceof ConnectionRefused ? error.report : undefined;
    const message = report === undefined ? `${error.message} ${error.hint ?? ''}`.trim() : undefined;
    return renderForm(c, deps, { ...shown, errors: error.fields ?? {}, report, message });
  }
}

interface Shown {
  /** Null: a new one. */
  readonly replica: Replica | null;
  readonly values: FormValues;
  readonly errors?: FormValues;
  readonly report?: ConnectionReport | undefined;
  readonly message?: string | undefined;
}

function renderForm(c: GateContext, deps: ApiDeps, shown: Shown): Promise<Response> {
  const { replica, errors, report, message } = shown;
  const title = replica === null ? 'Add a replica' : `Edit ${replica.name}`;
  const bad = errors !== undefined || message !== undefined || report?.ok === false;
  return renderPage(
    c,
    deps,
    { title, nav: 'replicas', status: bad ? 422 : 200 },
    <>
      <h1>{title}</h1>
      {message === undefined ? null : (
        <p class="note bad" role="alert">
          {message}
        </p>
      )}
      {report === undefined ? null : <ConnectionSteps report={report} saved={false} />}
      <ReplicaForm shown={shown} />
    </>,
  );
}

function ReplicaForm({ shown: { replica, values, errors = {} } }: { shown: Shown }) {
  const at = (name: string) => ({ name, value: values[name] ?? '', error: errors[name] });
  const kept = replica !== null;
  return (
    <PostForm action={kept ? `/replicas/${replica.id}/edit` : '/replicas/new'}>
      <Field label="Name" {...at('name')} required />
      <Field
        label="Address"
        {...at('url')}
        required
        placeholder="https://paperless.example"
        hint="Where its web page is."
      />
      <Field
        label="API token"
        name="api_token"
        type="password"
        error={errors['api_token']}
        required={!kept}
        hint={kept ? 'Empty: as it is. It is never shown.' : 'Of a superuser of the replica. It is never shown again.'}
      />
      <details open={hasChoices(errors)}>
        <summary>Schedule, deletions, limits</summary>
        <Choices at={at} values={values} />
      </details>
      <div class="actions">
        <button type="submit" name="verb" value="save">
          {kept ? 'Save' : 'Test and add'}
        </button>
        <button type="submit" name="verb" value="test" class="secondary">
          Only test
        </button>
        <To to={kept ? `/replicas/${replica.id}` : '/replicas'}>Back, change nothing</To>
      </div>
    </PostForm>
  );
}

const BASICS = new Set(['name', 'url', 'api_token']);
const hasChoices = (errors: FormValues) => Object.keys(errors).some((name) => !BASICS.has(name));

type At = (name: string) => { name: string; value: string; error: string | undefined };

function Choices({ at, values }: { at: At; values: FormValues }) {
  return (
    <>
      <Field
        label="Seconds between cycles"
        {...at('sync_interval_seconds')}
        type="number"
        min={10}
        hint="Empty: as in the settings."
      />
      <Select
        label="When a document is deleted on the master"
        {...at('deletion_mode')}
        options={[
          { value: 'keep', label: 'keep the copy' },
          { value: 'trash', label: 'move the copy to the trash' },
          { value: 'delete', label: 'delete the copy for good' },
        ]}
      />
      <Select
        label="When somebody edits a copy"
        {...at('conflict_policy')}
        options={[
          { value: 'master', label: 'the master wins' },
          { value: 'person', label: 'a person decides' },
        ]}
      />
      <Select
        label="When the owner is unknown on the replica"
        {...at('unknown_owner')}
        options={[
          { value: 'token_user', label: 'the user of the token owns it' },
          { value: 'unowned', label: 'nobody owns it' },
          { value: 'skip', label: 'leave the owner alone' },
        ]}
      />
      <Field label="Quiet hours" {...at('quiet_hours')} placeholder="22:00-06:00" hint="Empty: none." />
      <Field label="Requests a minute, at most" {...at('requests_per_minute')} type="number" hint="Empty: no limit." />
      <Field label="Bytes a second, at most" {...at('max_bytes_per_second')} type="number" hint="Empty: no limit." />
      <Check
        label="Replace changed files on paperless-ngx 2"
        name="replace_files_on_v2"
        checked={values['replace_files_on_v2'] === '1'}
        hint="The copy gets a new id there, since version 2 cannot exchange a file."
      />
      <Check
        label="Give back matching rules that were held back"
        name="restore_held_back"
        checked={values['restore_held_back'] === '1'}
        hint="Only for a replica that takes over from the master."
      />
    </>
  );
}

function valuesOf(replica: Replica): FormValues {
  const shown = (value: number | string | null) => (value === null ? '' : String(value));
  return {
    name: replica.name,
    url: replica.url,
    sync_interval_seconds: shown(replica.sync_interval_seconds),
    deletion_mode: replica.deletion_mode,
    conflict_policy: replica.conflict_policy,
    unknown_owner: replica.unknown_owner,
    quiet_hours: shown(replica.quiet_hours),
    requests_per_minute: shown(replica.requests_per_minute),
    max_bytes_per_second: shown(replica.max_bytes_per_second),
    ...(replica.replace_files_on_v2 ? { replace_files_on_v2: '1' } : {}),
    ...(replica.restore_held_back ? { restore_held_back: '1' } : {}),
  };
}
