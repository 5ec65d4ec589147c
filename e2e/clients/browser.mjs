// Two people in one room, each in a browser of their own, and the explorer.
// Usage: node browser.mjs BASE-URL CHROMIUM DIRECTORY-FOR-SCREENSHOTS
import { explorerReady, listen, visiting } from './chromium.mjs';
import { publish } from './scenario.mjs';

const [base, executablePath, screenshots] = process.argv.slice(2);
const ROOM = 'e2e browser';
let browser;
let problems;
/** Whether a page has no network, and its sockets fail. */
let offline = false;

await visiting(executablePath, screenshots, (opened, complaints) => {
  [browser, problems] = [opened, complaints];
  return visit();
});

async function visit() {
  const ada = await enter('Ada');
  await say(ada, 'anybody here?');

  const grace = await enter('Grace');
  await shown(grace, 'anybody here?');

  const composer = grace.getByTestId('composer');
  await composer.pressSequentially('hello');
  const indicator = ada.getByTestId('typing').filter({ hasText: 'Grace' });
  await indicator.waitFor();
  const typing = await indicator.innerText();
  await ada.screenshot({ path: `${screenshots}/typing.png` });

  await say(grace, 'hello Ada');
  await shown(ada, 'hello Ada');
  await say(ada, 'hello Grace');
  await shown(grace, 'hello Grace');
  await grace.screenshot({ path: `${screenshots}/room.png` });

  const conversation = { ada: await messages(ada), grace: await messages(grace) };
  const away = await returning(ada);
  return { ...conversation, typing, away, explorer: await explore() };
}

/** returning has a page lose its network for a while, and returns what it shows as missed. */
async function returning(page) {
  offline = true;
  await page.context().setOffline(true);
  await page.locator('[data-testid=status][data-state=reconnecting]').waitFor();
  await publish(base, ROOM, 'are you there?');
  await publish(base, ROOM, 'Ada?');
  await page.context().setOffline(false);
  await shown(page, 'are you there?');
  await shown(page, 'Ada?');
  offline = false;
  await publish(base, ROOM, 'there you are');
  await shown(page, 'there you are');
  await page.screenshot({ path: `${screenshots}/away.png` });
  return {
    heading: await page.getByTestId('away').allInnerTexts(),
    missed: await page.locator('.message.missed [data-testid=message-text]').allInnerTexts(),
    all: (await messages(page)).map(({ text }) => text),
  };
}

/** open opens a page of a visitor who has never been here. */
async function open(path) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
  const page = await context.newPage();
  // config.json is for servers that keep the API elsewhere; here is none.
  listen(page, problems, (url) => offline || url.endsWith('/config.json'));
  await page.goto(base + path);
  return page;
}

async function enter(name) {
  const page = await open(`/#room/${encodeURIComponent(ROOM)}`);
  await page.getByTestId('name-input').fill(name);
  await page.getByTestId('join-button').click();
  return page;
}

async function say(page, text) {
  await page.getByTestId('composer').fill(text);
  await page.getByTestId('send-button').click();
  await shown(page, text);
}

async function shown(page, text) {
  await page.getByTestId('message-text').filter({ hasText: text }).waitFor();
}

function messages(page) {
  return page.getByTestId('message').evaluateAll((elements) => elements.map((element) => ({
    author: element.querySelector('[data-testid=message-author]').textContent.trim(),
    text: element.querySelector('[data-testid=message-text]').textContent.trim(),
  })));
}

/** explore runs the explorer's own subscription to the room "general" and returns the result that it shows for a message. */
async function explore() {
  const page = await open('/explorer');
  await explorerReady(page);
  await page.getByRole('tab', { name: 'Room', exact: true }).click();
  // A moment after a query has changed, GraphiQL reads which operation it has to
  // run, and stores the query. No person is quick enough to run it before.
  await page.waitForFunction(() => localStorage.getItem('graphiql:query')?.includes('subscription Room'));
  await page.locator('.graphiql-execute-button').click();

  const result = page.locator('.result-window');
  await result.filter({ hasText: 'history' }).waitFor();
  await publish(base, 'general', 'to the explorer');
  await result.filter({ hasText: 'to the explorer' }).waitFor();
  await page.screenshot({ path: `${screenshots}/explorer.png` });
  return (await result.innerText()).replaceAll('\u00a0', ' ');
}
