import type { DeliveryState, DeliveryView } from '../../presenters/notifications.ts';
import { Badge, type Tone } from './badge.tsx';
import { PostButton } from './forms.tsx';
import { To } from './links.tsx';
import { Table } from './table.tsx';
import { Time } from './time.tsx';

const STATES: Readonly<Record<DeliveryState, { readonly word: string; readonly tone: Tone }>> = {
  standby: { word: 'Stands by', tone: 'calm' },
  waiting: { word: 'Waits', tone: 'busy' },
  delivered: { word: 'Delivered', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  dropped: { word: 'Not needed', tone: 'calm' },
};

export function DeliveryTable({ deliveries }: { deliveries: readonly DeliveryView[] }) {
  return (
    <Table columns={['When', 'What', 'Channel', 'State', { number: 'Attempts' }]}>
      {deliveries.map((one) => (
        <tr class={one.state === 'failed' ? 'bad-row' : undefined}>
          <td data-label="When" class="nowrap">
            <Time at={one.created_at} />
          </td>
          <td data-label="What">
            {one.replica_id === null ? one.title : <To to={`/replicas/${one.replica_id}`}>{one.title}</To>}
            {one.message === '' ? null : <small>{one.message}</small>}
          </td>
          <td data-label="Channel">
            <To to={`/notifications/deliveries?channel_id=${one.channel_id}`}>{one.channel}</To>
          </td>
          <td data-label="State">
            <Badge tone={STATES[one.state].tone}>{STATES[one.state].word}</Badge> <Next one={one} />
            {one.last_error === null ? null : <small>{one.last_error}</small>}
          </td>
          <td data-label="Attempts" class="number">
            {one.attempts}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Next({ one }: { one: DeliveryView }) {
  if (one.state === 'failed')
    return (
      <PostButton action={`/notifications/deliveries/${one.id}/retry`} id={`retry-${one.id}`}>
        Try again
      </PostButton>
    );
  if (one.state !== 'waiting') return null;
  return (
    <small>
      {one.attempts > 0 ? 'next try' : 'due'} <Time at={one.due_at} />
      {one.held_by === null ? '' : `, held back by ${one.held_by}`}
    </small>
  );
}
