// Uses a page with the keyboard, with a screen reader, without scripts, over plain HTTP and on
// paper.
// Standard input: {"url": the page, "folder": where the screenshot of the paper goes}

import { launch, read, words } from "./browser.mjs";

const { url, folder } = await read();
const { origin, port, pathname } = new URL(url);
const browser = await launch();

const open = async (address, options) => {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(address);
  return page;
};
const visibleButtons = (page) => page.locator("button:visible").count();

// The elements that the tab key reaches, in this order.
const tabStops = async (page) => {
  const stops = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate(() => {
      const { activeElement: focused } = document;
      const { width, height } = focused.getBoundingClientRect();
      const { outlineStyle, outlineWidth } = getComputedStyle(focused);
      const name = focused.textContent.replace(/\s+/g, " ").trim();
      return {
        tag: focused.tagName,
        name,
        width,
        height,
        outline: `${outlineStyle} ${outlineWidth}`,
      };
    });
    if (stop.tag === "BODY") return stops;
    stops.push(stop);
  }
};

// What is said where the browser's settings forbid the page to write to the clipboard.
const refusal = async () => {
  const page = await open(url);
  const session = await browser.newBrowserCDPSession();
  const { targetInfo } = await (
    await page.context().newCDPSession(page)
  ).send("Target.getTargetInfo");
  const permission = { name: "clipboard-write" };
  const { browserContextId } = targetInfo;
  await session.send("Browser.setPermission", {
    permission,
    setting: "denied",
    origin,
    browserContextId,
  });
  await page.locator("button:visible").first().click();
  return words(await page.locator("[aria-live=polite]:not(:empty)").textContent());
};

// What is wider than its place, and whether the tab key reaches it.
const scrolling = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("main *")]
      .filter((element) => getComputedStyle(element).overflowX === "auto")
      .filter((element) => element.scrollWidth > element.clientWidth)
      .map((element) => ({ tag: element.tagName, tabIndex: element.tabIndex })),
  );

// What fingers and keys find on a phone.
const onPhone = async (options) => {
  const viewport = { width: 360, height: 740 };
  const page = await open(url, { viewport, isMobile: true, hasTouch: true, ...options });
  await page.screenshot({ path: `${folder}/phone.png` });
  const boxes = await page.locator("nav a, .foot a, button:visible").all();
  const heights = await Promise.all(boxes.map(async (box) => (await box.boundingBox()).height));
  return { lowest: Math.min(...heights), scrolling: await scrolling(page) };
};

const page = await open(url, { viewport: { width: 1440, height: 900 } });
const used = { tree: await page.locator("body").ariaSnapshot(), stops: await tabStops(page) };

used.refusal = await refusal();
used.onPhoneWithoutScript = await onPhone({ javaScriptEnabled: false });
used.onPhone = await onPhone({});
const script = await open(url, { javaScriptEnabled: false });
used.withoutScript = {
  buttons: await visibleButtons(script),
  text: await script.locator("body").innerText(),
};
const plain = await open(`http://pages.example:${port}${pathname}`);
used.overPlainHttp = {
  buttons: await visibleButtons(plain),
  text: await plain.locator("body").innerText(),
};
await page.emulateMedia({ media: "print", colorScheme: "dark" });
await page.screenshot({ path: `${folder}/print.png`, fullPage: true });
used.onPaper = await page.locator("body").innerText();
await browser.close();
console.log(JSON.stringify(used));
