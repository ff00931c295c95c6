/** The page of the master's webhooks, laid out. */
import { WORKFLOW_NAME } from '../../../shared/domain/webhook-workflow.ts';
import { BY_HAND, nextOf, STATE_WORDS, type PresentedHint, type WebhookPage } from '../presenters/webhook.ts';
import { plural } from '../presenters/replica-state.ts';
import { Badge } from './components/badge.tsx';
import { Field, FilterForm, PostButton, PostForm, Select } from './components/forms.tsx';
import { CountLink, Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { Empty, RedThing } from './components/notices.tsx';
import { Table } from './components/table.tsx';
import { Time } from './components/time.tsx';

const AT = '/settings/webhook';
const STATES = [
  { value: '', label: 'any' },
  ...Object.entries(STATE_WORDS).map(([value, { word }]) => ({ value, label: word })),
];

interface ViewProps {
  readonly page: WebhookPage;
  readonly active: boolean;
  readonly given: Readonly<Record<string, string>>;
}

export function WebhookView({ page, active, given }: ViewProps) {
  return (
    <>
      <h1>Webhook</h1>
      <p>
        The master can say at once that a document was added or changed; the document is then read again there and
        brought to the replicas within seconds, and not with the next cycle. A webhook is only a hint: what is lost of
        them, the cycles find. <To to="/settings#webhook">Back to the settings</To>
      </p>
      <Workflow page={page} />
      <h2 id="events">What came in</h2>
      <FilterForm label="Filter the events">
        <Select label="State" name="state" value={given['state']} options={STATES} />
        <Field label="Document (id on the master)" name="document" value={given['document']} />
      </FilterForm>
      <Live id="webhook" active={active}>
        <Summary page={page} />
        {page.events.length === 0 ? (
          <Empty>
            Nothing in this list. Each webhook of the master appears here with what it led to; several for one document
            within five seconds become one.
          </Empty>
        ) : (
          <EventTable events={page.events} />
        )}
      </Live>
      <Pager next={page.next} />
      <ByHand page={page} />
    </>
  );
}

function Summary({ page: { summary } }: { page: WebhookPage }) {
  const { events, last_received_at: last } = summary;
  return (
    <p>
      Last webhook: <Time at={last} />.{' '}
      {(['pending', 'syncing', 'left', 'done'] as const).map((state) => (
        <>
          <CountLink to={`${AT}?state=${state}#events`} count={events[state]} label={STATE_WORDS[state].word} />{' '}
        </>
      ))}
    </p>
  );
}

function Workflow({ page }: { page: WebhookPage }) {
  const { summary, masterSet, workflow } = page;
  return (
    <section>
      <h2 id="workflow">On the master</h2>
      {summary.secret_set ? null : (
        <p class="note">
          No secret is set, so every webhook is refused. Installing the workflow makes one; by hand, set{' '}
          <code>webhook_secret</code> in the <To to="/settings#webhook">settings</To>.
        </p>
      )}
      {masterSet ? <WorkflowState workflow={workflow} /> : <p>No master is set yet.</p>}
      {masterSet ? <AddressForm url={summary.url ?? ''} /> : null}
      {masterSet ? (
        <PostButton action={`${AT}/uninstall`} id="uninstall" kind="danger">
          Take the workflow away from the master
        </PostButton>
      ) : null}
    </section>
  );
}

function WorkflowState({ workflow }: { workflow: WebhookPage['workflow'] }) {
  const ask = <To to={`${AT}?look=1`}>Ask the master now</To>;
  if (workflow === null)
    return (
      <p>
        Whether the workflow <strong>{WORKFLOW_NAME}</strong> is there: {ask}
      </p>
    );
  switch (workflow.state) {
    case 'unknown':
      return (
        <RedThing
          title="The master could not be asked."
          reason={workflow.why}
          next="Cycles ask it again by themselves."
        >
          {ask}
        </RedThing>
      );
    case 'none':
      return <p>The master has no workflow of this name yet. Install it below, or make one by hand.</p>;
    case 'installed':
      return (
        <p class="note good">
          It is on the master, as it should be, and goes to <code>{workflow.url}</code>.
        </p>
      );
    default:
      return (
        <RedThing
          tone="warn"
          title="It is on the master, but not as it should be:"
          reason={`${workflow.differences.join('; ')}.`}
          next="Nothing is changed there by itself. Installing it again puts it right."
        />
      );
  }
}

export function AddressForm({ url, error }: { url: string; error?: string }) {
  return (
    <PostForm action={`${AT}/install`}>
      <Field
        label="Address of this controller, as the master reaches it"
        name="url"
        value={url}
        error={error}
        hint="With the path /webhook/paperless. What is written to the master is shown first."
        required
      />
      <button type="submit" class="small">
        Install the workflow...
      </button>
    </PostForm>
  );
}

function EventTable({ events }: { events: readonly PresentedHint[] }) {
  return (
    <Table columns={['Event', 'Came', 'Document', 'State', 'What it led to', 'Again']}>
      {events.map((event) => (
        <EventRow event={event} />
      ))}
    </Table>
  );
}

function EventRow({ event }: { event: PresentedHint }) {
  const { word, tone } = STATE_WORDS[event.state];
  const failed = event.outcome === 'failed';
  const next = nextOf(event);
  return (
    <tr>
      <td data-label="Event">
        {String(event.id)}
        <small>{event.body === 'replay' ? 'by a person' : event.body}</small>
      </td>
      <td data-label="Came">
        <Time at={event.last_received_at} />
        {event.received_count > 1 ? <small>{plural(event.received_count, 'webhook')}</small> : null}
      </td>
      <td data-label="Document">
        <To to={`/documents/${event.master_doc_id}`}>#{String(event.master_doc_id)}</To>
        <small>{event.kind}</small>
      </td>
      <td data-label="State">
        <Badge tone={failed ? 'bad' : tone}>{failed ? 'failed' : word}</Badge>
      </td>
      <td data-label="What it led to">
        {event.detail}
        {event.run_id === null ? null : (
          <>
            {' '}
            <To to={`/runs/${event.run_id}`}>Run {String(event.run_id)}</To>
          </>
        )}
        {next === null ? null : <small>{next}</small>}
      </td>
      <td data-label="Again">
        <PostButton action={`${AT}/events/${event.id}/replay`} id={`replay-${event.id}`}>
          Look again
        </PostButton>
      </td>
    </tr>
  );
}

function ByHand({ page: { example } }: { page: WebhookPage }) {
  return (
    <section>
      <h2 id="by-hand">Set it up by hand</h2>
      <p>In paperless-ngx, under Workflows, make one workflow:</p>
      <dl class="facts wide">
        {BY_HAND.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      <p>The same as paperless sends, to try the way from its machine to here (202 means that it was taken):</p>
      <pre>{example}</pre>
    </section>
  );
}
