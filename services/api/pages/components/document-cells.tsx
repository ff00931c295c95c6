/** Cells that several tables of documents share. */
import type { Child } from 'hono/jsx';
import { Badge } from './badge.tsx';
import { To } from './links.tsx';
import { PhaseBadge } from './phase.tsx';
import { Time } from './time.tsx';

interface LinkRow extends Readonly<Parameters<typeof PhaseBadge>[0]['row']> {
  readonly master_doc_id: number;
  readonly replica_id: number;
  readonly replica: string;
}

export const LINK_COLUMNS = ['Document', 'Replica', 'State'] as const;

/** Which document, on which replica, and how it is; `children` stands below its number. */
export function LinkCells({ row, children }: { row: LinkRow; children?: Child }) {
  return (
    <>
      <td data-label="Document">
        <To to={`/documents/${row.master_doc_id}`}>{row.master_doc_id}</To>
        {children}
      </td>
      <td data-label="Replica">
        <To to={`/replicas/${row.replica_id}`}>{row.replica}</To>
      </td>
      <td data-label="State">
        <PhaseBadge row={row} />
      </td>
    </>
  );
}

interface ReceiptRow {
  readonly compared_at: Date;
  readonly outcome: string;
  readonly reason: string | null;
  readonly master_file: string | null;
  readonly copy_file: string | null;
}

export const RECEIPT_COLUMNS = ['When', 'Outcome', 'File, master and copy'] as const;

/** What one comparison of one document said. */
export function ReceiptCells({ row }: { row: ReceiptRow }) {
  return (
    <>
      <td data-label="When">
        <Time at={row.compared_at} />
      </td>
      <td data-label="Outcome">
        <Badge tone={row.outcome === 'equal' ? 'good' : row.outcome === 'different' ? 'bad' : 'calm'}>
          {row.outcome}
        </Badge>
        {row.reason === null ? null : <small>{row.reason}</small>}
      </td>
      <td data-label="File">
        {row.master_file === null && row.copy_file === null ? (
          'not looked at'
        ) : (
          <>
            <code>{row.master_file ?? '-'}</code>
            <br />
            <code>{row.copy_file ?? '-'}</code>
          </>
        )}
      </td>
    </>
  );
}
