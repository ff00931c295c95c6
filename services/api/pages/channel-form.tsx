/** Adding and changing a channel: its fields by kind, then the rules; secrets are empty fields that stay as they are. */
import { Hono } from 'hono';
import { z } from 'zod';
import { CHOSEN_EVENTS, EVENTS, SEVERITIES } from '../../../shared/domain/notify-rules.ts';
import { QUIET_HOURS } from '../../../shared/domain/quiet-hours.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import { CHANNEL_KINDS, channelType, isChannelKind, type ChannelKind } from '../../../shared/notify/channels.ts';
import { addChannel, updateChannel, type ChannelUpdate } from '../../../shared/replication/notify/channels.ts';
import type { ApiDeps } from '../deps.ts';
import { existingChannel } from '../existing.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { idOf, text } from '../input.ts';
import { presentChannel, type PresentedChannel } from '../presenters/notifications.ts';
import { formOf, redirectWith, type FormValues } from './actions.ts';
import { Check, Field, PostForm, Select } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { renderPage } from './page.tsx';

const blankToNull = (value: string) => (value === '' ? null : value);
const rulesForm = z.object({
  name: text(100).trim().min(1, 'must not be empty'),
  role: z.enum(['primary', 'backup']).default('primary'),
  min_severity: z.enum(SEVERITIES).default('info'),
  cooldown_seconds: text(6)
    .trim()
    .default('')
    .refine((value) => value === '' || (/^\d+$/.test(value) && Number(value) <= 604_800), 'must be from 0 to 604800')
    .transform((value) => (value === '' ? null : Number(value))),
  quiet_hours: text(20)
    .trim()
    .default('')
    .transform(blankToNull)
    .pipe(z.string().regex(QUIET_HOURS, 'must look like 22:00-06:00').nullable()),
  enabled: z.literal('1').optional(),
  send_recovery: z.literal('1').optional(),
});

interface FormProps {
  readonly kind: ChannelKind | null;
  /** Null: a new one. */
  readonly channel: PresentedChannel | null;
  readonly values: FormValues;
  readonly errors: FormValues;
}

export function channelForms(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/notifications/new', (c) =>
    renderPage(c, deps, { title: 'Add a channel', nav: 'notifications' }, <KindList />),
  );
  routes.get('/notifications/new/:kind', (c) => {
    const chosen = Object.fromEntries(CHOSEN_EVENTS.map((event) => [`event.${event}`, '1']));
    const values = { ...chosen, enabled: '1', send_recovery: '1' };
    return show(c, deps, { kind: kindOf(c), channel: null, values, errors: {} });
  });
  routes.post('/notifications/new/:kind', async (c) => {
    const form = await formOf(c, rulesForm.loose());
    const props = { kind: kindOf(c), channel: null, values: form.values };
    if (!form.ok) return show(c, deps, { ...props, errors: form.errors });
    const { name = '', config = {}, ...rules } = inputOf(form.data, form.values);
    return orShown(c, deps, props, async () => {
      const added = await addChannel(deps, { ...rules, name, config, kind: props.kind });
      return redirectWith(
        c,
        deps,
        '/notifications',
        `1 channel was added: "${added.name}". Send a test to see whether it works.`,
      );
    });
  });
  routes.get('/notifications/:id/edit', async (c) => {
    const channel = await presented(c, deps);
    return show(c, deps, { kind: formKind(channel), channel, values: valuesOf(channel), errors: {} });
  });
  routes.post('/notifications/:id/edit', async (c) => {
    const form = await formOf(c, rulesForm.loose());
    const channel = await presented(c, deps);
    const props = { kind: formKind(channel), channel, values: form.values };
    if (!form.ok) return show(c, deps, { ...props, errors: form.errors });
    return orShown(c, deps, props, async () => {
      const saved = await updateChannel(deps, channel.id, inputOf(form.data, form.values));
      return redirectWith(c, deps, '/notifications', `1 channel was saved: "${saved.name}".`);
    });
  });
  return routes;
}

function kindOf(c: GateContext): ChannelKind {
  const kind = c.req.param('kind') ?? '';
  if (!isChannelKind(kind)) throw notFound('A channel of this kind');
  return kind;
}

const formKind = ({ kind }: PresentedChannel) => (isChannelKind(kind) ? kind : null);

async function presented(c: GateContext, deps: ApiDeps): Promise<PresentedChannel> {
  return presentChannel(await existingChannel(deps.db, idOf(c)), await deps.settings(), deps.secrets);
}

function inputOf(data: z.output<typeof rulesForm>, values: FormValues): ChannelUpdate {
  const config = Object.entries(values).filter(([name]) => name.startsWith('config.'));
  return {
    name: data.name,
    role: data.role,
    minSeverity: data.min_severity,
    cooldownSeconds: data.cooldown_seconds,
    quietHours: data.quiet_hours,
    enabled: data.enabled === '1',
    sendRecovery: data.send_recovery === '1',
    events: CHOSEN_EVENTS.filter((event) => values[`event.${event}`] === '1'),
    config: Object.fromEntries(config.map(([name, value]) => [name.slice('config.'.length), value])),
  };
}

function valuesOf(channel: PresentedChannel): FormValues {
  return {
    ...{ name: channel.name, role: channel.role, min_severity: channel.min_severity },
    cooldown_seconds: channel.cooldown_seconds === null ? '' : String(channel.cooldown_seconds),
    quiet_hours: channel.quiet_hours ?? '',
    ...(channel.enabled ? { enabled: '1' } : {}),
    ...(channel.send_recovery ? { send_recovery: '1' } : {}),
    ...Object.fromEntries(channel.events.map((event) => [`event.${event}`, '1'])),
    ...Object.fromEntries(Object.entries(channel.config).map(([name, value]) => [`config.${name}`, value])),
  };
}

/** What was typed stays, but for secrets. */
async function orShown(
  c: GateContext,
  deps: ApiDeps,
  props: Omit<FormProps, 'errors'>,
  work: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.fields === undefined) throw thrown;
    return show(c, deps, { ...props, errors: thrown.fields });
  }
}

function show(c: GateContext, deps: ApiDeps, props: FormProps): Promise<Response> {
  const title = props.channel === null ? 'Add a channel' : `Change ${props.channel.name}`;
  const status = Object.keys(props.errors).length === 0 ? 200 : 422;
  const heading = props.kind === null ? title : `${title}: ${channelType(props.kind).title}`;
  return renderPage(
    c,
    deps,
    { title: heading, nav: 'notifications', status },
    <ChannelForm {...props} heading={heading} />,
  );
}

function KindList() {
  return (
    <>
      <h1>Add a channel</h1>
      <ul>
        {CHANNEL_KINDS.map((kind) => (
          <li>
            <To to={`/notifications/new/${kind}`}>{channelType(kind).title}</To>: {channelType(kind).help}
          </li>
        ))}
      </ul>
    </>
  );
}

function ChannelForm({ kind, channel, values, errors, heading }: FormProps & { heading: string }) {
  const action = channel === null ? `/notifications/new/${kind ?? ''}` : `/notifications/${channel.id}/edit`;
  const wrong = Object.keys(errors).length;
  return (
    <>
      <h1>{heading}</h1>
      {kind === null ? (
        <p class="note">
          Address and token of this channel are the settings alert_target_type, alert_target_url and alert_target_token.{' '}
          <To to="/settings">Open the settings</To>
        </p>
      ) : (
        <p>{channelType(kind).help}</p>
      )}
      {wrong === 0 ? null : (
        <p class="note bad" role="alert">
          {wrong === 1 ? 'One field is' : `${wrong} fields are`} not valid. Nothing was saved.
        </p>
      )}
      <PostForm action={action}>
        <Field label="Name" name="name" value={values['name']} error={errors['name']} required />
        {kind === null ? null : <ConfigFields kind={kind} channel={channel} values={values} errors={errors} />}
        <RuleFields kind={kind} values={values} errors={errors} />
        <div class="actions">
          <button type="submit">Save</button>
          <To to="/notifications">Back, change nothing</To>
        </div>
      </PostForm>
    </>
  );
}

function ConfigFields({ kind, channel, values, errors }: Omit<FormProps, 'kind'> & { kind: ChannelKind }) {
  return (
    <>
      {Object.entries(channelType(kind).fields).map(([name, field]) => {
        const isSet = channel?.secrets_set.includes(name) ?? false;
        const given = { label: field.label, name: `config.${name}`, error: errors[`config.${name}`] };
        if (field.choices !== undefined)
          return (
            <Select
              {...given}
              value={values[given.name]}
              hint={field.hint}
              options={field.choices.map((value) => ({ value, label: value }))}
            />
          );
        if (!field.secret)
          return <Field {...given} value={values[given.name]} hint={field.hint} required={field.required} />;
        const hint = isSet ? 'It is set. Leave this empty to keep it.' : field.hint;
        return <Field {...given} type="password" hint={hint} required={field.required && !isSet} />;
      })}
    </>
  );
}

function RuleFields({ kind, values, errors }: Pick<FormProps, 'kind' | 'values' | 'errors'>) {
  const of = (name: string) => ({ name, value: values[name], error: errors[name] });
  const isOn = (name: string) => values[name] === '1';
  const enabled = <Check label="Enabled" name="enabled" checked={isOn('enabled')} />;
  if (kind === 'ping') return enabled;
  const options = (all: readonly string[]) => all.map((value) => ({ value, label: value }));
  return (
    <>
      {enabled}
      <Select
        label="Role"
        {...of('role')}
        options={options(['primary', 'backup'])}
        hint="A backup speaks when a primary fails, and always for what is critical."
      />
      <Select label="At least" {...of('min_severity')} options={options(SEVERITIES)} />
      <Field
        label="Seconds between two messages about one replica and event"
        {...of('cooldown_seconds')}
        hint="Empty: alert_cooldown_seconds of the settings. What still holds then is told then."
      />
      <Field
        label="Quiet hours"
        {...of('quiet_hours')}
        hint="Such as 22:00-06:00: only what is critical comes through; the rest when they end."
      />
      <Check label="Also say when it is over" name="send_recovery" checked={isOn('send_recovery')} />
      <fieldset>
        <legend>Events</legend>
        {CHOSEN_EVENTS.map((event) => (
          <Check
            label={`${EVENTS[event].what} (${EVENTS[event].severity})`}
            name={`event.${event}`}
            checked={isOn(`event.${event}`)}
          />
        ))}
      </fieldset>
    </>
  );
}
