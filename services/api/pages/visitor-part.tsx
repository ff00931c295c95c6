/** Who is logged in, or the warning that nobody has to be (S1). */
import { useView } from './view.ts';

export function VisitorPart() {
  const { door, visitor, base, token } = useView();
  switch (door.mode) {
    case 'none':
      return door.loopback ? (
        <p class="visitor">Nobody has to log in here (AUTH_MODE=none): this page is served on this machine only.</p>
      ) : (
        <p class="note bad" role="alert">
          <strong>This controller is open.</strong> Everybody who reaches this address can change everything
          (AUTH_MODE=none). Set AUTH_MODE=password.
        </p>
      );
    case 'forward':
      return <p class="visitor">Logged in as {visitor?.name ?? 'nobody'}</p>;
    case 'password':
      return visitor?.via === 'session' ? (
        <form method="post" action={`${base}/logout`} class="visitor">
          <input type="hidden" name="form" value={token} />
          <span>Logged in as {visitor.name}</span>
          <button type="submit" class="secondary outline small">
            Log out
          </button>
        </form>
      ) : null;
    default:
      return door.mode satisfies never;
  }
}
