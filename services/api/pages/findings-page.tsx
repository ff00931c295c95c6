/** What verifications found and what they proved, over all replicas. */
import { Hono } from 'hono';
import { z } from 'zod';
import { FINDING_KINDS, FINDINGS, type FindingKind } from '../../../shared/domain/verification.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { id, idOf } from '../input.ts';
import { keepMaster } from '../../../shared/replication/keep-master.ts';
import { begin } from '../presenters/document-acts.ts';
import { overwritePath, previewOverwrite } from '../presenters/drift.ts';
import { letBe, loadFindingPage, type Finding } from '../presenters/findings.ts';
import { act } from './actions.ts';
import { Badge, type Tone } from './components/badge.tsx';
import { FilterForm, PostButton, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { nameIn, ReplicaLink, replicaOptions, type Names } from './components/names.tsx';
import { Empty } from './components/notices.tsx';
import { Shown } from './components/shown.tsx';
import { Time } from './components/time.tsx';
import { OverwritePage } from './drift-parts.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

const STATES = ['open', 'repairing', 'repaired', 'accepted'] as const;
const QUERY = z.strictObject({
  replica_id: id.optional(),
  verification: id.optional(),
  state: z.enum(['any', ...STATES]).optional(),
  kind: z.enum(FINDING_KINDS as [FindingKind, ...FindingKind[]]).optional(),
  cursor: id.optional(),
});

export function findingPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/findings', async (c) => {
    const { replica_id: replicaId, verification: verificationId, state, kind, cursor } = filtersOf(c, QUERY);
    // Of one verification all of them, else what is still to be dealt with.
    const wanted = state ?? (verificationId === undefined ? 'open' : 'any');
    const filter = { replicaId, verificationId, kind, state: wanted === 'any' ? undefined : wanted };
    const { findings, names, next } = await loadFindingPage(deps, filter, cursor);
    const given = { ...givenOf(c), state: wanted };
    const content = <FindingsView findings={findings} names={names} next={next} given={given} />;
    return renderPage(c, deps, { title: 'Findings', nav: 'documents' }, content);
  });
  routes.post('/findings/:id/accept', (c) =>
    act(c, deps, '/findings', async () => {
      const { accepted } = await letBe(deps, idOf(c));
      if (!accepted) return '0 findings were accepted: this one is over already.';
      return '1 finding was accepted: it is left as it is, and no longer counts.';
    }),
  );
  routes.get('/findings/:id/keep-master', async (c) => {
    const preview = await previewOverwrite(deps, idOf(c), c.req.raw.signal);
    const title = `Keep master's on ${preview.replica.name}`;
    return renderPage(c, deps, { title, nav: 'documents' }, <OverwritePage preview={preview} />);
  });
  routes.post('/findings/:id/keep-master', (c) =>
    act(c, deps, '/findings', async () => {
      const { replica, link } = await keepMaster(deps, idOf(c));
      const due = `1 document is due on "${replica.name}": the master's values of document ${link.master_doc_id} go over it.`;
      return { text: `${due} ${await begin(deps, replica.id)}`, to: `/replicas/${replica.id}#drift` };
    }),
  );
  return routes;
}

const TONES: Readonly<Record<Finding['state'], Tone>> = {
  open: 'bad',
  repairing: 'busy',
  repaired: 'good',
  accepted: 'calm',
};

function nextStep({ state, kind, hint, round }: Finding): string {
  if (state === 'repairing') return 'It is being repaired, and compared again afterwards.';
  if (state === 'repaired') return 'Compared again since: equal.';
  if (state === 'accepted') return 'A person accepted it.';
  if (hint !== null) return hint;
  if (!FINDINGS[kind].repair) return 'It is left to a person.';
  return round === 0
    ? 'The next run repairs it.'
    : `Repaired in vain ${round === 1 ? 'once' : `${round} times`}; after 3 times it is left to a person.`;
}

function FindingsView(props: {
  findings: readonly Finding[];
  names: Names;
  next: number | null;
  given: Readonly<Record<string, string>>;
}) {
  const { findings, names, next, given } = props;
  const any = { value: '', label: 'any' };
  const states = [{ value: 'any', label: 'any' }, ...STATES.map((value) => ({ value, label: value }))];
  const kinds = [any, ...FINDING_KINDS.map((value) => ({ value, label: value.replaceAll('_', ' ') }))];
  return (
    <>
      <h1>Findings</h1>
      <p>
        Differences that no pending work explains. <To to="/verifications">Verifications and their receipts</To>
      </p>
      <FilterForm label="Filter findings">
        <Select label="Replica" name="replica_id" value={given['replica_id']} options={replicaOptions(names)} />
        <Select label="State" name="state" value={given['state']} options={states} />
        <Select label="Kind" name="kind" value={given['kind']} options={kinds} />
      </FilterForm>
      {findings.length === 0 ? (
        <Empty>
          Nothing in this list. Every verification that finds a difference leaves a line here, until it is repaired and
          compared again.
        </Empty>
      ) : (
        <Table columns={['Document', 'Replica', 'Finding', 'State', 'Found']}>
          {findings.map((finding) => (
            <FindingRow finding={finding} names={names} />
          ))}
        </Table>
      )}
      <Pager next={next} />
    </>
  );
}

function FindingRow({ finding, names }: { finding: Finding; names: Names }) {
  const undecided = finding.state === 'open' || finding.state === 'repairing';
  const overwrite = overwritePath(finding);
  return (
    <tr>
      <td data-label="Document">
        {finding.master_doc_id === null ? (
          `copy ${finding.replica_doc_id ?? '?'} alone`
        ) : (
          <To to={`/documents/${finding.master_doc_id}`}>{finding.master_doc_id}</To>
        )}
      </td>
      <td data-label="Replica">
        <ReplicaLink names={names} id={finding.replica_id} />
      </td>
      <td data-label="Finding">
        <strong>{finding.kind.replaceAll('_', ' ')}</strong>: {finding.message}
        {finding.fields.map((field) => (
          <small>
            {field.field.replaceAll('_', ' ')}: master <Shown value={field.master} />, copy <Shown value={field.copy} />
          </small>
        ))}
      </td>
      <td data-label="State">
        <Badge tone={TONES[finding.state]}>{finding.state}</Badge>
        <small>{nextStep(finding)}</small>
        {finding.reason === null ? null : <small>{finding.reason}</small>}
        {undecided ? (
          <div class="actions">
            {overwrite === null ? null : <To to={overwrite}>Keep master's on {nameIn(names, finding.replica_id)}</To>}
            <PostButton action={`/findings/${finding.id}/accept`} id={`accept-finding-${finding.id}`}>
              Accept as it is
            </PostButton>
          </div>
        ) : null}
      </td>
      <td data-label="Found">
        <Time at={finding.found_at} />
        <small>
          <To to={`/verifications/${finding.verification_id}`}>verification {finding.verification_id}</To>
        </small>
      </td>
    </tr>
  );
}
