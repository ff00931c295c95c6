/** Deletions on one replica: what would go and why, what holds it, what went, and what can come back. */
import { Hono } from 'hono';
import { z } from 'zod';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { id, idOf } from '../input.ts';
import { letDeletionsGo, loadDeletionPage, type presentDeletions, type Tombstone } from '../presenters/deletions.ts';
import { replicaNames } from '../presenters/names.ts';
import { begin, nothingHeld, undo } from '../routes/deletions.ts';
import { act } from './actions.ts';
import { Badge } from './components/badge.tsx';
import { PostButton } from './components/forms.tsx';
import { number, Pager, To } from './components/links.tsx';
import type { Names } from './components/names.tsx';
import { Empty, RedThing } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { filtersOf } from './filters.ts';
import { renderPage } from './page.tsx';
import { Table } from './components/table.tsx';

/** More would be no page; all of them are in GET /api/replicas/{id}/deletions. */
const SHOWN = 200;
const QUERY = z.strictObject({ replica_id: id.optional(), cursor: id.optional() });
type Shown = ReturnType<typeof presentDeletions>;

export function deletionPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/deletions', async (c) => {
    const { replica_id: replicaId, cursor } = filtersOf(c, QUERY);
    if (replicaId === undefined) {
      const names = await replicaNames(deps.db);
      return renderPage(c, deps, { title: 'Deletions', nav: 'replicas' }, <Choose names={names} />);
    }
    const replica = await existingReplica(deps.db, replicaId);
    const { shown, stones, next } = await loadDeletionPage(deps, replica, cursor);
    return renderPage(
      c,
      deps,
      { title: `Deletions on ${replica.name}`, nav: 'replicas' },
      <>
        <h1>
          Deletions on <To to={`/replicas/${replicaId}`}>{replica.name}</To>
        </h1>
        <Guard shown={shown} replicaId={replicaId} name={replica.name} />
        <Plan shown={shown} replicaId={replicaId} />
        <h2 id="went">What was deleted here</h2>
        <Stones stones={stones} replicaId={replicaId} />
        <Pager next={next} />
      </>,
    );
  });
  routes.post('/deletions/:replica/acknowledge', (c) =>
    act(c, deps, `/deletions?replica_id=${idOf(c, 'replica')}`, async () => {
      const replica = await existingReplica(deps.db, idOf(c, 'replica'));
      const approved = await letDeletionsGo(deps, replica);
      if (approved === null) throw nothingHeld(replica);
      return `${approved} deletions on "${replica.name}" may go; the next run carries them out.`;
    }),
  );
  routes.post('/deletions/:replica/:id/undo', (c) =>
    act(c, deps, `/deletions?replica_id=${idOf(c, 'replica')}`, async () => {
      const replica = await existingReplica(deps.db, idOf(c, 'replica'));
      const stone = await undo(deps, replica, idOf(c));
      const runId = await begin(deps, replica);
      return `1 copy (${stone.replica_doc_id}) comes back on "${replica.name}". ${runId === null ? 'It waits for the next run.' : `Run ${runId} does it.`}`;
    }),
  );
  return routes;
}

function Choose({ names }: { names: Names }) {
  return (
    <>
      <h1>Deletions</h1>
      {names.length === 0 ? (
        <Empty>No replica yet. What is deleted on each of them, and why, will be listed here.</Empty>
      ) : (
        <ul>
          {names.map(({ id: replicaId, name }) => (
            <li>
              <To to={`/deletions?replica_id=${replicaId}`}>{name}</To>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const MODES = {
  keep: 'Nothing is deleted here: copies of documents that left the master stay.',
  trash: "Copies of documents that left the master go into the replica's trash.",
  delete: "Copies of documents that left the master go into the replica's trash, and are deleted for good a day later.",
} as const;

function Guard({ shown, replicaId, name }: { shown: Shown; replicaId: number; name: string }) {
  return (
    <>
      <p>
        {MODES[shown.mode]} <To to={`/replicas/${replicaId}`}>Change it</To>. Without asking, {number(shown.limit)} may
        go within 7 days.
      </p>
      {shown.stopped === null ? null : (
        <RedThing
          title="Nothing is deleted now:"
          reason={shown.stopped}
          next={
            shown.held === null
              ? 'It is judged anew with every sweep of the master.'
              : `${number(shown.held.count)} deletions wait until a person has looked at the list below and lets them go.`
          }
          tone="warn"
        >
          {shown.held === null ? undefined : (
            <PostButton action={`/deletions/${replicaId}/acknowledge`} id="acknowledge" kind="danger">
              Let {number(shown.held.count)} deletions on {name} go
            </PostButton>
          )}
        </RedThing>
      )}
    </>
  );
}

const ACTIONS = {
  trash: 'into the trash',
  purge: 'deleted for good',
  release: 'kept, released',
  keep: 'kept',
  wait: 'waits',
  under_way: 'under way',
} as const;

function Plan({ shown, replicaId }: { shown: Shown; replicaId: number }) {
  if (shown.documents.length === 0)
    return (
      <Empty>
        Every document that has a copy here is on the master. One that is not would be listed with what becomes of its
        copy.
      </Empty>
    );
  return (
    <>
      <h2 id="plan">Not on the master any more</h2>
      <Table columns={['Document', 'Copy', 'On the master', 'Here', 'Why']}>
        {shown.documents.slice(0, SHOWN).map((row) => (
          <tr>
            <td data-label="Document">
              <To to={`/documents/${row.master_doc_id}`}>{row.master_doc_id}</To>
            </td>
            <td data-label="Copy">{row.replica_doc_id}</td>
            <td data-label="On the master">{row.master_state === 'trashed' ? 'in its trash' : 'gone'}</td>
            <td data-label="Here">
              <Badge tone={row.goes ? 'warn' : 'calm'}>
                {row.goes ? `goes: ${ACTIONS[row.action]}` : ACTIONS[row.action]}
              </Badge>
            </td>
            <td data-label="Why">{row.why}</td>
          </tr>
        ))}
      </Table>
      {shown.documents.length > SHOWN ? (
        <p>
          <To to={`/api/replicas/${replicaId}/deletions`}>All {number(shown.documents.length)} of them</To>
        </p>
      ) : null}
    </>
  );
}

const UNDOABLE: readonly Tombstone['state'][] = ['planned', 'asn_cleared', 'trashed', 'purge_due'];

function Stones({ stones, replicaId }: { stones: readonly Tombstone[]; replicaId: number }) {
  if (stones.length === 0)
    return <Empty>Nothing so far. Every copy that is taken away leaves a line here, before it is touched.</Empty>;
  return (
    <Table columns={['Document', 'Copy', 'Why', 'State', 'When', 'Back']}>
      {stones.map((stone) => (
        <tr>
          <td data-label="Document">
            <To to={`/documents/${stone.master_doc_id}`}>{stone.master_doc_id}</To>
          </td>
          <td data-label="Copy">{stone.replica_doc_id}</td>
          <td data-label="Why">
            {stone.reason.replaceAll('_', ' ')}
            {stone.detail === null ? null : <small>{stone.detail}</small>}
          </td>
          <td data-label="State">{stone.state.replaceAll('_', ' ')}</td>
          <td data-label="When">
            <Time at={stone.trashed_at ?? stone.planned_at} />
          </td>
          <td data-label="Back">
            {UNDOABLE.includes(stone.state) && stone.undo_asked_at === null ? (
              <PostButton action={`/deletions/${replicaId}/${stone.id}/undo`} id={`undo-${stone.id}`}>
                Undo
              </PostButton>
            ) : stone.undo_asked_at === null ? (
              '-'
            ) : (
              'asked for'
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}
