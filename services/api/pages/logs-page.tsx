/** The log: what people should know, with filters in the address, followed as it grows. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { id, idOf } from '../input.ts';
import {
  LOG_PAGE_QUERY,
  loadLogEvent,
  loadLogPage,
  logPageFilter,
  type LogLine,
  type LogPage,
} from '../presenters/logs.ts';
import { DOWNLOAD_MAX } from '../routes/logs.ts';
import { Field, FilterForm, Select } from './components/forms.tsx';
import { addressWith, number, Pager, To } from './components/links.tsx';
import { LevelBadge, LogAbout, LogRow, LogTable } from './components/log-rows.tsx';
import { Empty } from './components/notices.tsx';
import { ExactTime, Time } from './components/time.tsx';
import { filtersOf, givenOf, instantIn } from './filters.ts';
import { renderPage } from './page.tsx';
import { useView, ViewProvider, viewOf } from './view.ts';

const AROUND = 20;
const { cursor: _cursor, follow: _follow, ...filters } = LOG_PAGE_QUERY.shape;
const STREAM_QUERY = z.strictObject({ ...filters, after: id.optional() });

export function logsPage(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/logs', async (c) => {
    const page = await loadLogPage(deps, filtersOf(c, LOG_PAGE_QUERY));
    const scripts = page.after === null ? {} : { sse: true, script: 'logs' as const };
    return renderPage(
      c,
      deps,
      { title: 'Logs', nav: 'logs', zone: page.zone, ...scripts },
      <LogsView page={page} given={givenOf(c)} />,
    );
  });
  routes.get('/logs/stream', async (c) => {
    const { after, ...query } = filtersOf(c, STREAM_QUERY);
    const zone = (await deps.settings()).timezone ?? deps.timeZone;
    return deps.live.logs(c, logPageFilter(query, zone), { render: rowsOf(c, deps, zone), after });
  });
  routes.get('/logs/:id', async (c) => {
    const { line, lines } = await loadLogEvent(deps, idOf(c), AROUND);
    return renderPage(c, deps, { title: 'Log event', nav: 'logs' }, <EventView line={line} lines={lines} />);
  });
  return routes;
}

function EventView({ line, lines }: { line: LogLine; lines: readonly LogLine[] }) {
  return (
    <>
      <h1>Log event {line.id}</h1>
      <p>
        <LevelBadge level={line.level} /> <strong>{line.message}</strong>
      </p>
      <dl class="facts">
        <dt>When</dt>
        <dd>
          <ExactTime at={line.created_at} /> (<Time at={line.created_at} />)
        </dd>
        <dt>About</dt>
        <dd>
          {line.replica_id === null && line.run_id === null && line.doc_id === null ? (
            'the controller'
          ) : (
            <LogAbout line={line} />
          )}
        </dd>
        {line.code === null ? null : (
          <>
            <dt>Code</dt>
            <dd>
              <To to={`/logs?code=${encodeURIComponent(line.code)}`}>{line.code}</To>
            </dd>
          </>
        )}
      </dl>
      <h2>What happened around it</h2>
      <LogTable lines={lines} marked={line.id} />
      <p>
        <To to={`/logs?cursor=${line.id}`}>All that was written before it</To>
      </p>
    </>
  );
}

/** One row as HTML, the same as on the page. */
function rowsOf(c: GateContext, deps: ApiDeps, zone: string) {
  const view = viewOf(c, deps, zone);
  return (line: Parameters<typeof LogRow>[0]['line']): string =>
    String(
      <ViewProvider value={view}>
        <LogRow line={line} />
      </ViewProvider>,
    );
}

function LogsView({ page, given }: { page: LogPage; given: Readonly<Record<string, string>> }) {
  const { base, here } = useView();
  const query = new URLSearchParams(here.split('?', 2)[1] ?? '');
  for (const name of ['cursor', 'follow']) query.delete(name);
  const stream = new URLSearchParams(query);
  stream.set('after', String(page.after ?? 0));
  return (
    <>
      <h1>Logs</h1>
      <LogFilters page={page} given={given} />
      <div class="actions">
        {page.after === null ? (
          <To to={addressWith(here, { follow: null, cursor: null })}>Follow new events</To>
        ) : (
          <>
            <span class="faint">New events appear by themselves.</span>
            <To to={addressWith(here, { follow: '0' })}>Stop</To>
          </>
        )}
        <button type="button" id="log-waiting" class="small" hidden>
          New events
        </button>
      </div>
      {page.lines.length === 0 && <Empty>{emptyText(query)}</Empty>}
      <LogTable lines={page.lines} stream={page.after === null ? undefined : `${base}/logs/stream?${stream}`} />
      <Pager next={page.next} />
      <LogFooter query={query} days={page.retentionDays} />
    </>
  );
}

const emptyText = (query: URLSearchParams): string =>
  query.size > 0
    ? 'No event matches these filters.'
    : 'Nothing yet. Every run, warning and error of all processes is listed here, the newest first.';

function LogFooter({ query, days }: { query: URLSearchParams; days: number }) {
  const { base, zone } = useView();
  const download = (format: string) => {
    const wanted = new URLSearchParams(query);
    for (const name of ['from', 'to']) {
      const at = instantIn(zone, wanted.get(name) ?? '');
      if (at === null) wanted.delete(name);
      else wanted.set(name, at.toISOString());
    }
    for (const [name, value] of [...wanted]) if (value.trim() === '') wanted.delete(name);
    wanted.set('format', format);
    return `${base}/api/logs/download?${wanted}`;
  };
  return (
    <p class="faint">
      Download these events (the newest {number(DOWNLOAD_MAX)} at most): <a href={download('jsonl')}>JSON lines</a> or{' '}
      <a href={download('csv')}>CSV</a>. Events are kept for <To to="/settings#log_retention_days">{days} days</To>.
    </p>
  );
}

function LogFilters({ page, given }: { page: LogPage; given: Readonly<Record<string, string>> }) {
  const any = { value: '', label: 'any' };
  const levels = [any, ...['error', 'warning', 'info'].map((value) => ({ value, label: value }))];
  const replicas = [any, ...page.replicas.map(({ id: value, name }) => ({ value: String(value), label: name }))];
  return (
    <FilterForm label="Filter the log">
      <Field label="Words" name="q" type="search" value={given['q']} placeholder={'"exact words" -without'} />
      <Select label="Level" name="level" value={given['level']} options={levels} />
      <Select label="Replica" name="replica_id" value={given['replica_id']} options={replicas} />
      <Field label="Document (master id)" name="document" type="number" min={1} value={given['document']} />
      <Field label="Run" name="run_id" type="number" min={1} value={given['run_id']} />
      <Field label="Code" name="code" value={given['code']} />
      <Field label="From" name="from" type="datetime-local" value={given['from']} />
      <Field label="To" name="to" type="datetime-local" value={given['to']} />
    </FilterForm>
  );
}
