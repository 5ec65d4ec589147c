// The page for operators. Usage: node debug.mjs BASE-URL DEBUG-URL CHROMIUM DIRECTORY-FOR-SCREENSHOTS
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { inspect, listen, visiting } from './chromium.mjs';
import { publish } from './scenario.mjs';

const [base, debug, executablePath, screenshots] = process.argv.slice(2);
const ROOM = 'غرفة <b>operators</b>'; // in another direction, and with what would be markup

await visiting(executablePath, screenshots, async (browser, problems) => {
  const client = createClient({ url: `${base.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
  const { promise: heard, resolve } = deferred();
  const { promise: subscribed, resolve: history } = deferred();
  client.subscribe(
    { query: 'subscription Room($name: String!) { room(name: $name) { history { text } message { text } } }', variables: { name: ROOM } },
    { next: ({ data }) => (data.room.message ? resolve() : history()), error: console.error, complete() {} },
  );
  await subscribed;
  await publish(base, ROOM, 'hello');
  await heard;

  const findings = [];
  const rows = [];
  for (const [colorScheme, width] of [['light', 1200], ['dark', 1200], ['light', 360], ['dark', 360]]) {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const page = await context.newPage();
    const gone = { now: false };
    listen(page, problems, () => gone.now);
    await page.goto(debug);
    const row = page.locator('tbody tr').filter({ hasText: 'operators' });
    await row.waitFor();
    rows.push((await row.innerText()).replace(/\s+/g, ' '));
    findings.push(...await inspect(page, `${colorScheme}, ${width} px`));
    await page.screenshot({ path: `${screenshots}/debug-${colorScheme}-${width}.png`, fullPage: true });

    if (width === 360) {
      gone.now = true;
      await page.route('**/*', (route) => route.abort());
      await page.getByRole('alert').waitFor(); // at the next refresh
      findings.push(...await inspect(page, `${colorScheme}, gone`));
      await page.screenshot({ path: `${screenshots}/debug-gone-${colorScheme}.png` });
      await page.unroute('**/*');
      await page.getByRole('alert').waitFor({ state: 'hidden' });
    }
    await context.close();
  }
  await client.dispose();
  return { findings, rows };
});

/** deferred is what Promise.withResolvers returns, which Node.js has from version 22 on. */
function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}
