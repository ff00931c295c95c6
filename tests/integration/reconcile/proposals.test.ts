import { afterEach, describe, expect, it } from 'vitest';
import { decideProposal, listProposals } from '../../../shared/db/proposals.repo.ts';
import { compareInstances } from '../../../services/demo/compare.ts';
import { editDocument } from '../faults/library.ts';
import { pairsOf, stage, text, writesOf, type Generation, type Stage } from './support.ts';

let current: Stage | undefined;
afterEach(async () => {
  await current?.close();
  current = undefined;
});

/** #1 has its number, #2 its title and date on the replica, both with other bytes; nothing there is like #3. */
async function ambiguous(replica: Generation = 'v3'): Promise<Stage> {
  return stage('v3', replica, (master, copy) => {
    master.write([
      text('numbered', { archiveSerialNumber: 5, title: 'Numbered' }),
      text('titled', { title: 'Titled' }),
      text('alone', { title: 'Alone' }),
    ]);
    copy.write([
      text('other words', { archiveSerialNumber: 5, title: 'Other' }),
      text('different words', { title: 'Titled' }),
    ]);
  });
}

const proposalsOf = async ({ controller }: Stage) => {
  const replica = await controller.replica('copy');
  return listProposals(controller.db, replica.id, { state: undefined, after: undefined, limit: 100 });
};

const decide = async (stageNow: Stage, masterId: number, word: 'accepted' | 'rejected') => {
  const proposal = (await proposalsOf(stageNow)).find((one) => one.master_doc_id === masterId);
  if (!proposal) throw new Error(`no proposal for ${masterId}`);
  expect(await decideProposal(stageNow.controller.db, proposal, word)).not.toBeNull();
};

describe('matches with other bytes', () => {
  it('are proposed and not made; their documents wait, all others go on', async () => {
    current = await ambiguous();
    expect(await current.reconcile()).toMatchObject({ claimed: 0, proposals: 2, proposed: 2, missing: 1 });
    expect(await proposalsOf(current)).toMatchObject([
      { master_doc_id: 1, replica_doc_id: 1, rule: 'asn', state: 'open', shown: { replica: { title: 'Other' } } },
      { master_doc_id: 2, replica_doc_id: 2, rule: 'title_created', state: 'open' },
    ]);
    expect(writesOf(current.copy)).toEqual([]);
    await current.controller.cycle();
    expect(Object.keys(await pairsOf(current.controller))).toEqual(['3']);
    expect(current.copy.store.documents.size).toBe(3);
  });

  it("are linked once a person accepts, and the file is brought to the master's", async () => {
    current = await ambiguous();
    await current.reconcile();
    await decide(current, 1, 'accepted');
    await decide(current, 2, 'accepted');
    await current.controller.cycle();
    await current.copy.idle();
    await current.controller.cycle();
    const { master, copy, controller } = current;
    expect(await pairsOf(controller)).toMatchObject({ 1: 1, 2: 2 });
    const uploads = copy.requests().filter((request) => request.path === '/api/documents/post_document/');
    expect(uploads).toHaveLength(1);
    const newest = (id: number) => copy.store.index.versionsOf(id).at(-1)?.checksum;
    expect([newest(1), newest(2)]).toEqual([1, 2].map((id) => master.store.documents.get(id)?.checksum));
    expect((await proposalsOf(current)).map((one) => one.state)).toEqual(['linked', 'linked']);
  });

  it('are not linked if the document on the replica is another one by the time it is accepted', async () => {
    current = await ambiguous();
    await current.reconcile();
    editDocument(current.copy, 2, { added: current.copy.store.clock.now() });
    await decide(current, 2, 'accepted');
    await current.controller.cycle();
    expect((await pairsOf(current.controller))[2]).not.toBe(2);
    expect((await proposalsOf(current)).find((one) => one.master_doc_id === 2)?.state).toBe('stale');
  });

  it('are never proposed again once they were rejected; their documents are uploaded', async () => {
    current = await ambiguous();
    await current.reconcile();
    await decide(current, 2, 'rejected');
    expect(await current.reconcile()).toMatchObject({ proposals: 1, missing: 2 });
    await current.controller.cycle();
    expect(Object.keys(await pairsOf(current.controller))).toEqual(['2', '3']);
    expect((await pairsOf(current.controller))[2]).not.toBe(2);
    expect(await current.reconcile()).toMatchObject({ proposals: 1, kept: 2 });
  });

  it('become moot when the document is matched otherwise', async () => {
    current = await ambiguous();
    await current.reconcile();
    current.copy.write([text('titled', { title: 'Found elsewhere' })]);
    expect(await current.reconcile()).toMatchObject({ claimed: 1, proposals: 1 });
    expect((await proposalsOf(current)).map((one) => one.state)).toEqual(['open', 'stale']);
  });

  it('of two hundred documents with one title on both sides are at most five a document', async () => {
    const many = (what: string) => Array.from({ length: 200 }, (_, n) => text(`${what} ${n}`, { title: 'Scan' }));
    current = await stage('v2', 'v2', (master, copy) => {
      master.write(many('master'));
      copy.write(many('replica'));
    });
    const summary = await current.reconcile();
    expect(summary).toMatchObject({ claimed: 0, foreign: 200 });
    expect(summary['proposals']).toBeLessThanOrEqual(1000);
    const { master, copy } = current;
    expect((await compareInstances({ master, replica: copy })).equal).toBe(false);
    expect(writesOf(copy)).toEqual([]);
  });
});
