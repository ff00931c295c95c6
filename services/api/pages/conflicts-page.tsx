/** What a person has to decide: edits on replicas, possible copies, names that could stand for several objects. */
import { Hono } from 'hono';
import { z } from 'zod';
import { decideMatch } from '../../../shared/replication/decide-match.ts';
import { resolveConflict } from '../../../shared/replication/resolve-conflict.ts';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { malformed } from '../http-error.ts';
import { id, idOf } from '../input.ts';
import { begin } from '../presenters/document-acts.ts';
import {
  existingProposal,
  loadConflict,
  loadConflictPage,
  type AmbiguousName,
  type ConflictPage,
} from '../presenters/conflicts.ts';
import { act } from './actions.ts';
import { ConflictDetail, ConflictTable, ProposalCard } from './components/conflict-parts.tsx';
import { FilterForm, Select } from './components/forms.tsx';
import { Pager, To } from './components/links.tsx';
import { replicaOptions } from './components/names.tsx';
import { Empty } from './components/notices.tsx';
import { ambiguityPages } from './ambiguity-page.tsx';
import { filtersOf, givenOf } from './filters.ts';
import { renderPage } from './page.tsx';

const STATES = ['open', 'overwritten', 'keep_master', 'keep_replica', 'gone'] as const;
const QUERY = z.strictObject({
  replica_id: id.optional(),
  document: id.optional(),
  state: z.enum(['any', ...STATES]).default('open'),
  cursor: id.optional(),
  /** Where the lists below go on. */
  matches: id.optional(),
  names: id.optional(),
});

export function conflictPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/conflicts', async (c) => {
    const { replica_id: replicaId, document: masterDocId, state, ...cursors } = filtersOf(c, QUERY);
    const filter = { replicaId, masterDocId, state: state === 'any' ? undefined : state };
    const { cursor: before, matches: proposal, names: name } = cursors;
    const page = await loadConflictPage(deps, filter, { before, proposal, name });
    const content = <ConflictsView page={page} given={{ ...givenOf(c), state }} />;
    return renderPage(c, deps, { title: 'Conflicts', nav: 'conflicts' }, content);
  });
  routes.get('/conflicts/:id', async (c) => {
    const { conflict, names } = await loadConflict(deps, idOf(c));
    const content = <ConflictDetail conflict={conflict} names={names} />;
    return renderPage(c, deps, { title: `Conflict ${conflict.id}`, nav: 'conflicts' }, content);
  });
  routes.post('/conflicts/:id/resolve', (c) =>
    act(c, deps, `/conflicts/${idOf(c)}`, async ({ keep }) => {
      if (keep !== 'master' && keep !== 'replica') throw malformed('Say which value is kept: master or replica.');
      const decided = await resolveConflict(deps, idOf(c), keep);
      return {
        to: '/conflicts',
        text: `1 conflict was decided: the ${keep}'s value of "${decided.field}" is kept. ${await begin(deps, decided.replica_id)}`,
      };
    }),
  );
  for (const verb of ['accept', 'reject'] as const)
    routes.post(`/replicas/:replica/matches/:id/${verb}`, (c) =>
      act(c, deps, '/conflicts#matches', async () => {
        const found = await existingProposal(deps, idOf(c, 'replica'), idOf(c));
        const { proposal, runId } = await decideMatch(deps, found, verb === 'accept' ? 'accepted' : 'rejected');
        const where = { replicaId: proposal.replica_id, docId: proposal.master_doc_id };
        deps.log.info(`Someone ${proposal.state} replica document #${proposal.replica_doc_id} as a copy.`, where);
        return `1 match was ${proposal.state}. ${runId === null ? 'It is carried out when the replica runs again.' : `Run ${runId} carries it out.`}`;
      }),
    );
  routes.route('/', ambiguityPages(deps));
  return routes;
}

const STATE_OPTIONS = [
  { value: 'open', label: 'not decided' },
  { value: 'keep_replica', label: "replica's value kept" },
  { value: 'keep_master', label: "master's value will be written" },
  { value: 'overwritten', label: "master's value was written" },
  { value: 'gone', label: 'both agree again' },
  { value: 'any', label: 'any' },
];

function ConflictsView({ page, given }: { page: ConflictPage; given: Readonly<Record<string, string>> }) {
  return (
    <>
      <h1>Conflicts</h1>
      <FilterForm label="Filter conflicts">
        <Select label="Replica" name="replica_id" value={given['replica_id']} options={replicaOptions(page.names)} />
        <Select label="State" name="state" value={given['state']} options={STATE_OPTIONS} />
      </FilterForm>
      <h2 id="edits">Edits made on a replica</h2>
      {page.conflicts.length === 0 ? (
        <Empty>
          None in this list. When somebody edits a copy on a replica, both values appear here; with the policy "person"
          nothing is overwritten before you decide.
        </Empty>
      ) : (
        <ConflictTable conflicts={page.conflicts} names={page.names} />
      )}
      <Pager next={page.next} />
      <h2 id="matches">Possible copies</h2>
      {page.proposals.length === 0 ? (
        <Empty>
          None. A document of a replica that looks like the copy of a master document, but has other bytes, waits here
          for your word.
        </Empty>
      ) : (
        <div class="cards">
          {page.proposals.map((proposal) => (
            <ProposalCard proposal={proposal} names={page.names} />
          ))}
        </div>
      )}
      <Pager next={page.nextProposal} name="matches" />
      <h2 id="ambiguities">Names that could mean several things</h2>
      <Ambiguities ambiguous={page.ambiguous} />
      <Pager next={page.nextAmbiguous} name="names" />
    </>
  );
}

function Ambiguities({ ambiguous }: { ambiguous: readonly AmbiguousName[] }) {
  if (ambiguous.length === 0)
    return (
      <Empty>
        None. A tag, correspondent, type, path or field whose name exists more than once on a replica is never guessed,
        but asked here.
      </Empty>
    );
  return (
    <ul>
      {ambiguous.map((one) => (
        <li>
          <To to={`/conflicts/names/${one.replica_id}/${one.kind}/${one.master_id}`}>
            {one.kind.replaceAll('_', ' ')} "{one.name}" on {one.replica}
          </To>
          {one.error_msg === null ? null : <small class="faint"> {one.error_msg}</small>}
        </li>
      ))}
    </ul>
  );
}
