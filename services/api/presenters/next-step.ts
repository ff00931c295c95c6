/** What happens next to a replica by itself, and what a person can do about it now. Pure: every case has its test. */
import type { Replica } from '../../../shared/db/tables.ts';
import type { PresentedReplica } from './status.ts';

export interface Verb {
  readonly label: string;
  /** Below the base path. */
  readonly path: string;
  /** A page to read first; everything else is a form. */
  readonly method: 'get' | 'post';
}
export interface NextStep {
  readonly next: string;
  readonly verbs: readonly Verb[];
}

type Row = Pick<
  Replica,
  'enabled' | 'paused_at' | 'suspended_at' | 'uploads_held' | 'deletions_held' | 'reconcile_required' | 'error_code'
>;
type Shown = Pick<PresentedReplica, 'id' | 'state' | 'conflicts' | 'documents'>;

export function nextStep(replica: Shown, row: Row): NextStep {
  const at = `/replicas/${replica.id}`;
  const post = (label: string, verb: string): Verb => ({ label, path: `${at}/${verb}`, method: 'post' });
  const get = (label: string, path: string): Verb => ({ label, path, method: 'get' });
  const syncNow = post('Sync now', 'sync');
  if (row.suspended_at !== null)
    return {
      next: 'No cycle includes it until you enable it again; then it is checked before anything is written.',
      verbs: [post('Enable again', 'unsuspend'), get('Edit address or token', `${at}/edit`)],
    };
  if (!row.enabled) return { next: 'No cycle includes it until you enable it.', verbs: [post('Enable', 'unsuspend')] };
  if (row.paused_at !== null)
    return { next: 'No cycle includes it until you resume it.', verbs: [post('Resume', 'resume')] };
  if (row.uploads_held !== null)
    return {
      next: 'Everything but uploads goes on. Uploads wait until you say so.',
      verbs: [post('Go on with uploads', 'uploads-acknowledge')],
    };
  switch (replica.state) {
    case 'needs_you':
      return needsYou(replica, row, at, { post, get });
    case 'failing':
      return {
        next: 'The next cycle tries again by itself.',
        verbs: [
          syncNow,
          ...(row.error_code === null
            ? [get('Show the documents', failedList(at))]
            : [get('Test the connection', `${at}#connection`)]),
        ],
      };
    case 'drifted':
      return {
        next: 'What can be repaired is repaired by the next cycle, and compared again after it.',
        verbs: [get('Show the differences', `${at}/findings?state=open`), syncNow],
      };
    case 'late':
      return { next: 'It is taken up as soon as a worker is free.', verbs: [syncNow] };
    case 'behind':
      return { next: 'The next cycle brings the changes.', verbs: [syncNow] };
    case 'never_run':
      return { next: 'Its first cycle is due.', verbs: [syncNow] };
    case 'syncing':
      return { next: 'It goes on by itself.', verbs: [] };
    case 'resting':
      return { next: 'It goes on by itself after that.', verbs: [syncNow] };
    case 'verified':
    case 'up_to_date':
    case 'paused':
      return { next: 'The next cycle looks for changes.', verbs: [syncNow] };
    default:
      return replica.state satisfies never;
  }
}

const failedList = (at: string) => `${at}/documents?status=error`;

interface Make {
  post(label: string, verb: string): Verb;
  get(label: string, path: string): Verb;
}

function needsYou({ id, conflicts, documents }: Shown, row: Row, at: string, { post, get }: Make): NextStep {
  if (row.deletions_held !== null)
    return {
      next: 'Everything but deletions goes on. No copy is deleted until you say so.',
      verbs: [get('Look at the deletions', `${at}/deletions`)],
    };
  if (conflicts > 0)
    return {
      next: 'Those fields are left alone until you decide; everything else goes on.',
      verbs: [get('Decide', `/conflicts?replica_id=${id}&state=open`)],
    };
  if (row.error_code !== null)
    return {
      next: 'Nothing is written until it is put right; each cycle looks again.',
      verbs: [get('Edit address or token', `${at}/edit`), post('Sync now', 'sync')],
    };
  const failed = documents.given_up + documents.failed;
  return {
    next: 'These documents wait for a change or for you; all others go on.',
    verbs: [
      ...(documents.blocked > 0 ? [get('Show what cannot be taken', `${at}/documents?phase=blocked`)] : []),
      ...(failed > 0 ? [get('Show what failed', failedList(at)), post(`Retry ${failed} failed`, 'retry-failed')] : []),
    ],
  };
}
