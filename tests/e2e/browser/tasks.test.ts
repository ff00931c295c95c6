/** What a person does with the pages, in a real browser, one task after the other on one installation. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, PHONE, type Tab } from '../../support/browser.ts';
import { insertLogs } from '../../../shared/db/logs.repo.ts';
import { makeAmbiguous } from './troubles.ts';
import { waitFor } from '../../support/wait.ts';
import { openBrowserStage, type BrowserStage } from './stage.ts';

const DOCUMENTS = 12;

describe.skipIf(!hasChromium)('a person with a browser', () => {
  let stage: BrowserStage;
  let tab: Tab;

  beforeAll(async () => {
    stage = await openBrowserStage({ docs: DOCUMENTS, ocrMs: 60 });
    tab = await stage.browser.tab();
  });
  afterAll(() => stage?.close());
  // Whatever was done: nothing in the console, nothing to another origin.
  afterEach(() => expect(tab.problems()).toEqual([]));

  const replicas = () => stage.api.db.selectFrom('replicas').selectAll().execute();

  it('adds a replica: a wrong token is refused on the form, and the right one is taken', async () => {
    await tab.visit('/');
    expect(await tab.text()).toContain('No replica yet');
    await tab.press('Add one');
    await tab.fill('Name', 'attic');
    await tab.fill('Address', stage.attic.url);
    await tab.fill('API token', 'w'.repeat(40));
    await tab.press('Test and add');
    expect(tab.problems()).toEqual([expect.stringContaining('422')]);
    expect(await tab.text()).toMatch(/token/i);
    // What was typed is there again, but for the token.
    expect([await tab.value('Name'), await tab.value('API token')]).toEqual(['attic', '']);
    expect(await replicas()).toEqual([]);
    await tab.fill('API token', stage.attic.token);
    await tab.press('Test and add');
    expect(await tab.text()).toContain('Replica "attic" was added.');
    expect(await tab.page.content()).not.toContain(stage.attic.token);
  });

  it('starts the first sync and watches it to its end on a page that is never loaded again', async () => {
    const reason = 'ocrmypdf ended with an error';
    stage.attic.setFault('consumption-fails', { skip: 4, times: 1, value: reason });
    await tab.visit('/');
    await tab.press('Sync now');
    await tab.waitForText(/Run \d+ was started/);
    await tab.page.evaluate('window.stillHere = true');
    await tab.waitForText(new RegExp(`${DOCUMENTS - 1}\\s+of ${DOCUMENTS} in step`));
    expect(await tab.page.evaluate('window.stillHere')).toBe(true);
  });

  it('finds out why a document failed, from the number on the dashboard to the words of the replica, and retries it', async () => {
    await tab.visit('/');
    await tab.press('1 failed');
    expect(await tab.text()).toContain('The replica could not consume the file: ocrmypdf ended with an error');
    await tab.press('Back to attic');
    const [run] = await stage.api.db.selectFrom('sync_runs').select('id').where('outcome', '=', 'partial').execute();
    await tab.press(String(run?.id));
    expect(await tab.text()).toMatch(/1 × \w+: The replica could not consume the file/);
    await tab.press('Retry failed only');
    expect(await tab.text()).toMatch(/1 document made due again/);
    await tab.visit('/replicas/1');
    await tab.waitForText(new RegExp(`${DOCUMENTS}\\s+of ${DOCUMENTS} in step`));
    expect(await stage.api.db.selectFrom('sync_map').select('id').where('status', '<>', 'ok').execute()).toEqual([]);
  });

  it('reads the state of a replica on a phone, pauses it there with a reason, and lets it go on', async () => {
    const phone = await stage.browser.tab(PHONE);
    await phone.visit('/');
    expect(await phone.text()).toContain(`${DOCUMENTS} of ${DOCUMENTS} in step`);
    await phone.press('attic');
    expect([await phone.overflow(), await phone.text()]).toEqual([0, expect.stringContaining('Last good cycle')]);
    await phone.press('Pause');
    await phone.fill('Why?', 'moving house');
    await phone.press('Pause');
    expect(await phone.text()).toMatch(/paused until you resume it[^]*moving house/i);
    expect(await phone.overflow()).toBe(0);
    await phone.press('Resume');
    expect(await phone.text()).toContain('goes on with the next cycle');
    expect(phone.problems()).toEqual([]);
    await phone.close();
  });

  it('sees why a replica was suspended, and enables it again after mending it', async () => {
    await stage.api.request('PUT', '/api/settings', { replica_suspend_threshold: 1 });
    stage.attic.setFault('unauthorized');
    await stage.cycle();
    stage.attic.clearFaults();
    await tab.visit('/');
    expect(await tab.text()).toMatch(/attic needs you\.[^]*the token is not valid/);
    await tab.press('attic');
    expect(await tab.text()).toContain('No cycle includes it until you enable it again');
    await tab.press('Test the connection');
    expect(await tab.text()).toMatch(/attic/);
    await tab.press('Back to the replica');
    await tab.press('Enable again');
    expect(await tab.text()).toContain('is enabled; the next cycle checks it and goes on.');
    expect((await replicas())[0]?.suspended_at).toBe(null);
    await tab.press('Sync now');
    await tab.waitForText(/Verified|No known change waits/);
  });

  it('does the same with the keyboard alone: skips to the content, starts a sync, adds a replica', async () => {
    await tab.visit('/');
    await tab.page.keyboard.press('Tab');
    expect(await tab.focused()).toBe('Skip to the content');
    await tab.enter();
    await tab.tabTo('Sync now');
    await tab.enter();
    expect(await tab.text()).toMatch(/Run \d+ was started/);
    await tab.tabTo('Replicas');
    await tab.enter();
    await tab.tabTo('Add a replica');
    await tab.enter();
    await tab.tabTo('Name');
    await tab.page.keyboard.type('cellar');
    await tab.tabTo('Address');
    await tab.page.keyboard.type(stage.cellar.url);
    await tab.tabTo('API token');
    await tab.page.keyboard.type(stage.cellar.token);
    await tab.enter();
    expect(await tab.text()).toContain('Replica "cellar" was added.');
  });

  it('decides which of two tags of one name is meant', async () => {
    await makeAmbiguous(stage);
    await stage.cycle();
    await tab.visit('/conflicts');
    await tab.press('tag "Twice" on attic');
    expect(await tab.text()).toMatch(/owned by bob[^]*owned by cleo/);
    const id = /tag (\d+) "Twice", owned by cleo/.exec(await tab.text())?.[1] ?? '';
    await tab.click(`#choose-${id}`);
    expect(new URL(tab.page.url()).pathname).toBe('/conflicts');
    expect(await tab.text()).not.toContain('tag "Twice" on attic');
    const links = await stage.api.db.selectFrom('taxonomy_links').selectAll().where('name', '=', 'Twice').execute();
    expect(links.find((link) => link.replica_id === 1)).toMatchObject({ state: 'linked', replica_obj_id: Number(id) });
  });

  it('changes a setting: what is wrong is refused at its field, what is right is shown before it is saved', async () => {
    await tab.visit('/settings');
    await tab.fill('max_attempts', 'many');
    await tab.press('Check and save: Limits');
    expect(tab.problems()).toEqual([expect.stringContaining('422')]);
    expect(await tab.text()).toMatch(/Nothing was saved:\s*max_attempts/);
    await tab.fill('max_attempts', '7');
    await tab.press('Check and save: Limits');
    expect(await tab.text()).toMatch(/Save these settings\?[^]*max_attempts[^]*10[^]*7/);
    await tab.press('Save 1 change');
    expect((await stage.api.get('/api/settings')).body.settings.max_attempts.value).toBe(7);
    expect(await tab.value('max_attempts')).toBe('7');
  });

  it('searches the log by words and level, and opens a line with what happened around it', async () => {
    await insertLogs(stage.api.db, [
      { level: 'error', message: 'The zebra could not be consumed', code: 'task_failed', created_at: new Date() },
      { level: 'info', message: 'The zebra was fed', code: null, created_at: new Date() },
    ]);
    await tab.visit('/logs');
    await tab.fill('Words', 'zebra');
    await tab.page.select('select[name="level"]', 'error');
    await tab.press('Apply');
    expect(new URL(tab.page.url()).search).toMatch(/q=zebra&level=error/);
    expect(await tab.text()).toContain('The zebra could not be consumed');
    expect(await tab.text()).not.toContain('The zebra was fed');
  });

  it('follows the log at its top, and lets nothing move while somebody reads further down', async () => {
    const { db } = stage.api;
    const write = (message: string) => insertLogs(db, [{ level: 'info', message, created_at: new Date() }]);
    for (let at = 0; at < 60; at += 1) await write(`Filler ${at}`);
    await tab.visit('/logs');
    const shown = () => tab.page.evaluate(`document.querySelector('#log-rows').innerText`) as Promise<string>;
    await waitFor('the stream to be open', async () => {
      await write('Seen at once');
      return (await shown()).includes('Seen at once');
    });
    await tab.page.evaluate('window.scrollTo(0, 600)');
    await write('Waits behind the button');
    await tab.waitForText(/\d+ new: show them/);
    expect(await shown()).not.toContain('Waits behind the button');
    // Not by the mouse: a browser that brings the button into view first may have let the lines in before it clicks.
    await tab.page.evaluate(`document.querySelector('#log-waiting').click()`);
    await tab.waitForText('Waits behind the button');
    expect(await tab.page.evaluate('window.scrollY')).toBe(0);
  });
});
