/** The rows behind the numbers of a replica: its documents, and what comparisons found. */
import { Hono } from 'hono';
import { z } from 'zod';
import { PHASES } from '../../../shared/domain/document-state.ts';
import { FINDING_KINDS, type FindingKind } from '../../../shared/domain/verification.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { id, idOf, queryOf, text } from '../input.ts';
import { cureOf } from '../presenters/cures.ts';
import { documentPage, findingPage, type DocumentView } from '../presenters/replica-lists.ts';
import { DRIFT_KINDS, rowOfFinding } from '../presenters/drift.ts';
import { Badge } from './components/badge.tsx';
import { Field, FilterForm, Select, type Option } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { renderPage } from './page.tsx';
import { existingReplica, type Replica } from '../existing.ts';
import { DriftTable } from './drift-parts.tsx';

/** A form sends its empty fields, too: they filter nothing. */
const or = <S extends z.ZodType>(schema: S) => z.union([z.literal('').transform(() => undefined), schema]).optional();

const documentQuery = z.strictObject({
  status: or(z.enum(['pending', 'ok', 'error', 'excluded'])),
  phase: or(z.enum(PHASES)),
  code: or(text(100)),
  waiting: or(z.enum(['0', '1'])),
  held: or(z.literal('1')),
  field: or(text(100)),
  cursor: or(id),
});
const findingQuery = z.strictObject({
  state: or(z.enum(['open', 'repairing', 'repaired', 'accepted'])),
  kind: or(z.enum(FINDING_KINDS as [FindingKind, ...FindingKind[]])),
  drift: or(z.literal('1')),
  cursor: or(id),
});
type DocumentQuery = z.output<typeof documentQuery>;

export function replicaLists(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/:id/documents', async (c) => {
    const query = queryOf(c, documentQuery);
    const { cursor, waiting, held, ...filter } = query;
    const replica = await existingReplica(deps.db, idOf(c));
    const { rows, next } = await documentPage(
      deps,
      {
        ...filter,
        replicaId: replica.id,
        waiting: waiting === undefined ? undefined : waiting === '1',
        held: held === '1' ? true : undefined,
      },
      cursor,
    );
    const title = `Documents of ${replica.name}`;
    return renderPage(
      c,
      deps,
      { title, nav: 'replicas' },
      <DocumentList replica={replica} rows={rows} query={query} next={next} />,
    );
  });
  routes.get('/:id/findings', async (c) => {
    const { state, kind, drift, cursor } = queryOf(c, findingQuery);
    const replica = await existingReplica(deps.db, idOf(c));
    const kinds = drift === '1' ? DRIFT_KINDS : undefined;
    const filter = { replicaId: replica.id, state, kind, kinds };
    const { rows, next } = await findingPage(deps, filter, cursor);
    const title = `Found on ${replica.name}`;
    return renderPage(
      c,
      deps,
      { title, nav: 'replicas' },
      <>
        <h1>{title}</h1>
        <FilterForm>
          <Select
            label="State"
            name="state"
            value={state}
            options={options(['open', 'repairing', 'repaired', 'accepted'])}
          />
          <Select label="What" name="kind" value={kind} options={options(FINDING_KINDS)} />
        </FilterForm>
        {rows.length === 0 ? (
          <Empty>None. What comparisons find different on {replica.name} will appear here.</Empty>
        ) : (
          <DriftTable rows={rows.map(rowOfFinding)} replica={replica.name} />
        )}
        <Pager next={next} />
        <Back replica={replica} />
      </>,
    );
  });
  return routes;
}

function options(values: readonly string[]): Option[] {
  return [{ value: '', label: 'any' }, ...values.map((value) => ({ value, label: value.replaceAll('_', ' ') }))];
}

function Back({ replica }: { replica: Replica }) {
  return (
    <p>
      <To to={`/replicas/${replica.id}`}>Back to {replica.name}</To>
    </p>
  );
}

interface ListProps {
  readonly replica: Replica;
  readonly rows: readonly DocumentView[];
  readonly query: DocumentQuery;
  readonly next: number | null;
}

function DocumentList({ replica, rows, query, next }: ListProps) {
  return (
    <>
      <h1>Documents of {replica.name}</h1>
      <FilterForm>
        <Select
          label="State"
          name="status"
          value={query.status}
          options={options(['pending', 'ok', 'error', 'excluded'])}
        />
        <Select label="Phase" name="phase" value={query.phase} options={options(PHASES)} />
        <Select
          label="Open work"
          name="waiting"
          value={query.waiting}
          options={[
            { value: '', label: 'any' },
            { value: '1', label: 'waits' },
            { value: '0', label: 'none' },
          ]}
        />
        <Field label="Error code" name="code" value={query.code ?? ''} />
        <Field label="Field with a remark" name="field" value={query.field ?? ''} />
      </FilterForm>
      {rows.length === 0 ? (
        <Empty>None. Documents of {replica.name} that fit these filters will appear here.</Empty>
      ) : (
        <DocumentTable replica={replica} rows={rows} />
      )}
      <Pager next={next} />
      <p>
        <To to={`/api/replicas/${replica.id}/documents.csv`}>All of them as CSV</To>
      </p>
      <Back replica={replica} />
    </>
  );
}

function DocumentTable({ rows }: Pick<ListProps, 'replica' | 'rows'>) {
  return (
    <table class="stack">
      <thead>
        <tr>
          <th scope="col">On the master</th>
          <th scope="col">Copy</th>
          <th scope="col">State</th>
          <th scope="col">Reason</th>
          <th scope="col">Last synced</th>
          <th scope="col">Last compared</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <DocumentRow row={row} />
        ))}
      </tbody>
    </table>
  );
}

function DocumentRow({ row }: { row: DocumentView }) {
  const failed = row.status === 'error';
  return (
    <tr class={failed ? 'bad-row' : undefined}>
      <td>
        <To to={`/documents/${row.master_doc_id}`}>#{row.master_doc_id}</To>
      </td>
      <td data-label="Copy">
        {row.replica_doc_id === null ? <span class="faint">none yet</span> : `#${row.replica_doc_id}`}
      </td>
      <td>
        <Badge tone={failed ? 'bad' : row.waiting || row.status === 'excluded' ? 'calm' : 'good'}>
          {row.waiting && !failed ? `${row.phase}, waits` : row.phase}
        </Badge>
      </td>
      <td>
        <Why row={row} />
      </td>
      <td data-label="Last synced">
        <Time at={row.last_synced} />
      </td>
      <td data-label="Last compared">
        <Time at={row.verified_at} />
      </td>
    </tr>
  );
}

function Why({ row }: { row: DocumentView }) {
  if (row.excluded_reason !== null) return <>{row.excluded_reason}</>;
  if (row.error_code === null)
    return row.report.length === 0 ? null : (
      <span class="faint">{row.report.map(({ field }) => field).join(', ')}: see the document</span>
    );
  return (
    <>
      {row.error_msg ?? row.error_code}
      <small>{cureOf(row.error_code)}</small>
      {row.next_due_at === null ? null : (
        <small>
          Tried again <Time at={row.next_due_at} />
        </small>
      )}
    </>
  );
}
