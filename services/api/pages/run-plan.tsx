/** A dry run: what a cycle would do now, to each replica. Nothing was written anywhere to find out. */
import type { ReplicaPlan } from '../../../shared/replication/plan-replicas.ts';
import { PostButton } from './components/forms.tsx';
import { CountLink, number, To } from './components/links.tsx';
import { Empty } from './components/notices.tsx';
import { fieldWord, Shown } from './components/shown.tsx';

const SHOWN = 100;

export function PlanPage({ plans, replicaId }: { plans: readonly ReplicaPlan[]; replicaId: number | undefined }) {
  return (
    <>
      <h1>Dry run</h1>
      <p>What a cycle would do if it began now. Nothing was written to find out.</p>
      {plans.length === 0 ? <Empty>No replica is enabled; a cycle would do nothing.</Empty> : null}
      {plans.map((plan) => (
        <PlanPart plan={plan} />
      ))}
      <div class="actions">
        <PostButton
          action={replicaId === undefined ? '/sync' : `/replicas/${replicaId}/sync`}
          id="do-it"
          kind="primary"
        >
          Sync now
        </PostButton>
        <To to="/runs">Back, change nothing</To>
      </div>
    </>
  );
}

function PlanPart({ plan }: { plan: ReplicaPlan }) {
  const nothing = plan.taxonomy.length + plan.uploads.length + plan.updates.length + plan.returns.length === 0;
  return (
    <section aria-labelledby={`plan-${plan.replica_id}`}>
      <h2 id={`plan-${plan.replica_id}`}>
        <To to={`/replicas/${plan.replica_id}`}>{plan.replica}</To>
      </h2>
      {nothing && plan.deletions.length === 0 ? <p>Nothing: it has everything that it should have.</p> : null}
      {plan.equal === 0 ? null : (
        <p>
          <CountLink to={`/replicas/${plan.replica_id}/documents?status=ok`} count={plan.equal} /> would be looked at
          and are equal.
        </p>
      )}
      <Ids title="Uploaded, or linked to an equal document" ids={plan.uploads} replicaId={plan.replica_id} />
      <Ids title="Brought back, since the copy was deleted" ids={plan.returns} replicaId={plan.replica_id} />
      <Updates plan={plan} />
      <Deletions plan={plan} />
      <Taxonomy plan={plan} />
    </section>
  );
}

function Updates({ plan }: { plan: ReplicaPlan }) {
  if (plan.updates.length === 0) return null;
  return (
    <>
      <h3>{number(plan.updates.length)} updated</h3>
      <ul>
        {plan.updates.slice(0, SHOWN).map((one) => (
          <li>
            <To to={`/documents/${one.master_doc_id}`}>#{one.master_doc_id}</To>:{' '}
            {one.fields.map(({ field, master, replica }) => (
              <small>
                {fieldWord(field)}: <Shown value={replica} /> becomes <Shown value={master} />
              </small>
            ))}
          </li>
        ))}
      </ul>
      <Rest count={plan.updates.length} replicaId={plan.replica_id} />
    </>
  );
}

function Deletions({ plan }: { plan: ReplicaPlan }) {
  if (plan.deletions.length === 0) return null;
  return (
    <>
      <h3>{number(plan.deletions.length)} deleted on the master</h3>
      <ul>
        {plan.deletions.slice(0, SHOWN).map((one) => (
          <li>
            <To to={`/documents/${one.master_doc_id}`}>#{one.master_doc_id}</To>: {one.action} ({one.why})
          </li>
        ))}
      </ul>
      <Rest count={plan.deletions.length} replicaId={plan.replica_id} />
    </>
  );
}

function Taxonomy({ plan }: { plan: ReplicaPlan }) {
  if (plan.taxonomy.length === 0) return null;
  return (
    <>
      <h3>Tags, correspondents, types, paths, fields</h3>
      <ul>
        {plan.taxonomy.slice(0, SHOWN).map((line) => (
          <li>{line}</li>
        ))}
      </ul>
      <Rest count={plan.taxonomy.length} replicaId={plan.replica_id} />
    </>
  );
}

/** Where the rows are that are too many for a page. */
function Rest({ count, replicaId }: { count: number; replicaId: number }) {
  if (count <= SHOWN) return null;
  return (
    <p class="faint">
      {number(count - SHOWN)} more. The dry run of the API lists all:{' '}
      <code>POST /api/sync?dry_run=1&replica_id={replicaId}</code>.
    </p>
  );
}

function Ids({ title, ids, replicaId }: { title: string; ids: readonly number[]; replicaId: number }) {
  if (ids.length === 0) return null;
  return (
    <>
      <h3>
        {title}: {number(ids.length)}
      </h3>
      <p class="counts">
        {ids.slice(0, SHOWN).map((id) => (
          <To to={`/documents/${id}`}>#{String(id)}</To>
        ))}
      </p>
      <Rest count={ids.length} replicaId={replicaId} />
    </>
  );
}
