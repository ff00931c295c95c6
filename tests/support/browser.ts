/**
 * Debian's Chromium without a window. Every tab keeps what a person would never see but must not be there: errors in the
 * console, pages that failed, and requests that leave the origin.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { waitFor } from './wait.ts';
import puppeteer, { type Browser as Chromium, type Page } from 'puppeteer-core';

const EXECUTABLE = '/usr/bin/chromium';
/** `npm run setup:test` installs it; without it the tests of pages are skipped by name. */
export const hasChromium = existsSync(EXECUTABLE);

export const DESKTOP = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
const PATIENCE_MS = 20_000;
/** Run in the page, so given as text: what a person reads in its main part. */
const READ = `(document.querySelector('main')?.innerText ?? '')`;

export type Scheme = 'light' | 'dark';

export interface Tab {
  readonly page: Page;
  /** Below the address that the browser was opened for. */
  visit(path: string): Promise<void>;
  scheme(scheme: Scheme): Promise<void>;
  /** What axe calls serious or critical on the page as it is now: one line a rule, with the first place; `only` these rules. */
  serious(only?: readonly string[]): Promise<string[]>;
  /** By how many pixels the page can be moved sideways. */
  overflow(): Promise<number>;
  /** The text that a person reads in the page's main part. */
  text(): Promise<string>;
  /** Follows a link or presses a button and waits for the page that comes. */
  press(name: string): Promise<void>;
  /** The same where one of several bears that name: by a CSS selector. */
  click(selector: string): Promise<void>;
  /** Types into the field of that label. */
  fill(label: string, value: string): Promise<void>;
  /** What stands in the field of that label. */
  value(label: string): Promise<string>;
  /** Presses Enter where the focus is, and waits for the page that comes, if one does. */
  enter(): Promise<void>;
  /** What the element that has the focus is called. */
  focused(): Promise<string>;
  /** Moves the focus with the Tab key until it is on the link, button or field of that name. */
  tabTo(name: string): Promise<void>;
  /** Resolves when the main part says so, without loading the page again. */
  waitForText(text: string | RegExp): Promise<void>;
  /** The same where the page's scripts are switched off. */
  waitForPlainText(text: RegExp): Promise<void>;
  /** Console errors, failed pages and requests to elsewhere since the last call. */
  problems(): string[];
  close(): Promise<void>;
}

export interface Browser {
  tab(view?: typeof DESKTOP | typeof PHONE, at?: string): Promise<Tab>;
  close(): Promise<void>;
}

export async function openBrowser(origin: string): Promise<Browser> {
  const chromium = await puppeteer.launch({
    executablePath: EXECUTABLE,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
      ...['--disable-component-update', '--no-first-run', '--force-color-profile=srgb', '--hide-scrollbars'],
    ],
  });
  return {
    tab: (view = DESKTOP, at = origin) => openTab(chromium, at, view),
    close: () => chromium.close(),
  };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function openTab(chromium: Chromium, origin: string, view: typeof DESKTOP): Promise<Tab> {
  // A context of its own: no cookie of another tab.
  const context = await chromium.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.setViewport(view);
  const problems = watch(page, new URL(origin).origin);
  const scheme = (value: Scheme) =>
    page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value },
      // Colours on their way from one to the other have no contrast to judge.
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
  await scheme('light');
  return {
    page,
    scheme,
    visit: async (path) => void (await page.goto(`${origin}${path}`, { waitUntil: 'load' })),
    serious: (only) => seriousOn(page, only),
    overflow: () => page.evaluate('document.documentElement.scrollWidth - window.innerWidth') as Promise<number>,
    text: () => page.evaluate(READ) as Promise<string>,
    press: async (name) => {
      const found = await named(page, name);
      await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), found.click()]);
    },
    click: async (selector) => {
      await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), page.click(selector)]);
    },
    fill: async (label, value) => {
      const field = await page.waitForSelector(`aria/${label}`);
      await field?.click({ count: 3 });
      await field?.type(value);
    },
    value: async (label) => {
      const field = await page.waitForSelector(`aria/${label}`);
      return (await (await field?.getProperty('value'))?.jsonValue()) as string;
    },
    enter: async () => {
      const before = page.url();
      const inside = (await page.evaluate(
        `document.activeElement?.getAttribute('href')?.startsWith('#') ?? false`,
      )) as boolean;
      const comes = inside ? Promise.resolve(before) : page.waitForNavigation({ waitUntil: 'load' });
      await Promise.all([comes, page.keyboard.press('Enter')]);
    },
    focused: () => page.evaluate(FOCUSED) as Promise<string>,
    tabTo: (name) => tabTo(page, name),
    waitForText: async (text) => {
      const pattern = typeof text === 'string' ? text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : text.source;
      await page.waitForFunction(`new RegExp(${JSON.stringify(pattern)}).test(${READ})`, { polling: 100 });
    },
    waitForPlainText: async (text) => {
      await waitFor(`${text.source} on ${page.url()}`, async () => text.test(await page.content()));
    },
    problems: () => problems.splice(0),
    close: () => context.close(),
  };
}

function watch(page: Page, origin: string): string[] {
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warn') problems.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => problems.push(`script: ${error instanceof Error ? error.message : String(error)}`));
  page.on('request', (request) => {
    const { protocol, origin: to } = new URL(request.url());
    if (protocol !== 'data:' && to !== origin) problems.push(`request leaves: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) problems.push(`${response.status()}: ${response.url()}`);
  });
  return problems;
}

interface AxeResult {
  violations: { id: string; impact: string | null; help: string; nodes: { html: string; failureSummary?: string }[] }[];
}

async function seriousOn(page: Page, only?: readonly string[]): Promise<string[]> {
  // As text: so it is run by the debugger, which no content policy of the page forbids.
  if (!(await page.evaluate('typeof axe !== "undefined"'))) await page.evaluate(AXE);
  const options = { resultTypes: ['violations'], ...(only === undefined ? {} : { runOnly: [...only] }) };
  const { violations } = (await page.evaluate(`axe.run(document, ${JSON.stringify(options)})`)) as AxeResult;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes: [node] }) => `${id}: ${node?.html.slice(0, 160) ?? ''} ${node?.failureSummary ?? ''}`);
}

/** Run in the page: what the element that has the focus is called. */
const FOCUSED = `(() => {
  const on = document.activeElement;
  if (on === null || on === document.body || on.tabIndex < 0) return '';
  const label = on?.labels?.[0]?.innerText ?? on?.getAttribute('aria-label') ?? on?.innerText ?? '';
  return label.trim();
})()`;
const VISIBLE = `(() => {
  const style = getComputedStyle(document.activeElement);
  return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 || style.boxShadow !== 'none';
})()`;
const MOST_STOPS = 80;

async function tabTo(page: Page, name: string): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < MOST_STOPS; stop += 1) {
    const focused = (await page.evaluate(FOCUSED)) as string;
    if (focused !== '' && !(await page.evaluate(VISIBLE)))
      throw new Error(`Nobody sees that "${focused}" has the focus.`);
    if (focused === name) return;
    passed.push(focused);
    await page.keyboard.press('Tab');
  }
  throw new Error(`The Tab key never came to "${name}": ${passed.join(' | ')}`);
}

/** As a person names it: the words on a link or a button. */
async function named(page: Page, name: string) {
  for (const role of ['button', 'link']) {
    const found = await page.$(`aria/${name}[role="${role}"]`);
    if (found !== null) return found;
  }
  throw new Error(`There is no button or link "${name}" on ${page.url()}.`);
}
