/** Documents: found over all replicas, and one of them side by side. */
import { Hono } from 'hono';
import { openVerification } from '../../../shared/replication/verify-open.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { begin, makeDue, makeFileDue } from '../presenters/document-acts.ts';
import { actorOf, type GateContext, type GateVariables } from '../gate/visitor.ts';
import { notFound } from '../http-error.ts';
import { idOf } from '../input.ts';
import { DOCUMENT_QUERY, loadDocumentSearch, type DocumentList } from '../presenters/document-search.ts';
import { loadDocumentPage } from '../presenters/document-page.ts';
import { act } from './actions.ts';
import { LINK_COLUMNS, LinkCells } from './components/document-cells.tsx';
import { Field, FilterForm, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { DocumentView } from './document-view.tsx';
import { exclusionPages } from './exclusion-page.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

export function documentPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/documents', async (c) => {
    const list = await loadDocumentSearch(deps, filtersOf(c, DOCUMENT_QUERY));
    const content = <SearchView list={list} given={givenOf(c)} />;
    return renderPage(c, deps, { title: 'Documents', nav: 'documents' }, content);
  });
  routes.get('/documents/:id', async (c) => {
    const masterDocId = idOf(c);
    const page = await loadDocumentPage(deps, masterDocId);
    if (page === null) throw notFound(`A document with the master id ${masterDocId}`, 'document_not_found');
    const live = { active: page.active };
    return renderPage(
      c,
      deps,
      { title: `Document ${masterDocId}`, nav: 'documents', live, zone: page.zone ?? deps.timeZone },
      <Live id="document" active={live.active}>
        <DocumentView page={page} />
      </Live>,
    );
  });
  addVerbs(routes, deps);
  routes.route('/', exclusionPages(deps));
  return routes;
}

function addVerbs(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const about = async (c: GateContext) => {
    const replica = await existingReplica(deps.db, idOf(c, 'replica'));
    return { masterDocId: idOf(c), replica };
  };
  routes.post('/documents/:id/replicas/:replica/verify', (c) =>
    act(c, deps, `/documents/${idOf(c)}`, async () => {
      const { masterDocId, replica } = await about(c);
      const askedBy = actorOf(c);
      const question = {
        replicaId: replica.id,
        scope: 'document',
        depth: 'bytes',
        masterDocId,
        trigger: 'manual',
      } as const;
      const { verificationId, alreadyRunning } = await openVerification(deps, { ...question, askedBy });
      return alreadyRunning
        ? `Verification ${verificationId} of this document runs already.`
        : `1 document is being compared with "${replica.name}" byte by byte (verification ${verificationId}).`;
    }),
  );
  routes.post('/documents/:id/replicas/:replica/reupload', (c) =>
    act(c, deps, `/documents/${idOf(c)}`, async () => {
      const { masterDocId, replica } = await about(c);
      await makeFileDue(deps, replica, masterDocId);
      return `1 document is due on "${replica.name}", its file first. ${await begin(deps, replica.id)}`;
    }),
  );
  for (const verb of ['retry', 'resync'] as const)
    routes.post(`/documents/:id/replicas/:replica/${verb}`, (c) =>
      act(c, deps, `/documents/${idOf(c)}`, async () => {
        const { masterDocId, replica } = await about(c);
        const said =
          verb === 'retry' ? 'A person asked for another attempt.' : 'A person asked to write all fields anew.';
        await makeDue(deps, replica, masterDocId, said);
        return `1 document is due on "${replica.name}". ${await begin(deps, replica.id)}`;
      }),
    );
}

function SearchView({ list, given }: { list: DocumentList; given: Readonly<Record<string, string>> }) {
  const filtered = Object.keys(given).length > 0;
  return (
    <>
      <h1>Documents</h1>
      <p>
        Of all of them: <To to="/findings">what comparisons found</To>,{' '}
        <To to="/verifications">verifications and their receipts</To>, <To to="/deletions">deletions</To>.
      </p>
      <SearchForm list={list} given={given} />
      {list.documents.length === 0 ? (
        <Empty>
          {filtered
            ? 'No document matches these filters.'
            : 'Nothing yet. After the first run every document of the master is listed here, a line for each replica.'}
        </Empty>
      ) : (
        <DocumentTable list={list} />
      )}
      <Pager next={list.next} />
      {given['replica_id'] === undefined ? null : (
        <p>
          <To to={csvPath(given)}>All of them as CSV</To>
        </p>
      )}
    </>
  );
}

function csvPath(given: Readonly<Record<string, string>>): string {
  const known = ['status', 'phase', 'code', 'waiting', 'held', 'unverified_since', 'field'];
  const query = new URLSearchParams(
    Object.entries(given).filter(([name, value]) => known.includes(name) && value !== ''),
  );
  return `/api/replicas/${encodeURIComponent(given['replica_id'] ?? '')}/documents.csv?${query}`;
}

const STATUS = [
  { value: '', label: 'any' },
  { value: 'ok', label: 'in step' },
  { value: 'pending', label: 'under way' },
  { value: 'error', label: 'failed or blocked' },
  { value: 'excluded', label: 'excluded' },
];
const PHASE = [
  { value: '', label: 'any' },
  { value: 'dlq', label: 'failed for good' },
  { value: 'failed', label: 'failed, will be retried' },
  { value: 'blocked', label: 'blocked' },
  { value: 'gone', label: 'gone' },
];

function SearchForm({ list, given }: { list: DocumentList; given: Readonly<Record<string, string>> }) {
  const replicas = list.replicas.map((one) => ({ value: String(one.id), label: one.name }));
  const phases = PHASE.some(({ value }) => value === (given['phase'] ?? ''))
    ? PHASE
    : [...PHASE, { value: given['phase'] ?? '', label: given['phase'] ?? '' }];
  return (
    <FilterForm label="Find documents">
      <Field label="Master id" name="document" type="number" min={1} value={given['document']} />
      <Field label="Id on the replica" name="copy" type="number" min={1} value={given['copy']} />
      <Select
        label="Replica"
        name="replica_id"
        value={given['replica_id']}
        options={[{ value: '', label: 'any' }, ...replicas]}
      />
      <Select label="State" name="status" value={given['status']} options={STATUS} />
      <Select label="Problem" name="phase" value={given['phase']} options={phases} />
      <Field label="Error code" name="code" value={given['code']} />
      <Field label="Field in the report" name="field" value={given['field']} />
      <Field label="Run" name="run_id" type="number" min={1} value={given['run_id']} />
    </FilterForm>
  );
}

function DocumentTable({ list }: { list: DocumentList }) {
  return (
    <Table columns={[...LINK_COLUMNS, 'Reason', 'In step since', 'Verified']}>
      {list.documents.map((row) => (
        <tr>
          <LinkCells row={row}>
            {row.replica_doc_id === null ? null : <small>copy {row.replica_doc_id}</small>}
          </LinkCells>
          <td data-label="Reason">
            {row.error_msg ?? row.excluded_reason}
            {row.error_code === null ? null : <small>{row.error_code}</small>}
            {row.next_due_at === null ? null : (
              <small>
                next look <Time at={row.next_due_at} />
              </small>
            )}
          </td>
          <td data-label="In step since">
            <Time at={row.last_synced} />
          </td>
          <td data-label="Verified">
            <Time at={row.verified_at} never="not yet" />
            {row.verified_depth === null ? null : <small>{row.verified_depth}</small>}
          </td>
        </tr>
      ))}
    </Table>
  );
}
