/**
 * The part of a page that refreshes itself: the browser asks for the same address again and swaps this part alone. At most one
 * a page, no text fields and no <details> inside (a swap would take away what is typed or opened), and an `id` on every
 * button (so that it keeps the focus).
 */
import type { Child } from 'hono/jsx';
import { SECONDS } from '../seconds.ts';
import { useView } from '../view.ts';

export function Live({ id, active, children }: { id: string; active: boolean; children: Child }) {
  const { base, here } = useView();
  return (
    <div
      id={id}
      class="live"
      hx-get={base + here}
      hx-trigger={`every ${active ? SECONDS.active : SECONDS.idle}s`}
      hx-select={`#${id}`}
      hx-swap="outerHTML"
    >
      {children}
    </div>
  );
}
