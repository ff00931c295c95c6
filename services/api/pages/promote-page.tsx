/** The page between the wish to make a replica the master and the deed (E27): what is missing there, what will be held. */
import type { Child } from 'hono/jsx';
import type { PromotionPlan } from '../../../shared/replication/promote/plan.ts';
import type { LeftOpen } from '../presenters/promotions.ts';
import { plural } from '../presenters/replica-state.ts';
import { Check } from './components/forms.tsx';
import { number, To } from './components/links.tsx';
import { ConfirmPage, Empty, RedThing } from './components/notices.tsx';

interface PromotePageProps {
  readonly plan: PromotionPlan;
  readonly error?: string | undefined;
}

export function PromotePage({ plan, error }: PromotePageProps) {
  const { replica, problems } = plan;
  const title = `Make ${replica.name} the master`;
  const back = `/replicas/${replica.id}`;
  if (problems.length > 0)
    return (
      <>
        <h1>{title}</h1>
        {problems.map((problem) => (
          <RedThing title="Not as things are." reason={problem.message} next={problem.hint ?? 'Nothing was changed.'} />
        ))}
        <Preview plan={plan} />
        <p>
          <To to={back}>Back to the replica</To>
        </p>
      </>
    );
  return (
    <ConfirmPage
      title={title}
      action={`${back}/promote`}
      back={back}
      button="Make it the master"
      danger
      typed={replica.name}
      error={error}
    >
      <p>
        Syncing stops on all replicas, what had begun is brought to its end, and then <strong>{replica.name}</strong> is
        the master: nothing is written to it any more. The other replicas are compared with it and go on; nothing that
        they have is uploaded again. Until the switch it can be cancelled.
      </p>
      <Preview plan={plan} />
      <Check
        label="Do not wait for uploads that cannot be brought to their end"
        name="accept"
        checked={!plan.old_master.reachable}
        hint="Needed where the old master is dead. What is left out is listed."
      />
    </ConfirmPage>
  );
}

function Preview({ plan }: { plan: PromotionPlan }) {
  const { old_master: old, counts, left_open: open, held_back: held } = plan;
  return (
    <>
      {old.reachable ? (
        <p>
          The master of now ({old.url}) answers. A <To to={`/replicas/${plan.replica.id}`}>sync</To> before this brings
          over what is listed as missing.
        </p>
      ) : (
        <p class="note warn">
          The master of now ({old.url}) does not answer: {old.error}
        </p>
      )}
      <dl>
        <dt>Documents on both</dt>
        <dd>
          <To to={`/replicas/${plan.replica.id}/documents`}>{number(counts.documents)}</To>
        </dd>
        <dt>Missing on the new master</dt>
        <dd class={counts.absent > 0 ? 'bad' : ''}>
          <To to={`/replicas/${plan.replica.id}/documents`}>{number(counts.absent)}</To>
        </dd>
        <dt>Without the last changes</dt>
        <dd class={counts.behind > 0 ? 'warn' : ''}>
          <To to={`/replicas/${plan.replica.id}/documents`}>{number(counts.behind)}</To>
        </dd>
        <dt>Tags and the like that get their rules back</dt>
        <dd>{held.length === 0 ? 'none' : held.map((one) => one.name).join(', ')}</dd>
      </dl>
      <Lacking plan={plan} />
      <LeftOpenList open={open} />
      <Replicas plan={plan} />
      <h2>What only you can do afterwards</h2>
      <ul>
        {plan.afterwards.map((line) => (
          <li>{line}</li>
        ))}
      </ul>
    </>
  );
}

function Lacking({ plan: { lacking } }: { plan: PromotionPlan }) {
  if (lacking.length === 0) return <Empty>Nothing is known to be missing on the new master.</Empty>;
  return (
    <Rows head={['Document', 'There', 'What is known']}>
      {lacking.slice(0, 100).map((row) => (
        <tr>
          <td>
            <To to={`/documents/${row.old_doc_id}`}>#{row.old_doc_id}</To>
          </td>
          <td>{row.kind === 'absent' ? 'missing' : 'without the last changes'}</td>
          <td>{row.detail ?? ''}</td>
        </tr>
      ))}
    </Rows>
  );
}

export function LeftOpenList({ open }: { open: readonly LeftOpen[] }) {
  if (open.length === 0) return null;
  return (
    <>
      <h2>Begun and not at its end</h2>
      <Rows head={['Replica', 'Uploads', 'Versions', 'Replacements', 'Documents', 'Unanswered writes']}>
        {open.map((one) => (
          <tr>
            <td>
              <To to={`/replicas/${one.replica_id}`}>{one.replica}</To>
            </td>
            {[one.uploads, one.versions, one.replacements, one.documents, one.unanswered].map((count) => (
              <td>{number(count)}</td>
            ))}
          </tr>
        ))}
      </Rows>
    </>
  );
}

function Replicas({ plan: { counts } }: { plan: PromotionPlan }) {
  if (counts.replicas.length === 0) return null;
  return (
    <>
      <h2>The other replicas</h2>
      <ul>
        {counts.replicas.map((one) => (
          <li>
            <To to={`/replicas/${one.replica_id}`}>{one.replica}</To>: {plural(one.mapped, 'link')} kept,{' '}
            {plural(one.dropped, 'document')} that the new master has not got: they stay there, as nobody's.
          </li>
        ))}
      </ul>
    </>
  );
}

export function Rows({ head, children }: { head: readonly string[]; children: Child }) {
  return (
    <table class="stack">
      <thead>
        <tr>
          {head.map((name) => (
            <th scope="col">{name}</th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
