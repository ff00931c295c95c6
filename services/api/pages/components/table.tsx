import type { Child } from 'hono/jsx';

/** A column's name; one of numbers stands to the right. */
export type Column = string | { readonly number: string };

/** On a phone each row stands by itself, its cells named by their `data-label`. */
export function Table({ columns, children }: { columns: readonly Column[]; children: Child }) {
  return (
    <table class="stack">
      <thead>
        <tr>
          {columns.map((column) =>
            typeof column === 'string' ? (
              <th scope="col">{column}</th>
            ) : (
              <th scope="col" class="number">
                {column.number}
              </th>
            ),
          )}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
