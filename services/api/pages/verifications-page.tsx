/** Verifications and their receipts: what was compared, when, how deep, for whom, and what came of it. */
import { Hono } from 'hono';
import { z } from 'zod';
import { cancelVerification } from '../../../shared/replication/verify-open.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { id, idOf } from '../input.ts';
import {
  existingVerification,
  loadVerificationList,
  loadVerificationPage,
  type LedgerRow,
  type Verification,
} from '../presenters/verification-pages.ts';
import { duration } from '../presenters/replica-state.ts';
import { act } from './actions.ts';
import { Badge, type Tone } from './components/badge.tsx';
import { RECEIPT_COLUMNS, ReceiptCells } from './components/document-cells.tsx';
import { FilterForm, PostButton, Select } from './components/forms.tsx';
import { CountLink, number, Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { nameIn, replicaOptions, type Names } from './components/names.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

const LIST_QUERY = z.strictObject({ replica_id: id.optional(), cursor: id.optional() });
const ROWS_QUERY = z.strictObject({ cursor: id.default(0) });
const RUNNING: readonly Verification['state'][] = ['waiting', 'running'];

export function verificationPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/verifications', async (c) => {
    const { replica_id: replicaId, cursor } = filtersOf(c, LIST_QUERY);
    const { rows, names, next } = await loadVerificationList(deps, replicaId ?? null, cursor);
    const content = <ListView rows={rows} names={names} next={next} given={givenOf(c)} />;
    return renderPage(c, deps, { title: 'Verifications', nav: 'documents' }, content);
  });
  routes.get('/verifications/:id', async (c) => {
    const { cursor } = filtersOf(c, ROWS_QUERY);
    const { one, rows, children, names, next } = await loadVerificationPage(deps, idOf(c), cursor);
    const live = { active: RUNNING.includes(one.state) };
    return renderPage(
      c,
      deps,
      { title: `Verification ${one.id}`, nav: 'documents', live },
      <Live id="verification" active={live.active}>
        <Detail one={one} names={names}>
          {children.length === 0 ? <Ledger rows={rows} /> : <List rows={children} names={names} />}
          <Pager next={next} />
        </Detail>
      </Live>,
    );
  });
  routes.post('/verifications/:id/cancel', (c) =>
    act(c, deps, `/verifications/${idOf(c)}`, async () => {
      const one = await existingVerification(deps, idOf(c));
      return (await cancelVerification(deps, one))
        ? '1 verification was cancelled; what it compared until now is kept.'
        : '0 verifications were cancelled: it had ended already.';
    }),
  );
  return routes;
}

const TONES: Readonly<Record<Verification['state'], Tone>> = {
  waiting: 'calm',
  running: 'busy',
  done: 'good',
  stopped: 'warn',
  failed: 'bad',
  cancelled: 'calm',
};

function StateOf({ one }: { one: Verification }) {
  const bad = one.state === 'done' && one.findings > 0;
  return <Badge tone={bad ? 'warn' : TONES[one.state]}>{bad ? 'done, with findings' : one.state}</Badge>;
}

function ListView(props: {
  rows: readonly Verification[];
  names: Names;
  next: number | null;
  given: Readonly<Record<string, string>>;
}) {
  return (
    <>
      <h1>Verifications</h1>
      <FilterForm label="Filter verifications">
        <Select
          label="Replica"
          name="replica_id"
          value={props.given['replica_id']}
          options={replicaOptions(props.names)}
        />
      </FilterForm>
      {props.rows.length === 0 ? (
        <Empty>None yet. A slice of each replica is verified every night; each leaves its receipt here.</Empty>
      ) : (
        <List rows={props.rows} names={props.names} />
      )}
      <Pager next={props.next} />
    </>
  );
}

function List({ rows, names }: { rows: readonly Verification[]; names: Names }) {
  return (
    <Table
      columns={[
        'Verification',
        'Replica',
        'Scope and depth',
        'State',
        { number: 'Compared' },
        { number: 'Findings' },
        'Asked for',
      ]}
    >
      {rows.map((one) => (
        <tr>
          <td data-label="Verification">
            <To to={`/verifications/${one.id}`}>{one.id}</To>
          </td>
          <td data-label="Replica">{nameIn(names, one.replica_id)}</td>
          <td data-label="Scope and depth">
            {one.scope}, {one.depth}
          </td>
          <td data-label="State">
            <StateOf one={one} />
          </td>
          <td class="number" data-label="Compared">
            <CountLink to={`/verifications/${one.id}`} count={one.compared} />
          </td>
          <td class="number" data-label="Findings">
            <CountLink to={`/findings?verification=${one.id}`} count={one.findings} tone="bad" />
          </td>
          <td data-label="Asked for">
            <Time at={one.requested_at} />
            <small>by {one.asked_by}</small>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Detail({ one, names, children }: { one: Verification; names: Names; children: unknown }) {
  return (
    <>
      <h1>Verification {one.id}</h1>
      <p>
        <StateOf one={one} /> {one.error_msg}
        {one.subset ? ' The master token did not see everything, so nothing was called verified.' : ''}
      </p>
      <dl class="facts">
        <dt>What</dt>
        <dd>
          {nameIn(names, one.replica_id)}, {one.scope}, depth {one.depth}
          {one.master_doc_id === null ? null : (
            <>
              , <To to={`/documents/${one.master_doc_id}`}>document {one.master_doc_id}</To>
            </>
          )}
        </dd>
        <dt>Asked for</dt>
        <dd>
          <Time at={one.requested_at} /> by {one.asked_by} ({one.trigger})
        </dd>
        <dt>Ran</dt>
        <dd>
          <Time at={one.started_at} never="not begun yet" />
          {one.started_at === null || one.finished_at === null
            ? null
            : `, for ${duration((one.finished_at.getTime() - one.started_at.getTime()) / 1000)}`}
        </dd>
        <dt>Result</dt>
        <dd>
          <a href="#rows">{number(one.compared)} compared</a>, {number(one.equal)} equal, {number(one.derived)} with
          derived differences, {number(one.skipped)} skipped,{' '}
          <CountLink to={`/findings?verification=${one.id}`} count={one.findings} label="findings" tone="bad" />
        </dd>
        {one.digest === null ? null : (
          <>
            <dt>SHA-256 of the receipt</dt>
            <dd>
              <code>{one.digest}</code>
            </dd>
          </>
        )}
      </dl>
      <div class="actions">
        <To to={`/api/verifications/${one.id}?format=csv`}>Receipt as CSV</To>
        {RUNNING.includes(one.state) ? (
          <PostButton action={`/verifications/${one.id}/cancel`} id="cancel-verification">
            Cancel
          </PostButton>
        ) : null}
      </div>
      <h2 id="rows">Row by row</h2>
      {children}
    </>
  );
}

function Ledger({ rows }: { rows: readonly LedgerRow[] }) {
  if (rows.length === 0) return <Empty>No document was compared yet. Each one appears here with both hashes.</Empty>;
  return (
    <Table columns={['Document', 'Copy', ...RECEIPT_COLUMNS]}>
      {rows.map((row) => (
        <tr>
          <td data-label="Document">
            <To to={`/documents/${row.master_doc_id}`}>{row.master_doc_id}</To>
          </td>
          <td data-label="Copy">{row.replica_doc_id ?? '-'}</td>
          <ReceiptCells row={row} />
        </tr>
      ))}
    </Table>
  );
}
