/** One API with a small installation in its tables, looked at as a browser without scripts does. */
import { startTestApi, addReplicaRow, type TestApi } from '../harness.ts';
import { insertLogs } from '../../../../shared/db/logs.repo.ts';
import { putSettings } from '../../../../shared/db/settings.repo.ts';

export interface Page {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  /** Statements that the answer took. */
  readonly queries: number;
}

export interface PageStage {
  readonly api: TestApi;
  open(path: string, accept?: string): Promise<Page>;
  /** A form as a browser posts it. */
  submit(path: string, fields?: Readonly<Record<string, string>>): Promise<Page>;
  /** Submits and follows the 303 with the flash. */
  follow(path: string, fields?: Readonly<Record<string, string>>): Promise<Page>;
  close(): Promise<void>;
}

export async function openStage(): Promise<PageStage> {
  let queries = 0;
  const api = await startTestApi({ onQuery: () => void (queries += 1) });
  let cookies = '';
  const ask = async (path: string, init: RequestInit = {}): Promise<Page> => {
    const before = queries;
    const headers = { accept: 'text/html', cookie: cookies, origin: api.url, ...(init.headers as object) };
    const response = await fetch(api.url + path, { ...init, headers, redirect: 'manual' });
    for (const cookie of response.headers.getSetCookie()) cookies = cookie.split(';')[0] ?? '';
    const text = await response.text();
    return { status: response.status, text, location: response.headers.get('location'), queries: queries - before };
  };
  const submit = (path: string, fields: Readonly<Record<string, string>> = {}) =>
    ask(path, {
      method: 'POST',
      body: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  return {
    api,
    open: (path, accept) => ask(path, accept === undefined ? {} : { headers: { accept } }),
    submit,
    async follow(path, fields) {
      const answer = await submit(path, fields);
      if (answer.status !== 303) throw new Error(`${path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
      return ask(answer.location ?? '');
    },
    close: () => api.close(),
  };
}

export const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;

export interface Filled {
  readonly attic: number;
  readonly cellar: number;
  readonly cycle: number;
  readonly run: number;
}

const HOUR = 3_600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR);

/** Two replicas, one in trouble; `word` stands wherever people or instances can write something. */
export async function fill(api: TestApi, word: string, documents = 12): Promise<Filled> {
  await putSettings(api.db, [
    { key: 'master_url', value: 'http://127.0.0.1:9' },
    { key: 'master_token', value: api.secrets.seal('secret-token-of-master') },
  ]);
  const attic = await addReplicaRow(api, `attic ${word}`, {
    last_sync_ts: ago(0.1),
    created_at: ago(24 * 40),
    version: '2.20.15',
    hygiene: JSON.stringify([{ code: 'x', severity: 'danger', what: `danger ${word}`, fix: `fix ${word}` }]),
    hygiene_at: ago(1),
  });
  const cellar = await addReplicaRow(api, `cellar ${word}`, {
    suspended_at: ago(2),
    suspended_reason: `token refused ${word}`,
    consecutive_failures: 5,
    created_at: ago(24 * 3),
  });
  const links = await api.db
    .insertInto('sync_map')
    .values(Array.from({ length: documents }, (_, at) => linkRow(attic, at + 1, word)))
    .returning(['id', 'master_doc_id', 'status'])
    .execute();
  const [cycle, run] = await addRuns(api, attic, word, documents);
  await api.db
    .insertInto('run_items')
    .values(
      links.map(({ id, status }) => ({
        run_id: run,
        link_id: id,
        chunk: 0,
        kind: 'upload' as const,
        state: status === 'error' ? ('failed' as const) : ('done' as const),
      })),
    )
    .execute();
  await addProof(api, attic, links[0]?.id ?? 0, word);
  await insertLogs(api.db, [
    { level: 'error', message: `It failed ${word}`, replica_id: attic, run_id: run, created_at: ago(0.5) },
    { level: 'info', message: 'A quiet line', replica_id: attic, created_at: ago(0.4) },
  ]);
  return { attic, cellar, cycle, run };
}

function linkRow(replicaId: number, masterId: number, word: string) {
  const base = { replica_id: replicaId, master_doc_id: masterId, dirty_seq: masterId, applied_seq: masterId };
  if (masterId % 4 !== 0) return { ...base, replica_doc_id: masterId + 100, status: 'ok' as const, phase: 'ok' };
  const error = { error_code: 'duplicate_content', error_msg: `the same file ${word}` };
  return { ...base, dirty_seq: masterId + 1000, status: 'error' as const, phase: 'failed', ...error };
}

async function addRuns(api: TestApi, replicaId: number, word: string, total: number): Promise<[number, number]> {
  const failed = Math.floor(total / 4);
  const insert = async (row: object) =>
    (
      await api.db
        .insertInto('sync_runs')
        .values({ triggered_by: 'manual', phase: 'closed', started_at: ago(1), finished_at: ago(0.9), ...row })
        .returning('id')
        .executeTakeFirstOrThrow()
    ).id;
  const sums = { docs_total: total, docs_synced: total - failed, docs_failed: failed, bytes: 12_345_678 };
  for (const days of [1, 2, 4, 5])
    await insert({
      kind: 'replica',
      replica_id: replicaId,
      started_at: ago(days * 24),
      finished_at: ago(days * 24),
      outcome: days === 2 ? 'failed' : 'ok',
      error_msg: days === 2 ? `away ${word}` : null,
      docs_synced: 3,
      docs_total: 3,
    });
  const cycle = await insert({ kind: 'cycle', outcome: 'partial', ...sums });
  const run = await insert({
    kind: 'replica',
    parent_run_id: cycle,
    replica_id: replicaId,
    outcome: 'partial',
    ...sums,
  });
  return [cycle, run];
}

async function addProof(api: TestApi, replicaId: number, linkId: number, word: string): Promise<void> {
  const { id } = await api.db
    .insertInto('verifications')
    .values({
      replica_id: replicaId,
      scope: 'replica',
      depth: 'checksum',
      trigger: 'manual',
      asked_by: word,
      state: 'done',
      finished_at: ago(3),
      compared: 9,
      equal: 8,
      findings: 1,
    })
    .returning('id')
    .executeTakeFirstOrThrow();
  const fields = [{ field: 'title', masterHash: 'a', copyHash: 'b', master: word, copy: `old ${word}` }];
  await api.db
    .insertInto('findings')
    .values({
      replica_id: replicaId,
      link_id: linkId,
      master_doc_id: 1,
      replica_doc_id: 101,
      kind: 'field_differs',
      depth: 'metadata',
      message: `The title differs ${word}`,
      fields: JSON.stringify(fields),
      verification_id: id,
      last_verification_id: id,
      last_seen_at: ago(3),
    })
    .execute();
  await api.db
    .insertInto('taxonomy_links')
    .values([
      { replica_id: replicaId, kind: 'tag', master_id: 1, replica_obj_id: 4, name: 'invoice', state: 'linked' },
      {
        replica_id: replicaId,
        kind: 'tag',
        master_id: 2,
        name: word,
        state: 'ambiguous',
        error_msg: `two fit ${word}`,
      },
    ])
    .execute();
}
