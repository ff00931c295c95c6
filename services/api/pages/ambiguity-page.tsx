/** A name that could mean several objects of a replica: which of them is it? */
import { Hono } from 'hono';
import type { ApiDeps } from '../deps.ts';
import type { GateContext, GateVariables } from '../gate/visitor.ts';
import { malformed } from '../http-error.ts';
import { id, idOf } from '../input.ts';
import { decideAmbiguity, loadAmbiguity, type Ambiguity, type NameQuestion } from '../presenters/ambiguity.ts';
import { kind as kindSchema } from '../schemas/taxonomy.ts';
import { act } from './actions.ts';
import { PostButton } from './components/forms.tsx';
import { To } from './components/links.tsx';
import { renderPage } from './page.tsx';

export function ambiguityPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  routes.get('/conflicts/names/:replica/:kind/:master', async (c) => {
    const question = questionOf(c);
    const ambiguity = await loadAmbiguity(deps, question, c.req.raw.signal);
    const content =
      ambiguity === null ? (
        <>
          <h1>Decided already</h1>
          <p>
            This name is not ambiguous any more. <To to="/conflicts#ambiguities">Other decisions</To>
          </p>
        </>
      ) : (
        <Question question={question} ambiguity={ambiguity} />
      );
    return renderPage(c, deps, { title: 'Which one?', nav: 'conflicts' }, content);
  });
  routes.post('/conflicts/names/:replica/:kind/:master', (c) =>
    act(c, deps, '/conflicts#ambiguities', ({ object }) => {
      const chosen = object === 'none' ? null : id.safeParse(object).data;
      if (chosen === undefined) throw malformed('Say which object is meant.');
      return decideAmbiguity(deps, questionOf(c), chosen, c.req.raw.signal);
    }),
  );
  return routes;
}

function questionOf(c: GateContext): NameQuestion {
  const kind = kindSchema.safeParse(c.req.param('kind'));
  if (!kind.success) throw malformed('There is no such kind of object.');
  return { replicaId: idOf(c, 'replica'), kind: kind.data, masterId: idOf(c, 'master') };
}

function Question({ question, ambiguity }: { question: NameQuestion; ambiguity: Ambiguity }) {
  const action = `/conflicts/names/${question.replicaId}/${question.kind}/${question.masterId}`;
  const what = question.kind.replaceAll('_', ' ');
  return (
    <>
      <h1>
        Which {what} of {ambiguity.replica} is "{ambiguity.name}"?
      </h1>
      <p>{ambiguity.reason}</p>
      <p>
        Documents that bear it on the master get the one you choose on {ambiguity.replica}. None of the others is
        changed.
      </p>
      <ul>
        {ambiguity.candidates.map((one) => (
          <li>
            {what} {one.replica_obj_id} "{one.name}",{' '}
            {one.owner === null ? 'owned by nobody known' : `owned by ${one.owner}`}{' '}
            <PostButton action={action} id={`choose-${one.replica_obj_id}`} fields={{ object: one.replica_obj_id }}>
              This one
            </PostButton>
          </li>
        ))}
        <li>
          None of them, make a new one{' '}
          <PostButton action={action} id="choose-none" fields={{ object: 'none' }}>
            Make a new one
          </PostButton>
        </li>
      </ul>
    </>
  );
}
