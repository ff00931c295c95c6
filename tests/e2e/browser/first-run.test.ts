/** The first minutes of an installation that others can reach: a code from the console, a password, a master. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareAdmin } from '../../../shared/replication/doors/admin.ts';
import { startTestApi, type TestApi } from '../../integration/api/harness.ts';
import { hasChromium, openBrowser, type Browser, type Tab } from '../../support/browser.ts';

const PASSWORD = 'correct horse battery';

describe.skipIf(!hasChromium)('the first run', () => {
  let api: TestApi;
  let browser: Browser;
  let tab: Tab;
  let code: string;

  beforeAll(async () => {
    api = await startTestApi({ door: { mode: 'password' } });
    code = (await prepareAdmin(api.deps, undefined)) ?? '';
    browser = await openBrowser(api.url);
    tab = await browser.tab();
  });
  afterAll(async () => {
    await browser?.close();
    await api?.close();
  });

  it('asks for the code of the console, and a wrong one is refused without losing the way', async () => {
    await tab.visit('/');
    expect(new URL(tab.page.url()).pathname).toBe('/setup');
    for (const scheme of ['dark', 'light'] as const) {
      await tab.scheme(scheme);
      expect(await tab.serious()).toEqual([]);
    }
    expect(await fill('AAAAA-AAAAA-AAAAA')).toContain('/setup');
    expect(tab.problems()).toEqual([expect.stringContaining('401')]);
  });

  it('sets the password with the right code, by keyboard alone, and leads to the dashboard', async () => {
    expect(new URL(await fill(code)).pathname).toBe('/');
    expect(tab.problems()).toEqual([]);
    expect(await tab.page.content()).toContain('Logged in as admin');
  });

  it('lets the same person out, and in again to where they wanted to go', async () => {
    await tab.press('Log out');
    await tab.visit('/');
    expect(new URL(tab.page.url()).pathname).toBe('/login');
    expect(await tab.serious()).toEqual([]);
    await tab.tabTo('Password');
    await tab.page.keyboard.type(PASSWORD);
    await enter();
    expect(new URL(tab.page.url()).pathname).toBe('/');
    expect(tab.problems()).toEqual([]);
  });

  async function fill(given: string): Promise<string> {
    // The first field has the focus by itself; a page that comes back with an error has it there, too.
    await tab.page.focus('#code');
    await tab.page.keyboard.type(given);
    for (const label of [/^New password/, /^The same again/]) {
      await tab.page.keyboard.press('Tab');
      expect(await tab.focused()).toMatch(label);
      await tab.page.keyboard.type(PASSWORD);
    }
    await enter();
    return tab.page.url();
  }

  async function enter(): Promise<void> {
    await Promise.all([tab.page.waitForNavigation({ waitUntil: 'load' }), tab.page.keyboard.press('Enter')]);
  }
});
