// What the scripts that drive pages share: a browser, what its pages complain of, and
// what axe-core has to say about their accessibility.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

/**
 * Opens a browser, runs the visit, and prints what it comes to with the problems of all
 * pages. Where the visit fails, each page is photographed.
 */
export async function visiting(executablePath, screenshots, visit) {
  const problems = [];
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ],
  });
  try {
    process.stdout.write(`${JSON.stringify({ ...await visit(browser, problems), problems })}\n`);
  } catch (error) {
    const pages = browser.contexts().flatMap((context) => context.pages());
    await Promise.all(pages.map((page, i) => page.screenshot({ path: `${screenshots}/failed-${i + 1}.png` })));
    console.error('problems in the pages:', problems);
    throw error;
  } finally {
    await browser.close();
  }
}

/**
 * listen collects what a page's console has for errors, and requests to other hosts than
 * the page's. No step on the page counts as stuck before two minutes.
 */
export function listen(page, problems, ignore = () => false) {
  page.setDefaultTimeout(120_000);
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (entry) => {
    const { url } = entry.location();
    if (entry.type() === 'error' && !ignore(url)) problems.push(`${entry.text()} ${url}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.hostname !== '127.0.0.1') problems.push(`asks ${url.host}`);
  });
}

/**
 * explorerReady waits for GraphiQL to have the schema, with which it makes its editor
 * anew. Where Chromium never calls the network idle, which happens on a busy machine,
 * that was long ago.
 */
export async function explorerReady(page) {
  await page.locator('.graphiql-execute-button').waitFor();
  await page.waitForLoadState('networkidle', { timeout: 20_000 }).catch(() => {});
  await page.locator('.graphiql-sidebar .graphiql-spin').waitFor({ state: 'detached' });
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** inspect returns what breaks WCAG 2.2 AA on a page, and whether it is wider than its window. Rules may be left out. */
export async function inspect(page, where, { without = [] } = {}) {
  await page.evaluate(`${axe}; undefined`); // not by a script element, which the page's policy forbids
  const found = await page.evaluate(async (without) => {
    const { violations } = await axe.run({
      rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
      runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] },
    });
    const all = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(' ')} ${node.any.map((check) => check.message).join('; ')}`).join(' | ')}`);
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) all.push(`the page is ${scrollWidth - clientWidth} px wider than its window`);
    return all;
  }, without);
  return found.map((text) => `${where}: ${text}`);
}
