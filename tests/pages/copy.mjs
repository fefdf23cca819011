// Presses each button of a page, and prints what it is called, says and copies.
// Standard input: {"url": the page}

import { launch, read, words } from "./browser.mjs";

const { url } = await read();
const browser = await launch();

// What each button puts into the clipboard, and says to screen readers, after the Enter key.
const copies = async (page) => {
  const found = [];
  for (const button of await page.locator("button:visible").all()) {
    await button.press("Enter");
    const said = page.locator("[aria-live=polite]:not(:empty)");
    const name = words(await button.textContent());
    found.push({
      name,
      said: words(await said.textContent()),
      copied: await page.evaluate(() => navigator.clipboard.readText()),
    });
    await page.evaluate(() => document.querySelector("[aria-live]").replaceChildren());
  }
  return found;
};

const context = await browser.newContext();
await context.grantPermissions(["clipboard-read", "clipboard-write"], {
  origin: new URL(url).origin,
});
const page = await context.newPage();
await page.goto(url);
console.log(JSON.stringify(await copies(page)));
await browser.close();
