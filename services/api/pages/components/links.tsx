/** Links: every number leads to its rows, every list to its next page. */
import type { Child } from 'hono/jsx';
import { useView } from '../view.ts';

/** A link to a page of ours; `to` is below the base path. */
export function To({
  to,
  children,
  class: className,
  id,
}: {
  to: string;
  children: Child;
  class?: string;
  id?: string;
}) {
  const { base } = useView();
  return (
    <a href={base + to} class={className} id={id}>
      {children}
    </a>
  );
}

const grouped = new Intl.NumberFormat('en-GB');
/** 12,345 */
export const number = (value: number): string => grouped.format(value);

/** A number with what it counts, leading to exactly those rows. A zero is calm, whatever its tone. */
export function CountLink(props: { to: string; count: number; label?: string; tone?: 'bad' | 'warn' }) {
  const { base } = useView();
  const tone = props.count > 0 ? props.tone : undefined;
  return (
    <a href={base + props.to} class={tone === undefined ? 'count' : `count ${tone}`}>
      {number(props.count)}
      {props.label === undefined ? null : ` ${props.label}`}
    </a>
  );
}

/** The address of this page with some parameters set anew, or taken out (null). */
export function addressWith(here: string, changes: Readonly<Record<string, string | number | null>>): string {
  const [path = '/', query = ''] = here.split('?', 2);
  const parameters = new URLSearchParams(query);
  for (const [name, value] of Object.entries(changes))
    if (value === null) parameters.delete(name);
    else parameters.set(name, String(value));
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** Lists go on behind a cursor: no page numbers, and no page gets slower than the first. */
export function Pager({ next, name = 'cursor' }: { next: string | number | null; name?: string }) {
  const { base, here } = useView();
  const isFirst = !new URLSearchParams(here.split('?', 2)[1] ?? '').has(name);
  if (isFirst && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages of this list">
      {isFirst ? null : <a href={base + addressWith(here, { [name]: null })}>First page</a>}
      {next === null ? null : (
        <a href={base + addressWith(here, { [name]: next })} rel="next">
          Next page
        </a>
      )}
    </nav>
  );
}
