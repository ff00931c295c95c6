/** One document, side by side: state on each replica, every field, every proof, everything that happened. */
import type { DocumentCopy, DocumentPage } from '../presenters/document-page.ts';
import type { Cell, CellState } from '../presenters/field-matrix.ts';
import type { Happening } from '../presenters/timeline.ts';
import { Badge, type Tone } from './components/badge.tsx';
import { RECEIPT_COLUMNS, ReceiptCells } from './components/document-cells.tsx';
import { PostButton } from './components/forms.tsx';
import { number, To } from './components/links.tsx';
import { RedThing } from './components/notices.tsx';
import { PhaseBadge } from './components/phase.tsx';
import { ExactTime, Time } from './components/time.tsx';
import { fieldWord, Shown } from './components/shown.tsx';
import { Table } from './components/table.tsx';

export function DocumentView({ page }: { page: DocumentPage }) {
  const [first] = page.copies;
  const file = page.copies.find(({ row }) => row.file_checksum !== null)?.row;
  return (
    <>
      <h1>Document {page.masterDocId}</h1>
      <dl class="facts">
        <dt>On the master</dt>
        <dd>
          {page.masterUrl === null ? 'no master is configured' : <a href={page.masterUrl}>open it in paperless</a>}
        </dd>
        <dt>Original file</dt>
        <dd>
          {file === undefined || file.file_size === null ? 'size not known yet' : `${number(file.file_size)} bytes`}
          {file === undefined || file.file_checksum === null ? null : (
            <>
              , checksum <code>{file.file_checksum}</code>
            </>
          )}
        </dd>
        <dt>Last edited on the master</dt>
        <dd>
          <Time at={dateOf(first?.row.master_modified)} never="not known yet" />
        </dd>
      </dl>
      <p class="faint">Title and text stay in paperless: the controller keeps hashes of them only.</p>
      <div class="cards">
        {page.copies.map((copy) => (
          <Copy masterDocId={page.masterDocId} copy={copy} />
        ))}
      </div>
      <h2 id="fields">Field by field</h2>
      {page.versionsKnown ? null : (
        <p class="faint">The version of an instance is not known yet, so 3.x is assumed for what can be replicated.</p>
      )}
      <Matrix page={page} />
      <h2 id="files">Proofs of the file and the fields</h2>
      <Checks page={page} />
      <h2 id="timeline">What happened</h2>
      <Timeline events={page.timeline} />
      <p>
        <To to={`/logs?document=${page.masterDocId}`}>All log events of this document</To>
      </p>
    </>
  );
}

/** It comes as the instance writes it. */
function dateOf(text: string | null | undefined): Date | null {
  const at = new Date(text ?? '');
  return Number.isNaN(at.getTime()) ? null : at;
}

function Copy({ masterDocId, copy }: { masterDocId: number; copy: DocumentCopy }) {
  const { row, url, matched } = copy;
  const path = `/documents/${masterDocId}/replicas/${row.replica_id}`;
  return (
    <section class="card" aria-label={`On ${row.replica}`}>
      <header>
        <h2>
          <To to={`/replicas/${row.replica_id}`}>{row.replica}</To>
        </h2>
        <PhaseBadge row={row} />
      </header>
      {row.status === 'error' ? <Trouble copy={copy} path={path} /> : null}
      {row.status === 'excluded' ? <Excluded copy={copy} path={path} /> : null}
      <dl class="facts">
        <dt>Copy</dt>
        <dd>{url === null ? 'none yet' : <a href={url}>document {row.replica_doc_id}</a>}</dd>
        <dt>How it got there</dt>
        <dd>{matched}</dd>
        <dt>In step</dt>
        <dd>
          <Time at={row.last_synced} />
        </dd>
        <dt>Verified</dt>
        <dd>
          <Time at={row.verified_at} never="not since its last change" />
          {row.verified_depth === null ? '' : ` (${row.verified_depth})`}
        </dd>
        {row.waiting ? (
          <>
            <dt>Work waits</dt>
            <dd>
              <Time at={row.waiting_since} never="now" />
              {row.next_due_at === null ? '' : ', next look '}
              {row.next_due_at === null ? null : <Time at={row.next_due_at} />}
            </dd>
          </>
        ) : null}
      </dl>
      {row.status === 'excluded' ? null : <Actions copy={copy} path={path} />}
    </section>
  );
}

function Actions({ copy, path }: { copy: DocumentCopy; path: string }) {
  const { row } = copy;
  return (
    <div class="actions">
      <PostButton action={`${path}/verify`} id={`verify-${row.replica_id}`}>
        Verify again
      </PostButton>
      {row.status === 'error' ? null : (
        <PostButton action={`${path}/resync`} id={`resync-${row.replica_id}`}>
          Write all fields again
        </PostButton>
      )}
      {copy.findings.some(isOtherFile) ? (
        <PostButton action={`${path}/reupload`} id={`reupload-${row.replica_id}`}>
          Upload the file again
        </PostButton>
      ) : null}
      {row.phase === 'gone' ? null : (
        <To to={`${path}/exclude`} id={`exclude-${row.replica_id}`}>
          Exclude with reason
        </To>
      )}
    </div>
  );
}

/** By a person, who takes it back as easily. */
function Excluded({ copy: { row }, path }: { copy: DocumentCopy; path: string }) {
  return (
    <div class="note">
      <p>
        <strong>Excluded:</strong> {row.excluded_reason}
        <small>
          by {row.excluded_by}, <Time at={row.excluded_at} />. Nothing is written to {row.replica} for it; what is there
          stays as it is.
        </small>
      </p>
      <PostButton action={`${path}/include`} id={`include-${row.replica_id}`} kind="primary">
        Include again
      </PostButton>
    </div>
  );
}

/** Only then is there something to bring over again. */
function isOtherFile({ kind, state }: DocumentCopy['findings'][number]): boolean {
  return kind === 'file_differs' && (state === 'open' || state === 'repairing');
}

function Trouble({ copy: { row }, path }: { copy: DocumentCopy; path: string }) {
  const next =
    row.phase === 'dlq'
      ? `Given up after ${row.retry_count} attempts. It is tried again when the document changes, or when you say so.`
      : row.phase === 'blocked'
        ? 'This replica cannot take it as things stand. It is looked at again when the document or the replica changes.'
        : 'It is tried again in one of the next runs by itself.';
  return (
    <RedThing title={row.error_code ?? 'Failed'} reason={row.error_msg ?? 'no reason was noted'} next={next}>
      <PostButton action={`${path}/retry`} id={`retry-${row.replica_id}`} kind="primary">
        Try again now
      </PostButton>
    </RedThing>
  );
}

const CELLS: Readonly<Record<CellState, { readonly word: string; readonly tone: Tone }>> = {
  equal: { word: 'equal', tone: 'good' },
  differs: { word: 'differs', tone: 'bad' },
  waiting: { word: 'waiting', tone: 'busy' },
  derived: { word: "the replica's own", tone: 'calm' },
  not_replicated: { word: 'not replicated', tone: 'calm' },
  unknown: { word: 'unknown', tone: 'calm' },
};

function Matrix({ page }: { page: DocumentPage }) {
  return (
    <table class="stack">
      <thead>
        <tr>
          <th>Field</th>
          {page.copies.map(({ row }) => (
            <th>{row.replica}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {page.matrix.map(({ field, cells }) => (
          <tr>
            <th scope="row">{fieldWord(field)}</th>
            {cells.map((cell, at) => (
              <td data-label={page.copies[at]?.row.replica}>
                <MatrixCell cell={cell} replica={page.copies[at]?.row.replica ?? ''} />
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function MatrixCell({ cell: { state, why, values, decide }, replica }: { cell: Cell; replica: string }) {
  const { word, tone } = CELLS[state];
  return (
    <>
      <Badge tone={tone}>{word}</Badge>
      {why === null ? null : <small>{why}</small>}
      {values === null ? null : (
        <small>
          master <Shown value={values.master} />, copy <Shown value={values.copy} />
        </small>
      )}
      {decide === null ? null : (
        <small>
          <To to={decide}>Keep master's on {replica}</To>
        </small>
      )}
    </>
  );
}

function Checks({ page }: { page: DocumentPage }) {
  const checks = page.copies.flatMap(({ row, checks: own }) => own.map((check) => ({ replica: row.replica, check })));
  if (checks.length === 0)
    return (
      <p class="empty">
        Not compared yet. Each verification leaves a line here: what was compared, when, and both hashes.
      </p>
    );
  return (
    <Table columns={['Replica', 'Depth', ...RECEIPT_COLUMNS, 'Receipt']}>
      {checks.map(({ replica, check }) => (
        <tr>
          <td data-label="Replica">{replica}</td>
          <td data-label="Depth">{check.depth}</td>
          <ReceiptCells row={check} />
          <td data-label="Receipt">
            <To to={`/verifications/${check.verification_id}`}>{check.verification_id}</To>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function Timeline({ events }: { events: readonly Happening[] }) {
  if (events.length === 0) return <p class="empty">Nothing yet.</p>;
  return (
    <ol class="timeline">
      {events.map((event) => (
        <li class={event.tone}>
          <span class="faint">
            <ExactTime at={event.at} /> {event.replica === null ? '' : `on ${event.replica}`}
          </span>
          <br />
          {event.link === null ? event.what : <To to={event.link}>{event.what}</To>}
          {event.detail === null || event.detail === '' ? null : <small>{event.detail}</small>}
        </li>
      ))}
    </ol>
  );
}
