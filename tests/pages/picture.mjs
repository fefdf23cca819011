// Takes the picture of a page for the README.
// Standard input: {"url": the page, "path": of the picture}

import { launch, read } from "./browser.mjs";

const { url, path } = await read();
const browser = await launch();
const page = await browser.newPage({ viewport: { width: 900, height: 660 }, colorScheme: "light" });
await page.goto(url);
await page.screenshot({ path });
await browser.close();
console.log("null");
