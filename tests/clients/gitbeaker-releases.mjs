// Tests the service's releases with the unmodified @gitbeaker/rest client.
// Usage: node gitbeaker-releases.mjs <service URL> <token>

import assert from "node:assert/strict";
import { Gitlab } from "@gitbeaker/rest";

const [host, token] = process.argv.slice(2);
const { ProjectReleases: releases } = new Gitlab({ host, token });
const project = "group/app";
const tagName = "beaker/2.0+b";

const url = "https://e.com/app";
const created = await releases.create(project, {
  tagName,
  name: "App 2.0",
  description: "faster",
  assets: { links: [{ name: "app", url, directAssetPath: "/bin/app", linkType: "package" }] },
});
assert.equal(created.tag_name, tagName);
assert.deepEqual([created.name, created.description], ["App 2.0", "faster"]);
assert.equal(created.author.username, "token_1");
assert.deepEqual(created.assets, {
  count: 1,
  sources: [],
  links: [{
    id: 1,
    name: "app",
    url,
    external: true,
    direct_asset_url: `${host}/group/app/-/releases/beaker%2F2.0%2Bb/downloads/bin/app`,
    link_type: "package",
  }],
});
assert.deepEqual(await releases.show(project, tagName), created);
assert.deepEqual(await releases.showLatest(project), created);

const changes = { name: "App 2.0.0", releasedAt: "2019-01-03T01:55:18.203Z" };
const edited = await releases.edit(project, tagName, changes);
assert.deepEqual(edited, { ...created, name: changes.name, released_at: changes.releasedAt });
assert.deepEqual(await releases.show(project, tagName), edited);

// With one release a page, the client follows two links to the next page.
await releases.create(project, { tagName: "beaker/3.0" });
const listed = await releases.all(project, { perPage: 1 });
assert.deepEqual(listed.map((release) => release.tag_name), ["beaker/3.0", "v0.1", tagName]);

const hasError = (status, description) => (error) => {
  assert.equal(error.cause.response.status, status);
  assert.deepEqual(error.cause.description, description);
  return true;
};
const taken = hasError(409, "Release already exists");
await assert.rejects(releases.create(project, { tagName }), taken);
await releases.remove(project, tagName);
const missing = hasError(404, "404 Not Found");
await assert.rejects(releases.show(project, tagName), missing);
const forbidden = hasError(403, "403 Forbidden");
await assert.rejects(releases.edit(project, tagName, { name: "a" }), forbidden);
await assert.rejects(releases.remove(project, tagName), forbidden);
console.log("gitbeaker: a release created, changed, listed and deleted, the errors met");
