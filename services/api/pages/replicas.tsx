/** All replicas, and one in full. */
import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { idOf } from '../input.ts';
import { createReplicaDetail } from '../presenters/replica-detail.ts';
import { loadStatus, type PresentedReplica, type Status } from '../presenters/status.ts';
import { StateBadge } from './components/badge.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { Empty } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { renderPage } from './page.tsx';
import { ReplicaPage } from './replica-detail.tsx';
import { replicaForms } from './replica-form.tsx';
import { replicaLists } from './replica-lists.tsx';
import { existingReplica } from '../existing.ts';
import { replicaPlans } from './replica-plans.tsx';
import { replicaVerbs } from './replica-verbs.tsx';
import { replicaNotFound } from '../../../shared/replication/update-replica.ts';
import { Table } from './components/table.tsx';

export function replicaPages(deps: ApiDeps): Hono<GateVariables> {
  const load = createReplicaDetail(deps);
  const routes = new Hono<GateVariables>();
  routes.get('/', async (c) => {
    const status = await loadStatus(deps);
    const live = { active: status.progress.running };
    return renderPage(c, deps, { title: 'Replicas', nav: 'replicas', live }, <ReplicaList status={status} />);
  });
  routes.route('/', replicaForms(deps));
  routes.route('/', replicaPlans(deps));
  routes.route('/', replicaLists(deps));
  routes.route('/', replicaVerbs(deps));
  routes.get('/:id', async (c) => {
    const detail = await load(await existingReplica(deps.db, idOf(c)));
    if (detail === null) throw replicaNotFound(idOf(c));
    const live = { active: detail.running !== null };
    const options = { title: detail.row.name, nav: 'replicas', live, zone: detail.zone } as const;
    return renderPage(c, deps, options, <ReplicaPage detail={detail} />);
  });
  return routes;
}

function ReplicaList({ status }: { status: Status }) {
  return (
    <Live id="replicas" active={status.progress.running}>
      <h1>Replicas</h1>
      <p>
        <To to="/replicas/new">Add a replica</To>
        {' · '}
        <To to="/promotions">Promotions</To>
      </p>
      {status.replicas.length === 0 ? (
        <Empty>None yet. Each replica will appear here with its state, its counts and its last good cycle.</Empty>
      ) : (
        <Table
          columns={[
            'Replica',
            'State',
            { number: 'In step' },
            { number: 'Waiting' },
            { number: 'Failed' },
            { number: 'Drifted' },
            'Last good cycle',
          ]}
        >
          {status.replicas.map((replica) => (
            <ReplicaRow replica={replica} />
          ))}
        </Table>
      )}
    </Live>
  );
}

function ReplicaRow({ replica }: { replica: PresentedReplica }) {
  const at = `/replicas/${replica.id}`;
  const { documents, verification } = replica;
  return (
    <tr>
      <td>
        <To to={at}>
          <strong>{replica.name}</strong>
        </To>
        <small>{replica.url}</small>
      </td>
      <td>
        <StateBadge state={replica.state} />
        <small>{replica.reason}</small>
      </td>
      <td class="number" data-label="In step">
        <CountLink to={`${at}/documents?status=ok`} count={documents.ok} label={`of ${number(documents.total)}`} />
      </td>
      <td class="number" data-label="Waiting">
        <CountLink to={`${at}/documents?waiting=1`} count={documents.waiting} />
      </td>
      <td class="number" data-label="Failed">
        <CountLink
          to={`${at}/documents?status=error`}
          count={documents.failed + documents.given_up + documents.blocked}
          tone="bad"
        />
      </td>
      <td class="number" data-label="Drifted">
        <CountLink to={`${at}/findings?state=open&drift=1`} count={verification.drift} tone="bad" />
      </td>
      <td data-label="Last good cycle">
        <Time at={replica.last_sync_ts} />
      </td>
    </tr>
  );
}
