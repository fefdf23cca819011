// Starts Debian's Chromium, which the Makefile unpacks, without a sandbox, because the tests may
// run as root.

import { chromium } from "playwright-core";

export const launch = (...options) =>
  chromium.launch({
    executablePath: process.env.CHROMIUM,
    args: ["--no-sandbox", "--host-resolver-rules=MAP pages.example 127.0.0.1", ...options],
  });

// Collects messages on the console, and requests for anything but the document, which no page
// should cause.
export const watch = (page) => {
  const seen = { messages: [], requests: [] };
  page.on("console", (message) => seen.messages.push(message.text()));
  page.on("pageerror", (error) => seen.messages.push(String(error)));
  page.on("request", (request) => seen.requests.push(request.url()));
  return seen;
};

export const read = async () => {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
};

export const words = (text) => text.replace(/\s+/g, " ").trim();
