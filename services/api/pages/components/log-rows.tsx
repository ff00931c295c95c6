import type { LogLine } from '../../presenters/logs.ts';
import { Badge, type Tone } from './badge.tsx';
import { To } from './links.tsx';
import { ExactTime } from './time.tsx';

const LEVELS: Readonly<Record<LogLine['level'], { readonly word: string; readonly tone: Tone }>> = {
  info: { word: 'Info', tone: 'calm' },
  warning: { word: 'Warning', tone: 'warn' },
  error: { word: 'Error', tone: 'bad' },
};

export function LevelBadge({ level }: { level: LogLine['level'] }) {
  const { word, tone } = LEVELS[level];
  return <Badge tone={tone}>{word}</Badge>;
}

export function LogRow({ line, marked }: { line: LogLine; marked?: boolean }) {
  return (
    <tr id={`log-${line.id}`} class={marked === true ? 'marked' : undefined}>
      <td class="nowrap" data-label="Time">
        <ExactTime at={line.created_at} />
      </td>
      <td data-label="Level">
        <LevelBadge level={line.level} />
      </td>
      <td data-label="About">
        <LogAbout line={line} />
      </td>
      <td class="wide">
        <To to={`/logs/${line.id}`} class="plain">
          {line.message}
        </To>
        {line.code === null ? null : <small>{line.code}</small>}
      </td>
    </tr>
  );
}

export function LogAbout({ line }: { line: LogLine }) {
  const { replica_id: replicaId, replica, run_id: runId, doc_id: docId } = line;
  return (
    <span class="about">
      {replicaId === null ? null : <To to={`/replicas/${replicaId}`}>{replica ?? `replica ${replicaId}`}</To>}
      {docId === null ? null : <To to={`/documents/${docId}`}>document {docId}</To>}
      {runId === null ? null : <To to={`/runs/${runId}`}>run {runId}</To>}
    </span>
  );
}

export function LogTable({
  lines,
  marked,
  stream,
}: {
  lines: readonly LogLine[];
  marked?: number;
  /** Address of the live stream, with the base path. */
  stream?: string | undefined;
}) {
  const live =
    stream === undefined ? {} : { 'hx-ext': 'sse', 'sse-connect': stream, 'sse-swap': 'log', 'hx-swap': 'afterbegin' };
  return (
    <div class="scroll">
      <table class="stack logs">
        <thead>
          <tr>
            <th>Time</th>
            <th>Level</th>
            <th>About</th>
            <th>Event</th>
          </tr>
        </thead>
        <tbody id="log-rows" {...live}>
          {lines.map((line) => (
            <LogRow line={line} marked={line.id === marked} />
          ))}
        </tbody>
      </table>
    </div>
  );
}
