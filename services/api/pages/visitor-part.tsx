/** Who is logged in, or the warning that nobody has to be (S1). */
import type { Door } from '../../../shared/config/env.ts';
import { sessionFormToken } from '../gate/cookies.ts';
import type { GateContext } from '../gate/visitor.ts';

export function VisitorPart({ c, door, basePath }: { c: GateContext; door: Door; basePath: string }) {
  const visitor = c.get('visitor');
  switch (door.mode) {
    case 'none':
      return door.loopback ? (
        <p class="note">Nobody has to log in here (AUTH_MODE=none): this page is served on this machine only.</p>
      ) : (
        <p class="note bad" role="alert">
          <strong>This controller is open.</strong> Everybody who reaches this address can change everything
          (AUTH_MODE=none). Set AUTH_MODE=password.
        </p>
      );
    case 'forward':
      return <p class="note">Logged in as {visitor?.name ?? 'nobody'}.</p>;
    case 'password':
      return visitor?.via === 'session' ? (
        <form method="post" action={`${basePath}/logout`} class="note">
          <input type="hidden" name="form" value={sessionFormToken(c)} />
          Logged in as {visitor.name}. <button type="submit">Log out</button>
        </form>
      ) : null;
    default:
      return door.mode satisfies never;
  }
}
