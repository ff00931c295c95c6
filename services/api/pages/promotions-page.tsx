/** Promotions (E27): the guided page before one, how far it is, and how the old master comes back. */
import { Hono } from 'hono';
import { z } from 'zod';
import { isRevocable, PHASE_WORDS } from '../../../shared/domain/promotion.ts';
import { acceptPromotion, cancelPromotion } from '../../../shared/replication/promote/ask.ts';
import { AFTERWARDS, planPromotion } from '../../../shared/replication/promote/plan.ts';
import { planReadmission, readmit, type ReadmissionPlan } from '../../../shared/replication/promote/readmit.ts';
import type { ApiDeps } from '../deps.ts';
import { existingReplica } from '../existing.ts';
import { actorOf, type GateContext, type GateVariables } from '../gate/visitor.ts';
import { id, idOf, queryOf, text } from '../input.ts';
import {
  existingPromotion,
  loadPromotion,
  loadPromotions,
  PARTED_SHOWN,
  startPromotion,
  type PartedKind,
  type Promotion,
  type PromotionPart,
} from '../presenters/promotions.ts';
import { plural } from '../presenters/replica-state.ts';
import { PARTED_KINDS } from '../schemas/promotions.ts';
import { act, formOf, redirectWith } from './actions.ts';
import { Field, PostButton } from './components/forms.tsx';
import { CountLink, Pager, To } from './components/links.tsx';
import { Live } from './components/live.tsx';
import { ConfirmPage, Empty, isTyped, RedThing } from './components/notices.tsx';
import { Time } from './components/time.tsx';
import { renderPage } from './page.tsx';
import { LeftOpenList, PromotePage, Rows } from './promote-page.tsx';

const partedQuery = z.strictObject({ kind: z.enum(PARTED_KINDS).optional(), cursor: id.optional() });
const readmitForm = z.object({ name: text(100).trim().min(1, 'must not be empty') });

export function promotionPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  addPreview(routes, deps);
  addReadmission(routes, deps);
  routes.get('/promotions', async (c) => {
    const rows = await loadPromotions(deps);
    return renderPage(c, deps, { title: 'Promotions', nav: 'replicas' }, <PromotionList rows={rows} />);
  });
  routes.get('/promotions/:id', async (c) => {
    const { kind, cursor } = queryOf(c, partedQuery);
    const part = await loadPromotion(deps, idOf(c), { kind, after: cursor ?? 0 });
    const { promotion } = part;
    const live = { active: promotion.finished_at === null };
    const options = { title: `Promotion ${promotion.id}`, nav: 'replicas', live } as const;
    return renderPage(c, deps, options, <PromotionView {...part} />);
  });
  routes.post('/promotions/:id/accept', (c) =>
    act(c, deps, `/promotions/${idOf(c)}`, async () => {
      await acceptPromotion(deps, idOf(c), actorOf(c));
      return '1 promotion goes on without what is left open; it stays listed.';
    }),
  );
  routes.post('/promotions/:id/cancel', (c) =>
    act(c, deps, `/promotions/${idOf(c)}`, async () => {
      await cancelPromotion(deps, idOf(c), actorOf(c));
      return '1 promotion was cancelled; syncing goes on as before.';
    }),
  );
  return routes;
}

function addPreview(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const page = async (c: GateContext, error?: string) => {
    const replica = await existingReplica(deps.db, idOf(c));
    const plan = await planPromotion(deps, replica, c.req.raw.signal);
    const status = error === undefined ? 200 : 422;
    const options = { title: `Make ${replica.name} the master`, nav: 'replicas', status } as const;
    return renderPage(c, deps, options, <PromotePage plan={plan} error={error} />);
  };
  routes.get('/replicas/:id/promote', (c) => page(c));
  routes.post('/replicas/:id/promote', async (c) => {
    const replica = await existingReplica(deps.db, idOf(c));
    const { values } = await formOf(c, z.object({}));
    if (!isTyped(values['confirm'], replica.name)) return page(c, 'is not the name of this replica');
    const wanted = { confirm: values['confirm'], accept: values['accept'] === '1', by: actorOf(c) };
    const promotionId = await startPromotion(deps, replica, wanted, c.req.raw.signal);
    const said = `1 promotion was begun: "${replica.name}" becomes the master.`;
    return redirectWith(c, deps, `/promotions/${promotionId}`, said);
  });
}

function addReadmission(routes: Hono<GateVariables>, deps: ApiDeps): void {
  const page = async (c: GateContext, error?: string, value?: string) => {
    const promotion = await existingPromotion(deps, idOf(c));
    const plan = await planReadmission(deps, promotion.id, {}, c.req.raw.signal);
    const status = error === undefined ? 200 : 422;
    const options = { title: 'Take the old master back', nav: 'replicas', status } as const;
    return renderPage(c, deps, options, <ReadmitPage {...{ promotion, plan, error, value }} />);
  };
  routes.get('/promotions/:id/readmit', (c) => page(c));
  routes.post('/promotions/:id/readmit', async (c) => {
    const form = await formOf(c, readmitForm);
    if (!form.ok) return page(c, form.errors['name'], form.values['name']);
    const { replica, plan } = await readmit(deps, idOf(c), form.data, c.req.raw.signal);
    const said = `${plural(plan.documents, 'document')} linked; ${plural(plan.diverged.length, 'document')} changed there since.`;
    return redirectWith(c, deps, `/replicas/${replica.id}`, said);
  });
}

function PromotionList({ rows }: { rows: readonly Promotion[] }) {
  return (
    <>
      <h1>Promotions</h1>
      {rows.length === 0 ? (
        <Empty>None yet. When a replica is made the master, it will appear here, with what was missing there.</Empty>
      ) : (
        <Rows head={['Promotion', 'New master', 'Asked', 'State', 'Old master']}>
          {rows.map((row) => (
            <tr>
              <td>
                <To to={`/promotions/${row.id}`}>{row.id}</To>
              </td>
              <td>{row.replica_name}</td>
              <td>
                <Time at={row.asked_at} /> by {row.asked_by}
              </td>
              <td>{PHASE_WORDS[row.phase]}</td>
              <td>{row.readmitted_as === null ? 'not taken back' : 'a replica again'}</td>
            </tr>
          ))}
        </Rows>
      )}
    </>
  );
}

function PromotionView({ promotion, counts, documents }: PromotionPart) {
  const { phase } = promotion;
  const last = documents.length === PARTED_SHOWN ? (documents.at(-1)?.old_doc_id ?? null) : null;
  return (
    <Live id="promotion" active={promotion.finished_at === null}>
      <h1>{promotion.replica_name} becomes the master</h1>
      <p>
        <strong>{PHASE_WORDS[phase]}.</strong> Asked <Time at={promotion.asked_at} /> by {promotion.asked_by}.{' '}
        {promotion.switched_at === null ? null : (
          <>
            Switched <Time at={promotion.switched_at} />.
          </>
        )}
      </p>
      <Waiting promotion={promotion} />
      <LeftOpenList open={promotion.left_open ?? []} />
      {promotion.switched_at === null ? null : <Done promotion={promotion} counts={counts} />}
      {documents.length === 0 ? null : <Parted documents={documents} />}
      <Pager next={last} />
    </Live>
  );
}

function Waiting({ promotion }: { promotion: Promotion }) {
  const { id: promotionId, phase, waits_for: waits, finished_at: finished } = promotion;
  if (finished !== null) return null;
  const open = phase === 'draining' && promotion.accepted_at === null;
  return (
    <RedThing
      title={waits === null ? 'Under way.' : 'Waits.'}
      reason={waits ?? PHASE_WORDS[phase]}
      next="It goes on by itself, whatever process stops, as soon as that is over."
      tone="warn"
    >
      {open ? (
        <PostButton action={`/promotions/${promotionId}/accept`} id="accept" kind="danger">
          Go on without it
        </PostButton>
      ) : null}
      {isRevocable(phase) ? (
        <PostButton action={`/promotions/${promotionId}/cancel`} id="cancel">
          Cancel the promotion
        </PostButton>
      ) : null}
    </RedThing>
  );
}

const KIND_WORDS: Readonly<Record<PartedKind, string>> = {
  absent: 'missing on the new master',
  behind: 'without the last changes',
  changed: 'changed on the old master since',
  added: 'added to the old master since',
  deleted: 'deleted on the old master since',
};

function Done({ promotion, counts }: Pick<PromotionPart, 'promotion' | 'counts'>) {
  return (
    <>
      <ul>
        {counts.map(({ kind, documents }) => (
          <li>
            <CountLink
              to={`/promotions/${promotion.id}?kind=${kind}`}
              count={documents}
              label={KIND_WORDS[kind]}
              tone="warn"
            />
          </li>
        ))}
      </ul>
      <h2>The old master</h2>
      {promotion.readmitted_as === null ? (
        <p>
          {promotion.old_master_url} is refused as a master and as a replica until you{' '}
          <To to={`/promotions/${promotion.id}/readmit`}>take it back</To>, after a look at what was changed there.
        </p>
      ) : (
        <p>
          It is <To to={`/replicas/${promotion.readmitted_as}`}>a replica</To> since{' '}
          <Time at={promotion.readmitted_at} />. To go back, promote it.
        </p>
      )}
      <h2>What only you can do</h2>
      <ul>
        {AFTERWARDS.map((line) => (
          <li>{line}</li>
        ))}
      </ul>
    </>
  );
}

function Parted({ documents }: Pick<PromotionPart, 'documents'>) {
  return (
    <>
      <h2>Documents on which old and new master part</h2>
      <Rows head={['On the old master', 'On the new one', 'What', 'What is known']}>
        {documents.map((row) => (
          <tr>
            <td>#{row.old_doc_id}</td>
            <td>{row.new_doc_id === null ? '' : <To to={`/documents/${row.new_doc_id}`}>#{row.new_doc_id}</To>}</td>
            <td>{KIND_WORDS[row.kind]}</td>
            <td>{row.detail ?? ''}</td>
          </tr>
        ))}
      </Rows>
    </>
  );
}

interface ReadmitProps {
  readonly promotion: Promotion;
  readonly plan: ReadmissionPlan;
  readonly error?: string | undefined;
  readonly value?: string | undefined;
}

function ReadmitPage({ promotion, plan, error, value }: ReadmitProps) {
  return (
    <ConfirmPage
      title="Take the old master back as a replica"
      action={`/promotions/${promotion.id}/readmit`}
      back={`/promotions/${promotion.id}`}
      button="Take it back"
      danger
    >
      <p>
        {plan.url} is the old master: {plural(plan.documents, 'document')} are linked as they were, and nothing that it
        has is uploaded again. From then on it is written to like every replica.
      </p>
      <p>
        <strong>{plural(plan.diverged.length, 'document')} changed there since.</strong> Those with changes are excluded
        until you include them: the new master's values would go over yours. {plural(plan.foreign, 'document')} there
        belong to no document of the new master: they are kept, and never deleted.
      </p>
      {plan.diverged.length === 0 ? null : (
        <Rows head={['On the old master', 'What', 'What is known']}>
          {plan.diverged.slice(0, PARTED_SHOWN).map((row) => (
            <tr>
              <td>#{row.old_doc_id}</td>
              <td>{KIND_WORDS[row.kind]}</td>
              <td>{row.detail ?? ''}</td>
            </tr>
          ))}
        </Rows>
      )}
      <Field label="Name of the replica" name="name" required value={value} error={error} />
    </ConfirmPage>
  );
}
