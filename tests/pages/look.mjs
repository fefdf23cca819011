// Looks at pages in two widths and two colour schemes, and prints what is to be seen.
// Standard input: {"folder": where the screenshots go, "pages": {name: URL}}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { HtmlValidate } from "html-validate";
import { launch, read, watch } from "./browser.mjs";

const SIZES = [
  { width: 360, height: 740 },
  { width: 1440, height: 900 },
];
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
// The rule about the size of targets is off by default.
const OPTIONS = { resultTypes: ["violations"], rules: { "target-size": { enabled: true } } };
const validator = new HtmlValidate({
  extends: ["html-validate:recommended"],
  // The length of a title is that of a user's text.
  rules: { "long-title": "off" },
});

const { folder, pages } = await read();
const browser = await launch();

// A script in the page is forbidden by its policy, but the debugger may evaluate one.
const violations = async (page) => {
  await page.evaluate(AXE);
  const found = await page.evaluate((options) => globalThis.axe.run(options), OPTIONS);
  return found.violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`,
  );
};

// The longest pages are cut, because a picture of all of them takes seconds.
const MAX_HEIGHT = 4000;

const picture = async (page, path) => {
  const { width } = page.viewportSize();
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.screenshot({
    path,
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.min(height, MAX_HEIGHT) },
  });
};

// What a page shows in a window of this width, in light and dark.
const look = async (name, url, viewport) => {
  const context = await browser.newContext({ viewport });
  const page = await context.newPage();
  const seen = watch(page);
  const response = await page.goto(url);
  const looks = [];
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await picture(page, `${folder}/${name}-${viewport.width}-${colorScheme}.png`);
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - window.innerWidth,
    );
    const text = await page.evaluate(() => document.body.innerText);
    looks.push({
      width: viewport.width,
      colorScheme,
      ...seen,
      overflow,
      text,
      axe: await violations(page),
    });
  }
  const html = await response.text();
  await context.close();
  return { looks, html };
};

const invalid = async (html) => {
  const { results } = await validator.validateString(html);
  return results.flatMap(({ messages }) =>
    messages.map(({ ruleId, message, line }) => `${line}: ${ruleId}: ${message}`),
  );
};

const found = {};
for (const [name, url] of Object.entries(pages)) {
  const [narrow, wide] = [await look(name, url, SIZES[0]), await look(name, url, SIZES[1])];
  found[name] = { url, looks: [...narrow.looks, ...wide.looks], invalid: await invalid(wide.html) };
}
await browser.close();
console.log(JSON.stringify(found));
