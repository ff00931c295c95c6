/** Login, first set-up and logout (S1): plain forms that work without scripts. Only there in AUTH_MODE=password. */
import { Hono, type Context } from 'hono';
import type { Child } from 'hono/jsx';
import { z } from 'zod';
import { MIN_PASSWORD } from '../../../shared/config/env-values.ts';
import { AppError } from '../../../shared/kernel/errors.ts';
import { hasPassword, login, logout, setUpAdmin } from '../../../shared/replication/doors/admin.ts';
import type { ApiDeps } from '../deps.ts';
import { formToken, giveSession, isFormToken, readSession, takeSession } from '../gate/cookies.ts';
import { ownPath } from '../gate/own-path.ts';
import { sourceOf } from '../gate/visitor-address.ts';
import type { GateVariables } from '../gate/visitor.ts';
import { statusOf } from '../http-error.ts';
import { text } from '../input.ts';
import { Frame } from './layout.tsx';

type PageContext = Context<GateVariables>;

const secret = text(1000);
const loginForm = z.object({ form: secret, password: secret, next: text(2000).default('') });
const setupForm = z.object({ form: secret, code: text(100), password: secret, again: secret });

export function doorPages(deps: ApiDeps): Hono<GateVariables> {
  const routes = new Hono<GateVariables>();
  if (deps.door.mode !== 'password') return routes;
  const guestOf = (c: PageContext) => ({ source: sourceOf(c, deps.door), requestId: c.get('requestId') });
  routes.get('/login', async (c) => {
    if (!(await hasPassword(deps))) return c.redirect(`${deps.basePath}/setup`, 303);
    return c.html(<LoginPage {...shown(c, deps)} next={c.req.query('next') ?? ''} />);
  });
  routes.post('/login', async (c) => {
    const given = loginForm.safeParse(await c.req.parseBody());
    const next = given.success ? given.data.next : '';
    try {
      const { password } = checked(c, given, 'form');
      giveSession(c, deps, await login(deps, { password, earlier: readSession(c) }, guestOf(c)));
      return c.redirect(ownPath(next, deps.basePath), 303);
    } catch (thrown) {
      const { error, status } = shownError(c, thrown);
      return c.html(<LoginPage {...shown(c, deps)} next={next} error={error} />, status);
    }
  });
  routes.get('/setup', async (c) => {
    if (await hasPassword(deps)) return c.redirect(`${deps.basePath}/login`, 303);
    return c.html(<SetupPage {...shown(c, deps)} />);
  });
  routes.post('/setup', async (c) => {
    try {
      const given = checked(c, setupForm.safeParse(await c.req.parseBody()), 'form');
      if (given.password !== given.again)
        throw new AppError({ code: 'password_refused', class: 'invalid', message: 'The two passwords differ.' });
      giveSession(c, deps, await setUpAdmin(deps, given, guestOf(c)));
      deps.log.info('The first password was set.');
      return c.redirect(ownPath('', deps.basePath), 303);
    } catch (thrown) {
      const { error, status } = shownError(c, thrown);
      return c.html(<SetupPage {...shown(c, deps)} error={error} />, status);
    }
  });
  routes.post('/logout', async (c) => {
    checked(c, z.object({ form: secret }).safeParse(await c.req.parseBody()), 'session');
    await logout(deps, readSession(c) ?? '');
    takeSession(c, deps);
    return c.redirect(`${deps.basePath}/login`, 303);
  });
  return routes;
}

/** A form that is not ours, or from a page that was left open too long. */
function checked<T extends { readonly form: string }>(
  c: PageContext,
  given: z.ZodSafeParseResult<T>,
  of: 'form' | 'session',
): T {
  if (given.success && isFormToken(c, given.data.form, of)) return given.data;
  throw new AppError({
    code: 'form_expired',
    class: 'permission',
    message: 'This form is too old, or cookies are switched off.',
    hint: 'Try once more. Over plain http, PUBLIC_URL must not begin with https.',
  });
}

function shownError(c: PageContext, thrown: unknown) {
  if (!(thrown instanceof AppError) || statusOf(thrown) === 500) throw thrown;
  if (thrown.retryAfterMs !== undefined) c.header('Retry-After', String(Math.ceil(thrown.retryAfterMs / 1000)));
  return { error: thrown, status: statusOf(thrown) };
}

interface Shown {
  readonly base: string;
  readonly token: string;
  readonly error?: AppError | undefined;
}

const shown = (c: PageContext, deps: ApiDeps): Shown => ({ base: deps.basePath, token: formToken(c, deps) });

function LoginPage({ base, token, next, error }: Shown & { next: string }) {
  return (
    <FormPage title="Log in" base={base} action={`${base}/login`} token={token} error={error} button="Log in">
      <input type="hidden" name="next" value={next} />
      {/* Password managers look for a name. */}
      <input type="hidden" name="username" autocomplete="username" value="admin" />
      <Field label="Password" name="password" type="password" autocomplete="current-password" focus />
    </FormPage>
  );
}

function SetupPage({ base, token, error }: Shown) {
  const fresh = { type: 'password', autocomplete: 'new-password' };
  return (
    <FormPage
      title="First set-up"
      base={base}
      action={`${base}/setup`}
      token={token}
      error={error}
      button="Set the password"
    >
      <p>The one-time code stands in the output of the API (its console, or the container's log).</p>
      <Field label="One-time code" name="code" type="text" autocomplete="one-time-code" focus />
      <Field label={`New password, at least ${MIN_PASSWORD} characters`} name="password" {...fresh} />
      <Field label="The same again" name="again" {...fresh} />
    </FormPage>
  );
}

function FormPage(props: Shown & { title: string; action: string; button: string; children: Child }) {
  const { error } = props;
  return (
    <Frame title={`${props.title} · pngx-controller`} base={props.base}>
      <main class="narrow">
        <h1>pngx-controller: {props.title}</h1>
        {error === undefined ? null : (
          <p class="note bad" role="alert">
            {error.message} {error.hint ?? ''}
          </p>
        )}
        <form method="post" action={props.action}>
          <input type="hidden" name="form" value={props.token} />
          {props.children}
          <p>
            <button type="submit">{props.button}</button>
          </p>
        </form>
      </main>
    </Frame>
  );
}

function Field(props: { label: string; name: string; type: string; autocomplete: string; focus?: boolean }) {
  return (
    <p>
      <label for={props.name}>{props.label}</label>
      <br />
      <input
        id={props.name}
        name={props.name}
        type={props.type}
        autocomplete={props.autocomplete}
        required
        autofocus={props.focus === true}
      />
    </p>
  );
}
