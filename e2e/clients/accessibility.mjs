// The chat and the explorer for everybody: on a phone, in the dark, under names of any
// script, and when something is refused or the server has gone.
// Usage: node accessibility.mjs BASE-URL CHROMIUM DIRECTORY-FOR-SCREENSHOTS
import { explorerReady, inspect, listen, visiting } from './chromium.mjs';

const [base, executablePath, screenshots] = process.argv.slice(2);
// Reads from the right, and ends with characters that would turn around what follows.
const HEBREW = 'שרה\u202e\u2069';
const looks = [['light', 1200], ['dark', 360]];

await visiting(executablePath, screenshots, async (browser, problems) => {
  const findings = [];
  const said = {};
  for (const [colorScheme, width] of looks) {
    const look = `${colorScheme}, ${width} px`;
    const gone = { now: false };
    const context = await browser.newContext({ viewport: { width, height: 720 }, colorScheme });
    const open = async (path) => {
      const page = await context.newPage();
      listen(page, problems, (url) => gone.now || url.endsWith('/config.json'));
      page.lose = await losable(page, gone);
      await page.goto(base + path);
      return page;
    };
    const see = async (page, where, options) => {
      findings.push(...await inspect(page, `${where}, ${look}`, options));
      await page.screenshot({ path: `${screenshots}/${where.replaceAll(' ', '-')}-${colorScheme}-${width}.png` });
    };

    const first = await open('/#room/names');
    await first.getByTestId('name-input').waitFor(); // once the page has its configuration
    await see(first, 'welcome');
    said.blankName = await refused(first, '  ');
    said.longName = await refused(first, 'x'.repeat(33));
    await see(first, 'name refused');
    await enter(first, HEBREW);

    // A tab of the same browser is somebody else.
    const second = await open('/#room/names');
    await enter(second, 'Ada');
    for (const [page, text] of [[first, 'שלום'], [second, 'hello']]) {
      await page.getByTestId('composer').fill(text);
      await page.getByTestId('send-button').click();
      for (const reader of [first, second]) await reader.getByTestId('message-text').filter({ hasText: text }).first().waitFor();
    }
    said.people = await second.getByTestId('message').evaluateAll((all) => all.slice(-2).map((message) =>
      `${message.querySelector('[data-testid=message-author]').textContent.trim()}${message.classList.contains('own') ? ', own' : ''}`));
    said.isolated = await second.getByTestId('message-author').evaluateAll((all) => all.every((name) => getComputedStyle(name).unicodeBidi === 'isolate'));
    await first.getByTestId('composer').pressSequentially('abc');
    const typing = second.getByTestId('typing').filter({ hasText: 'is typing' });
    await typing.waitFor();
    said.typing = (await typing.innerText()).replace(/[\u2066-\u2069]/g, (mark) => `<${mark.codePointAt(0).toString(16)}>`);
    await see(second, 'room');

    const composer = second.getByTestId('composer');
    await composer.fill('y'.repeat(2_003));
    said.longMessage = await second.locator('#composer-left').innerText();
    said.sendDisabled = await second.getByTestId('send-button').isDisabled();
    if (width < 720) await second.getByTestId('back').click();
    await second.getByTestId('new-room-input').fill(' # ');
    await second.getByTestId('new-room-button').click();
    said.blankRoom = await second.getByTestId('room-problem').innerText();
    await see(second, 'rooms');

    const explorer = await open('/explorer');
    await explorerReady(explorer);
    await explorer.locator('.graphiql-execute-button').click();
    const result = explorer.locator('.result-window');
    await result.filter({ hasText: 'rooms' }).waitFor();
    for (const box of [await result.boundingBox(), await explorer.locator('.graphiql-query-editor').boundingBox()]) {
      if (box.width < 250 || box.height < 80) findings.push(`explorer, ${look}: a pane of ${Math.round(box.width)} by ${Math.round(box.height)} px`);
    }
    // A tab of GraphiQL has a button within: its own markup.
    await see(explorer, 'explorer', { without: ['nested-interactive'] });
    await explorer.lose();
    await explorer.getByTestId('sign').waitFor();
    said.gone = await explorer.getByTestId('sign').innerText();
    await see(explorer, 'explorer gone', { without: ['nested-interactive'] });
    gone.now = false;
    await explorer.getByTestId('sign').waitFor({ state: 'hidden' });
    await context.close();
  }
  return { findings, said };
});

/** refused gives a name that is not taken, and returns why. */
async function refused(page, name) {
  await page.getByTestId('name-input').fill(name);
  await page.getByTestId('join-button').click();
  return page.getByTestId('name-problem').innerText();
}

async function enter(page, name) {
  await page.getByTestId('name-input').fill(name);
  await page.getByTestId('join-button').click();
  await page.getByTestId('status').filter({ hasText: 'Live' }).waitFor({ state: 'attached' });
}

/** losable returns a function that closes the page's sockets, and has others closed until gone is over. */
async function losable(page, gone) {
  const sockets = new Set();
  await page.routeWebSocket(/graphql/, (socket) => {
    if (gone.now) return socket.close({ code: 1001 });
    socket.connectToServer();
    sockets.add(socket);
  });
  return async () => {
    gone.now = true;
    for (const socket of sockets) await socket.close({ code: 1001 });
  };
}
