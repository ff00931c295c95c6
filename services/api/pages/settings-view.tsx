/** How settings are laid out. */
import type { ConnectionReport } from '../../../shared/replication/test-connection.ts';
import { groups, type SettingGroup, type SettingsPage, type ShownSetting } from '../presenters/settings.ts';
import { AuditTable } from './audit-page.tsx';
import { Badge } from './components/badge.tsx';
import { Field, PostForm, Select } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { useView } from './view.ts';

interface ViewProps {
  readonly page: SettingsPage;
  readonly errors: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, string>>;
  readonly report: ConnectionReport | undefined;
}

export function SettingsView({ page, errors, values, report }: ViewProps) {
  const wrong = Object.entries(errors);
  return (
    <>
      <h1>Settings</h1>
      <p>
        Each change is checked and shown before it is saved. <To to="/settings/keys">API keys</To>{' '}
        <To to="/settings/webhook">Webhook</To>
      </p>
      {wrong.length === 0 ? null : (
        <div class="note bad" role="alert">
          Nothing was saved:
          <ul>
            {wrong.map(([key, why]) => (
              <li>
                {key}: {why}
              </li>
            ))}
          </ul>
        </div>
      )}
      {groups().map((group) => (
        <Group group={group} page={page} errors={errors} values={values} report={report} />
      ))}
      <h2 id="environment">Set by the environment</h2>
      <p class="faint">Locked here: these are changed where the program is started.</p>
      <dl class="facts">
        {page.environment.map(([name, value]) => (
          <>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {value} <Badge tone="calm">locked</Badge>
            </dd>
          </>
        ))}
      </dl>
      <h2 id="history">Changes so far</h2>
      {page.history.length === 0 ? (
        <Empty>None yet. Who changed which setting, from what to what, is listed here.</Empty>
      ) : (
        <AuditTable rows={page.history} />
      )}
      <Danger />
    </>
  );
}

function Group(props: ViewProps & { group: SettingGroup }) {
  const { group, page, errors, values, report } = props;
  const { base } = useView();
  const shown = group.keys.flatMap((key) => page.shown.get(key) ?? []);
  return (
    <section aria-labelledby={`group-${group.key}`}>
      <h2 id={`group-${group.key}`}>{group.title}</h2>
      <PostForm action="/settings">
        <div class="columns">
          {shown.map((setting) => (
            <div id={setting.key}>
              <Setting setting={setting} error={errors[setting.key]} typed={values[setting.key]} />
            </div>
          ))}
        </div>
        <p class="faint">{group.holds}</p>
        <div class="actions">
          <button type="submit" class="small" aria-label={`Check and save: ${group.title}`}>
            Check and save
          </button>
          {group.key === 'master' ? (
            <button type="submit" class="small secondary" formaction={`${base}/settings/test`}>
              Test the connection
            </button>
          ) : null}
        </div>
      </PostForm>
      {group.key === 'master' && report !== undefined ? <Steps report={report} /> : null}
    </section>
  );
}

function Setting({
  setting,
  error,
  typed,
}: {
  setting: ShownSetting;
  error: string | undefined;
  typed: string | undefined;
}) {
  const { key, secret, standard, source, help, choices } = setting;
  const hint = (
    <>
      {help}{' '}
      {secret
        ? setting.isSet
          ? 'It is set; leave the field empty to keep it.'
          : 'It is not set.'
        : `Default: ${standard === '' ? 'empty' : standard}; now ${source}.`}
    </>
  );
  const value = typed ?? setting.value;
  if (choices !== null)
    return (
      <Select
        label={key}
        name={key}
        value={value}
        error={error}
        hint={hint}
        options={choices.map((choice) => ({ value: choice, label: choice === '' ? 'none' : choice }))}
      />
    );
  return (
    <Field
      label={key}
      name={key}
      value={secret ? '' : value}
      type={secret ? 'password' : 'text'}
      autocomplete={secret ? 'new-password' : 'off'}
      error={error}
      hint={hint}
    />
  );
}

export function Steps({ report }: { report: ConnectionReport }) {
  return (
    <div class={`note ${report.ok ? 'good' : 'bad'}`} role="status">
      <strong>{report.ok ? 'The connection works.' : `The connection does not work: ${report.error ?? ''}`}</strong>
      <ul>
        {report.steps.map((step) => (
          <li>
            <Badge tone={step.ok ? 'good' : step.blocking ? 'bad' : 'warn'}>{step.name}</Badge> {step.detail}{' '}
            {step.ok ? '' : step.hint}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Danger() {
  return (
    <section aria-labelledby="danger">
      <h2 id="danger">Danger zone</h2>
      <div class="red-thing bad">
        <p>
          <strong>Delete old log events.</strong> Removes events of all replicas from the controller's log for good.
          Nothing in any paperless is touched.
        </p>
        <PostForm action="/settings/delete-logs">
          <Field label="Older than so many days" name="days" type="number" min={1} required />
          <Field label='Type "delete logs" to confirm' name="confirm" required />
          <button type="submit" class="small danger">
            Delete them
          </button>
        </PostForm>
      </div>
    </section>
  );
}
