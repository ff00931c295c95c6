/** Who is told of troubles, of which, what became of the messages, and what is silenced (N1-N3). */
import { Hono } from 'hono';
import { z } from 'zod';
import { CHOSEN_EVENTS, isEventName } from '../../../shared/domain/notify-rules.ts';
import { removeChannel } from '../../../shared/replication/notify/channels.ts';
import { sendDigest } from '../../../shared/replication/notify/digest.ts';
import { retryDelivery } from '../../../shared/replication/notify/retry-delivery.ts';
import { sendTest } from '../../../shared/replication/notify/send-test.ts';
import { endSilence, silence } from '../../../shared/replication/notify/silences.ts';
import type { ApiDeps } from '../deps.ts';
import { existingChannel } from '../existing.ts';
import { actorOf, type GateVariables } from '../gate/visitor.ts';
import { idOf, text } from '../input.ts';
import { loadNotifications, testSentence, type Notifications } from '../presenters/notifications.ts';
import { replicaNames } from '../presenters/names.ts';
import { act, formOf, redirectWith } from './actions.ts';
import { ChannelTable } from './components/channel-table.tsx';
import { DeliveryTable } from './components/delivery-table.tsx';
import { Field, PostButton, PostForm, Select, type Option } from './components/forms.tsx';
import { CountLink, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { ConfirmPage, Empty, RedThing } from './components/notices.tsx';
import { Table } from './components/table.tsx';
import { Time } from './components/time.tsx';
import { renderPage } from './page.tsx';

const HOME = '/notifications';
const silenceForm = z.object({
  event: text(50)
    .default('')
    .refine((value) => value === '' || isEventName(value), 'is not an event'),
  replica_id: text(15)
    .default('')
    .refine((value) => /^\d*$/.test(value), 'is not a replica'),
  reason: text(500).trim().min(1, 'must not be empty'),
  hours: text(4)
    .trim()
    .refine((value) => /^\d+$/.test(value) && Number(value) >= 1 && Number(value) <= 2160, 'must be from 1 to 2160'),
});

export function notificationPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  const show = async (c: Parameters<typeof actorOf>[0], errors: Readonly<Record<string, string>> = {}) => {
    const [all, replicas] = await Promise.all([loadNotifications(deps), replicaNames(deps.db)]);
    const status = Object.keys(errors).length === 0 ? 200 : 422;
    return renderPage(
      c,
      deps,
      { title: 'Notifications', nav: 'notifications', status, live: { active: false } },
      <NotificationsView all={all} replicas={replicas} errors={errors} />,
    );
  };
  routes.get(HOME, (c) => show(c));
  routes.post(`${HOME}/digest`, (c) =>
    act(c, deps, HOME, async () => {
      const { channels } = await sendDigest(deps.notify);
      return `The digest is on its way to ${channels} ${channels === 1 ? 'channel' : 'channels'}.`;
    }),
  );
  routes.post(`${HOME}/silences`, async (c) => {
    const form = await formOf(c, silenceForm);
    if (!form.ok) return show(c, form.errors);
    const { event, replica_id: replica, reason, hours } = form.data;
    const given = { event: event === '' ? null : event, replicaId: replica === '' ? null : Number(replica) };
    await silence(deps, { ...given, reason, hours: Number(hours), by: actorOf(c) });
    return redirectWith(c, deps, HOME, '1 silence was begun. What still holds when it ends is told then.');
  });
  routes.post(`${HOME}/silences/:silence/end`, (c) =>
    act(c, deps, HOME, async () => {
      const released = await endSilence(deps.db, idOf(c, 'silence'));
      return `The silence has ended; ${released} messages that it held back are sent.`;
    }),
  );
  routes.post(`${HOME}/deliveries/:delivery/retry`, (c) =>
    act(c, deps, `${HOME}/deliveries`, async () => {
      const { title } = await retryDelivery(deps.notify, idOf(c, 'delivery'));
      return `1 message is tried again: ${title}`;
    }),
  );
  return channelActs(routes, deps);
}

function channelActs(routes: Hono<GateVariables>, deps: ApiDeps): Hono<GateVariables> {
  routes.post(`${HOME}/:id/test`, (c) =>
    act(c, deps, HOME, async () => {
      return testSentence(await sendTest(deps.notify, idOf(c), actorOf(c)));
    }),
  );
  routes.get(`${HOME}/:id/remove`, async (c) => {
    const channel = await existingChannel(deps.db, idOf(c));
    return renderPage(
      c,
      deps,
      { title: `Remove ${channel.name}`, nav: 'notifications' },
      <ConfirmPage
        title={`Remove ${channel.name}`}
        action={`${HOME}/${channel.id}/remove`}
        back={HOME}
        button="Remove"
        danger
      >
        <p>
          It is told of nothing any more, and the log of its deliveries goes with it. What waits for it is not sent.
        </p>
      </ConfirmPage>,
    );
  });
  routes.post(`${HOME}/:id/remove`, (c) =>
    act(c, deps, HOME, async () => {
      await removeChannel(deps, idOf(c));
      return '1 channel was removed.';
    }),
  );
  return routes;
}

interface ViewProps {
  readonly all: Notifications;
  readonly replicas: readonly { readonly id: number; readonly name: string }[];
  readonly errors: Readonly<Record<string, string>>;
}

function NotificationsView({ all, replicas, errors }: ViewProps) {
  return (
    <>
      <h1>Notifications</h1>
      <Live id="notifications" active={false}>
        <Nobody all={all} />
        <div class="actions">
          <To to={`${HOME}/new`} id="add-channel">
            Add a channel
          </To>
          <PostButton action={`${HOME}/digest`} id="send-digest">
            Send the digest now
          </PostButton>
        </div>
        <h2>Channels</h2>
        <ChannelTable channels={all.channels} />
        <h2>Outbox</h2>
        <p>
          <CountLink to={`${HOME}/deliveries?undelivered=1`} count={all.undelivered} label="not delivered" tone="bad" />{' '}
          <To to={`${HOME}/deliveries`}>All messages</To>
        </p>
        {all.deliveries.length === 0 ? (
          <Empty>Nothing was sent yet. Each message appears here with its attempts and its end.</Empty>
        ) : (
          <DeliveryTable deliveries={all.deliveries} />
        )}
        <Rules all={all} />
      </Live>
      <Silences all={all} replicas={replicas} errors={errors} />
    </>
  );
}

function Nobody({ all: { nobody, channels } }: Pick<ViewProps, 'all'>) {
  if (!nobody) return null;
  return (
    <RedThing
      title="Nobody is told of troubles."
      reason={channels.length === 0 ? 'There is no channel.' : 'No enabled channel works.'}
      next="What is to be told waits in the outbox of a channel that fails, and is lost without any."
    >
      <To to={`${HOME}/new`} id="first-channel">
        Add a channel
      </To>
    </RedThing>
  );
}

function Rules({ all: { rules, channels } }: Pick<ViewProps, 'all'>) {
  return (
    <>
      <h2>Rules</h2>
      <Table columns={['Event', 'Severity', 'Open now', ...channels.map(({ name }) => name)]}>
        {rules.map(({ event, what, severity, open }) => (
          <tr>
            <td data-label="Event">
              {what} <small>{event}</small>
            </td>
            <td data-label="Severity">{severity}</td>
            <td data-label="Open now">
              <CountLink to={`${HOME}/deliveries?event=${event}`} count={open} />
            </td>
            {channels.map(({ name, events }) => (
              <td data-label={name}>{events.includes(event) ? 'yes' : <span class="faint">no</span>}</td>
            ))}
          </tr>
        ))}
      </Table>
    </>
  );
}

function Silences({ all: { silences }, replicas, errors }: ViewProps) {
  const every = (label: string): Option => ({ value: '', label });
  const nameOf = (id: number | null) => replicas.find((one) => one.id === id)?.name ?? 'everything';
  return (
    <section aria-labelledby="silences-title">
      <h2 id="silences-title">Silences</h2>
      {silences.length === 0 ? (
        <Empty>None. While one lasts nothing is sent; what still holds at its end is told then.</Empty>
      ) : (
        <Table columns={['Event', 'Replica', 'Why', 'Until', 'End']}>
          {silences.map((one) => (
            <tr>
              <td data-label="Event">{one.event ?? 'every event'}</td>
              <td data-label="Replica">{nameOf(one.replica_id)}</td>
              <td data-label="Why">
                {one.reason} <small>by {one.created_by}</small>
              </td>
              <td data-label="Until">
                <Time at={one.until} />
              </td>
              <td data-label="End">
                <PostButton action={`${HOME}/silences/${one.id}/end`} id={`end-silence-${one.id}`}>
                  End now
                </PostButton>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <PostForm action={`${HOME}/silences`}>
        <Select
          label="Event"
          name="event"
          error={errors['event']}
          options={[every('every event'), ...CHOSEN_EVENTS.map((value) => ({ value, label: value }))]}
        />
        <Select
          label="Replica"
          name="replica_id"
          error={errors['replica_id']}
          options={[every('everything'), ...replicas.map(({ id, name }) => ({ value: String(id), label: name }))]}
        />
        <Field label="Hours" name="hours" value="4" error={errors['hours']} required />
        <Field label="Why" name="reason" error={errors['reason']} required />
        <button type="submit" class="small">
          Begin a silence
        </button>
      </PostForm>
    </section>
  );
}
