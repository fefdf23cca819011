// Tests the service with the unmodified @gitbeaker/rest client.
// Usage: node gitbeaker.mjs <service URL> <token>

import assert from "node:assert/strict";
import { Gitlab } from "@gitbeaker/rest";

const [host, token] = process.argv.slice(2);
const { ReleaseLinks: links } = new Gitlab({ host, token });
const release = ["group/app", "beaker/1.0"];

for (let n = 1; n <= 45; n += 1) {
  const link = await links.create(...release, `n${n}`, `https://e.com/${n}`, { directAssetPath: `/bin/${n}x1` });
  assert.equal(link.id, n);
}
const all = await links.all(...release);
assert.deepEqual(all.map((link) => link.id), Array.from({ length: 45 }, (_, index) => 45 - index));

assert.equal((await links.edit(...release, 45, { name: "renamed" })).name, "renamed");
assert.equal((await links.show(...release, 45)).name, "renamed");
await links.remove(...release, 45);

const hasError = (status, description) => (error) => {
  assert.equal(error.cause.response.status, status);
  assert.deepEqual(error.cause.description, description);
  return true;
};
await assert.rejects(links.show(...release, 45), hasError(404, "404 Not found"));
await assert.rejects(links.remove(...release, 45), hasError(404, "404 Not found"));
await assert.rejects(links.create(...release, "n1", "https://e.com/new"), (error) => error.cause.response.status === 400);

const api = new Gitlab({ host, token });
const project = await api.Projects.show("group/app");
assert.deepEqual([project.id, project.permissions.project_access.access_level], [24, 30]);
assert.equal((await api.Metadata.show()).version, "18.0.0");
assert.deepEqual(await api.Branches.all(24), []);
assert.equal((await api.ProjectMembers.show(24, 1, { includeInherited: true })).access_level, 30);
console.log("gitbeaker: 45 links created and listed, one changed, one deleted, the errors met");
