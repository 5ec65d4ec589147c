// The page of examples/notices, with its three clients.
// Usage: node notices.mjs LINK CHROMIUM DIRECTORY-FOR-SCREENSHOTS
//
// Each line of its input is a command: {"shown": text} waits until each client shows a
// notice, {"press": name} presses a button. It answers with a line of JSON: the notices
// that each client shows.
import { createInterface } from 'node:readline';
import { listen, visiting } from './chromium.mjs';

const [link, executablePath, screenshots] = process.argv.slice(2);

await visiting(executablePath, screenshots, async (browser, problems) => {
  const page = await browser.newPage();
  listen(page, problems);
  await page.goto(link);
  const clients = ['Apollo', 'Urql', 'Relay'].map((name) => [name, page.getByRole('region', { name })]);
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    if (command.press) await page.getByRole('button', { name: command.press }).click();
    if (command.shown) {
      await Promise.all(clients.map(([, region]) => region.getByText(command.shown, { exact: true }).waitFor()));
    }
    const lists = await Promise.all(clients.map(async ([name, region]) => [name, await region.getByRole('listitem').allInnerTexts()]));
    process.stdout.write(`${JSON.stringify(Object.fromEntries(lists))}\n`);
  }
  return {};
});
