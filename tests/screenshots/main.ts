/**
 * `npm run screenshots`: docs/images/*.png, every page of the demo's own stage, light; the dashboard also dark and on a phone.
 * Takes about a minute; needs /usr/bin/chromium.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Household } from '../../services/demo/stage/children.ts';
import { makeFolder, removeFolder } from '../../services/demo/stage/folder.ts';
import { narrate } from '../../services/demo/stage/narrator.ts';
import { play } from '../../services/demo/stage/play.ts';
import { readOptions } from '../../services/demo/stage/options.ts';
import { DESKTOP, openBrowser, PHONE, type Tab } from '../support/browser.ts';

const IMAGES = join(import.meta.dirname, '../../docs/images');

const WITHOUT_PATHS = `(() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode())
    text.data = text.data.replace(/\\/\\S*pngx-demo-\\w+/g, '.');
})()`;

/** By the name of the file; the ids are those of the demo's first replica, its first run and its first document. */
const PAGES: Readonly<Record<string, string>> = {
  dashboard: '/',
  replicas: '/replicas',
  'replica-new': '/replicas/new',
  replica: '/replicas/1',
  'replica-documents': '/replicas/1/documents',
  runs: '/runs',
  run: '/runs/2',
  documents: '/documents',
  document: '/documents/1',
  conflicts: '/conflicts',
  logs: '/logs',
  settings: '/settings',
  keys: '/settings/keys',
  audit: '/audit',
  queue: '/queue',
  verifications: '/verifications',
  findings: '/findings',
  notifications: '/notifications',
  webhook: '/settings/webhook',
  promote: '/replicas/1/promote',
};

const household = new Household();
const folder = await makeFolder();
try {
  const options = readOptions(['--once']);
  if (options === null) throw new Error('The demo knows no --once.');
  const { controller } = await play(household, folder, options, narrate(process.stdout));
  await photograph(controller.url);
} finally {
  await household.close();
  await removeFolder(folder);
}
process.exit(0);

async function photograph(url: string): Promise<void> {
  await rm(IMAGES, { recursive: true, force: true });
  await mkdir(IMAGES, { recursive: true });
  const browser = await openBrowser(url);
  try {
    const tab = await browser.tab(DESKTOP);
    for (const [name, path] of Object.entries(PAGES)) await take(tab, path, name);
    await tab.scheme('dark');
    await take(tab, '/', 'dashboard-dark');
    const phone = await browser.tab(PHONE);
    await take(phone, '/', 'dashboard-phone');
  } finally {
    await browser.close();
  }
}

async function take(tab: Tab, path: string, name: string): Promise<void> {
  await tab.visit(path);
  const problems = tab.problems();
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  // Where this machine keeps its temporary folders is nobody's business.
  await tab.page.evaluate(WITHOUT_PATHS);
  // Long pages are cut: what is looked at first is at the top.
  const height = Math.min(1600, Number(await tab.page.evaluate('document.documentElement.scrollHeight')));
  const width = tab.page.viewport()?.width ?? DESKTOP.width;
  await tab.page.screenshot({
    path: join(IMAGES, `${name}.png`) as `${string}.png`,
    clip: { x: 0, y: 0, width, height },
  });
  console.log(`${name}.png  ${path}`);
}
