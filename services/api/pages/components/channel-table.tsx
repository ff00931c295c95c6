import type { ChannelState, PresentedChannel } from '../../presenters/notifications.ts';
import { Badge, type Tone } from './badge.tsx';
import { PostButton } from './forms.tsx';
import { To } from './links.tsx';
import { Empty } from './notices.tsx';
import { Table } from './table.tsx';
import { Time } from './time.tsx';

const STATES: Readonly<Record<ChannelState, { readonly word: string; readonly tone: Tone }>> = {
  ready: { word: 'Ready', tone: 'good' },
  unconfirmed: { word: 'Unconfirmed', tone: 'warn' },
  failing: { word: 'Failing', tone: 'bad' },
  disabled: { word: 'Disabled', tone: 'calm' },
  not_set: { word: 'Not set', tone: 'calm' },
};

export function ChannelTable({ channels }: { channels: readonly PresentedChannel[] }) {
  if (channels.length === 0)
    return <Empty>None. A channel appears here with its state, its last delivery and its last error.</Empty>;
  return (
    <Table columns={['Name', 'Leads to', 'State', 'Last delivery', 'Role', 'Do']}>
      {channels.map((channel) => (
        <tr class={channel.state === 'failing' ? 'bad-row' : undefined}>
          <td data-label="Name">
            <To to={`/notifications/${channel.id}/edit`}>{channel.name}</To>
          </td>
          <td data-label="Leads to">
            {channel.title}: {channel.leads_to}
          </td>
          <td data-label="State">
            <Badge tone={STATES[channel.state].tone}>{STATES[channel.state].word}</Badge>
            {channel.last_error === null ? null : (
              <small>{channel.last_error} It is tried again by itself, or for good with the next message.</small>
            )}
          </td>
          <td data-label="Last delivery">
            <Time at={channel.confirmed_at} /> <To to={`/notifications/deliveries?channel_id=${channel.id}`}>log</To>
          </td>
          <td data-label="Role">{channel.role}</td>
          <td data-label="Do">
            <PostButton action={`/notifications/${channel.id}/test`} id={`test-${channel.id}`}>
              Send test
            </PostButton>{' '}
            {channel.of_settings ? null : <To to={`/notifications/${channel.id}/remove`}>Remove</To>}
          </td>
        </tr>
      ))}
    </Table>
  );
}
