/** The outbox in full: what was said to whom, when, and what became of it. */
import { Hono } from 'hono';
import { z } from 'zod';
import { CHOSEN_EVENTS } from '../../../shared/domain/notify-rules.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { flag, id } from '../input.ts';
import { loadOutbox } from '../presenters/notifications.ts';
import { DELIVERY_STATES, eventName } from '../schemas/notifications.ts';
import { DeliveryTable } from './components/delivery-table.tsx';
import { FilterForm, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';

const PAGE = 50;
const QUERY = z.strictObject({
  channel_id: id.optional(),
  state: z.enum(DELIVERY_STATES).optional(),
  event: eventName.optional(),
  undelivered: flag.optional(),
  cursor: id.optional(),
});

export function deliveriesPage(deps: ApiDeps): Hono<GateVariables> {
  return new Hono<GateVariables>().get('/notifications/deliveries', async (c) => {
    const { cursor, channel_id: channelId, ...filter } = filtersOf(c, QUERY);
    const page = { before: cursor, limit: PAGE };
    const { rows, channels, next } = await loadOutbox(deps, { ...filter, channelId }, page);
    const given = givenOf(c);
    const any = { value: '', label: 'any' };
    const options = (values: readonly string[]) => [any, ...values.map((value) => ({ value, label: value }))];
    return renderPage(
      c,
      deps,
      { title: 'Outbox', nav: 'notifications' },
      <>
        <h1>Outbox</h1>
        <p>
          <To to="/notifications">Back to the notifications</To>
        </p>
        <FilterForm label="Filter the outbox">
          <Select
            label="Channel"
            name="channel_id"
            value={given['channel_id']}
            options={[any, ...channels.map((one) => ({ value: String(one.id), label: one.name }))]}
          />
          <Select label="State" name="state" value={given['state']} options={options(DELIVERY_STATES)} />
          <Select label="Event" name="event" value={given['event']} options={options([...CHOSEN_EVENTS, 'test'])} />
        </FilterForm>
        {rows.length === 0 ? (
          <Empty>Nothing in this list. Each message to a channel appears here with its attempts and its end.</Empty>
        ) : (
          <DeliveryTable deliveries={rows} />
        )}
        <Pager next={next} />
      </>,
    );
  });
}
