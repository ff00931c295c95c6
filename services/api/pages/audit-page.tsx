/** What operators did: who, when, from where, what, and how it was answered (S7). */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { id } from '../input.ts';
import { AUDIT_FILTERS, changesIn, loadAudit, type AuditRow } from '../presenters/audit.ts';
import { Badge } from './components/badge.tsx';
import { Field, FilterForm } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { ExactTime } from './components/time.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

const PAGE = 100;
const QUERY = z.strictObject({ ...AUDIT_FILTERS, cursor: id.optional() });

export function auditPage(deps: ApiDeps): Hono<GateVariables> {
  return new Hono<GateVariables>().get('/audit', async (c) => {
    const { cursor, ...filter } = filtersOf(c, QUERY);
    const rows = await loadAudit(deps, filter, { before: cursor, limit: PAGE });
    const given = givenOf(c);
    const next = rows.length === PAGE ? (rows.at(-1)?.id ?? null) : null;
    return renderPage(
      c,
      deps,
      { title: 'Audit log', nav: 'audit' },
      <>
        <h1>Audit log</h1>
        <FilterForm label="Filter the audit log">
          <Field label="Who" name="actor" value={given['actor']} />
          <Field label="What (part of it)" name="action" value={given['action']} />
          <Field label="Target (part of it)" name="target" value={given['target']} />
        </FilterForm>
        {rows.length === 0 ? (
          <Empty>
            Nothing in this list. Every act of a person or a program that may change something is noted here, before it
            is carried out.
          </Empty>
        ) : (
          <AuditTable rows={rows} />
        )}
        <Pager next={next} />
      </>,
    );
  });
}

/** What became otherwise, a line each; of something new or gone only what it says. */
function Changes({ row }: { row: AuditRow }) {
  const changes = changesIn(row);
  if (changes.length === 0) return <span class="faint">nothing noted</span>;
  return (
    <ul class="changes">
      {changes.map(({ what, before, after }) => (
        <li>
          {what}: {before === null ? null : <code>{before}</code>}
          {before === null || after === null ? null : ' → '}
          {after === null ? ' (gone)' : <code>{after}</code>}
        </li>
      ))}
    </ul>
  );
}

export function AuditTable({ rows }: { rows: readonly AuditRow[] }) {
  return (
    <Table columns={['Time', 'Who', 'What', 'Answer', 'Before and after']}>
      {rows.map((row) => (
        <tr>
          <td class="nowrap" data-label="Time">
            <ExactTime at={row.at} />
          </td>
          <td data-label="Who">
            {row.actor}
            <small>
              {row.via}
              {row.source === null ? '' : `, ${row.source}`}
            </small>
          </td>
          <td data-label="What">
            {row.action}
            {row.target === null ? null : <small>{row.target}</small>}
          </td>
          <td data-label="Answer">
            {row.status === null ? (
              <span class="faint">none noted</span>
            ) : (
              <Badge tone={row.status < 400 ? 'good' : 'bad'}>{String(row.status)}</Badge>
            )}
          </td>
          <td data-label="Before and after">
            <Changes row={row} />
            {row.request_id === null ? null : (
              <small>
                <To to={`/logs?q=${encodeURIComponent(row.request_id)}`}>request {row.request_id}</To>
              </small>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
