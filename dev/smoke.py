"""`make smoke`: sends real requests to a deployment, and prints each result next to the expected one.

It checks what only a real account can show: how the gateway encodes paths, which headers it keeps, which sizes it accepts,
and how long requests take. It creates releases of its own in the project, and deletes them at the end. Their date is 1970, so
that none of them is the latest release of the project.
"""

import http.client
import ipaddress
import json
import os
import secrets
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

MAX_BODY = 64 * 1024
WARM_REQUESTS = 40
# A new account may run only ten instances at once.
CONCURRENT_REQUESTS = 8


class Stop(Exception):
    """A reason why the checks cannot run, in one sentence for the user."""


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    milliseconds: float

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def field(self, name):
        value = self.json()
        return value.get(name) if isinstance(value, dict) else None

    def __str__(self):
        return f"{self.status} {self.body[:80].decode(errors='replace')}"


def loopback_address(host):
    """The address to connect to if the host is this machine, otherwise None."""
    # Names below localhost are the loopback interface (RFC 6761, section 6.3), also without a resolver that knows it.
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        return host if ipaddress.ip_address(host).is_loopback else None
    except ValueError:
        return None


class Service:
    """The deployment. Paths are sent exactly as they are given."""

    def __init__(self, url, token):
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise Stop(f"API_URL is {url!r}: {error}. Set it to the output ApiUrl of the stack.") from error
        if parts.scheme not in ("http", "https") or not host:
            raise Stop(f"API_URL is {url!r}: set it to the output ApiUrl of the stack.")
        address = loopback_address(host)
        if parts.scheme == "http" and not address:
            raise Stop(f"API_URL is {url!r}, and without TLS, anyone on the network path could read the token: set it to the output ApiUrl "
                       "of the stack, which begins with https://.")
        self.host, self.prefix, self.token = parts.netloc, parts.path.rstrip("/"), token
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        # A resolver may not know the names below localhost. TLS needs the host's own name.
        target = address if parts.scheme == "http" and address else host
        self.connect = lambda: kind(target, port, timeout=30)
        self.connection = self.connect()
        self.url = url

    def with_new_connection(self):
        """The same service over another connection."""
        return Service(self.url, self.token)

    def send(self, method, path, body=None, content_type=None, headers=None, anonymous=False):
        headers = {"Host": self.host, **({} if anonymous else {"PRIVATE-TOKEN": self.token}), **(headers or {})}
        if content_type:
            headers["Content-Type"] = content_type
        started = time.monotonic()
        # A repeated POST would fail, because the first one may have created the link.
        for is_last in [True] if method == "POST" else [False, True]:
            try:
                self.connection.request(method, self.prefix + path, body, headers)
                response = self.connection.getresponse()
                content = response.read()
                break
            except (http.client.HTTPException, OSError) as error:
                # The gateway closes idle connections, so the first failure is not a finding.
                self.connection.close()
                self.connection = self.connect()
                if is_last:
                    raise Stop(f"{self.host} does not respond: {error}") from error
        return Reply(response.status, response.headers, content, (time.monotonic() - started) * 1000)

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def create(self, links, name, **fields):
        body = json.dumps({"name": name, "url": f"https://example.com/{name}", **fields})
        return self.send("POST", links, body, "application/json")


def percentiles(milliseconds):
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return "p50 {:.0f} ms, p90 {:.0f} ms, p99 {:.0f} ms".format(*(cuts[at] for at in [49, 89, 98]))


class Report:
    """The table of checks."""

    def __init__(self):
        self.rows = []

    def check(self, question, expected, seen, is_expected):
        self.rows.append((question, expected, str(seen), "ok" if is_expected else "DIFFERENT"))

    def status(self, question, expected, reply):
        self.check(question, str(expected), reply.status if reply.status == expected else reply, reply.status == expected)

    def note(self, question, seen):
        """Adds a result that has no expected value."""
        self.rows.append((question, "-", seen, "-"))

    def print(self):
        rows = [("CHECK", "EXPECTED", "SEEN", "RESULT"), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip())

    def differences(self):
        return [row for row in self.rows if row[3] == "DIFFERENT"]


class Smoke:
    def __init__(self, service, project, revoked_token):
        self.service, self.report, self.revoked_token = service, Report(), revoked_token
        self.releases = f"/api/v4/projects/{quote(project, safe='')}/releases"
        self.run = secrets.token_hex(4)
        self.tags = []

    def release(self, tag):
        """The path of a release, which is created when it is first used and deleted at the end."""
        if tag not in self.tags:
            self.tags.append(tag)
            body = json.dumps({"tag_name": tag, "released_at": "1970-01-01"})
            created = self.service.send("POST", self.releases, body, "application/json")
            if created.status != 201:
                raise Stop(f"a release cannot be created in {self.releases} ({created}). TOKEN needs the role developer in the "
                           "project that PROJECT names.")
            if len(self.tags) == 1:
                self.report.note("first request, perhaps a cold start", f"{created.milliseconds:.0f} ms")
        return f"{self.releases}/{quote(tag, safe='')}"

    def links(self, tag):
        """The path of the links of a release."""
        return f"{self.release(tag)}/assets/links"

    def check_documented_requests(self):
        links, report = self.links(f"smoke-{self.run}"), self.report
        created = self.service.send("POST", links, "name=app&url=https://example.com/app", "application/x-www-form-urlencoded")
        report.status("create a link", 201, created)
        link = f"{links}/{created.field('id')}"
        report.status("list the links", 200, self.service.get(links))
        report.status("get the link", 200, self.service.get(link))
        updated = self.service.send("PUT", link, "name=renamed", "application/x-www-form-urlencoded")
        report.check("update the link", "200 renamed", f"{updated.status} {updated.field('name')}", updated.field("name") == "renamed")
        report.status("delete the link", 200, self.service.send("DELETE", link))
        report.status("get the deleted link", 404, self.service.get(link))
        report.status("a path outside the API", 404, self.service.get("/nowhere"))

    def check_releases_and_latest(self):
        report, form = self.report, "application/x-www-form-urlencoded"
        tag = f"smoke/release {self.run}"
        release = self.release(tag)
        self.service.create(f"{release}/assets/links", "app", filepath="/bin/app")
        shown = self.service.get(release)
        count = (shown.field("assets") or {}).get("count")
        report.check("get a release", f"200 {tag}, 1 link", f"{shown.status} {shown.field('tag_name')}, {count} link",
                     (shown.field("tag_name"), count) == (tag, 1))
        updated = self.service.send("PUT", release, "name=renamed", form)
        report.check("update the release", "200 renamed", f"{updated.status} {updated.field('name')}", updated.field("name") == "renamed")
        report.status("list the releases", 200, self.service.get(f"{self.releases}?per_page=1"))
        address = urlsplit((shown.field("_links") or {}).get("self") or "").path.removeprefix(self.service.prefix)
        page = self.service.get(address, headers={"Accept": "text/html"})
        media_type = page.headers["Content-Type"]
        report.check("open the page of the release", "200 text/html; charset=utf-8, with the file", f"{page.status} {media_type}",
                     (page.status, media_type, b"/downloads/bin/app" in page.body) == (200, "text/html; charset=utf-8", True))
        report.status("download an asset of the release", 302, self.service.get(f"{release}/downloads/bin/app"))
        latest = self.service.get(f"{self.releases}/permalink/latest")
        location = latest.headers["Location"] or ""
        report.check("the latest release", "302, a path below the API", f"{latest.status} {location}",
                     latest.status == 302 and location.startswith(f"{self.service.prefix}/api/v4/projects/"))
        report.status("delete the release", 200, self.service.send("DELETE", release))
        report.status("get the deleted release", 404, self.service.get(release))

    def check_encoding(self):
        for character, name in [("/", "%2F"), ("#", "%23"), ("%", "%25"), (" ", "%20"), ("+", "%2B")]:
            # A tag must not contain a % before two hexadecimal digits: an HTTP API decodes the path, and the service decodes
            # it again.
            links = self.links(f"smoke{character}-{self.run}")
            created = self.service.create(links, "app")
            found = [link["name"] for link in self.service.get(links).json() or []] if created.status == 201 else created
            self.report.check(f"{name} in a tag", "['app']", found, found == ["app"])
        # An HTTP API cuts the path here, so that it matches no route. Other gateways do not, and the service refuses the tag.
        created = self.service.create(f"{self.releases}/smoke%3F{self.run}/assets/links", "app")
        self.report.check("%3F in a tag", "400 or 404", created.status, created.status in (400, 404))
        listed = self.service.get(f"{self.links(f'smoke-{self.run}')}?per_page=%31%30")
        self.report.check("an encoded query", "X-Per-Page: 10", f"X-Per-Page: {listed.headers['X-Per-Page']}", listed.headers["X-Per-Page"] == "10")

    def check_headers(self):
        links, report = self.links(f"smoke-headers-{self.run}"), self.report
        self.service.create(links, "app")
        listed = self.service.get(links)
        next_page = listed.headers["X-Next-Page"]
        report.check("X-Next-Page without a next page", "empty or absent", repr(next_page), next_page in (None, ""))
        unknown = self.service.get(links, headers={"PRIVATE-TOKEN": "not-a-token-of-this-service"})
        report.status("an unknown token", 401, unknown)
        self.check_challenge(links)
        etag = listed.headers["ETag"]
        unchanged = self.service.get(links, headers={"If-None-Match": etag or ""})
        report.status("If-None-Match with the ETag", 304, unchanged)
        head = self.service.send("HEAD", links)
        report.check("HEAD", "200, X-Total: 1", f"{head.status}, X-Total: {head.headers['X-Total']}",
                     (head.status, head.headers["X-Total"]) == (200, "1"))
        # CloudFront accepts 8,192 bytes.
        long = self.service.get(f"{links}?padding={'x' * 7_600}")
        size = len(long.headers["Link"] or "")
        report.check("a query of 7.6 KB", "200, Link below 4 KB", f"{long.status}, {size} bytes", long.status == 200 and 0 < size < 4_096)

    def check_challenge(self, links):
        """API Gateway may rename the header. Like GitLab, the service sends it for a token that it knows to be invalid."""
        question, expected = "the challenge of a revoked token", "401 [x-amzn-remapped-]WWW-Authenticate"
        if not self.revoked_token:
            self.report.note(question, "not checked: set REVOKED_TOKEN")
            return
        refused = self.service.get(links, headers={"PRIVATE-TOKEN": self.revoked_token})
        names = [name for name in refused.headers if name.lower().endswith("www-authenticate")]
        self.report.check(question, expected, f"{refused.status} {', '.join(names)}", refused.status == 401 and len(names) == 1)

    def check_bodies(self):
        links, report = self.links(f"smoke-bodies-{self.run}"), self.report
        boundary = "smoke"
        parts = "".join(f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in
                        [("name", "multipart"), ("url", "https://example.com/multipart")])
        for kind, body, content_type in [
            ("form", "name=form&url=https://example.com/form%3Fa%3Db", "application/x-www-form-urlencoded"),
            ("multipart", f"{parts}--{boundary}--\r\n", f"multipart/form-data; boundary={boundary}"),
            ("JSON", json.dumps({"name": "JSON", "url": "https://example.com/json"}), "application/json"),
        ]:
            created = self.service.send("POST", links, body, content_type)
            report.check(f"a {kind} body", f"201 {kind}", f"{created.status} {created.field('name')}", created.field("name") == kind)
        for size, expected in [(MAX_BODY, 201), (MAX_BODY + 1, 413)]:
            start = json.dumps({"name": f"{size} bytes", "url": f"https://example.com/{size}", "padding": ""})[:-2]
            body = start + "x" * (size - len(start) - 2) + '"}'
            report.status(f"a body of {size} bytes", expected, self.service.send("POST", links, body, "application/json"))

    def check_permanent_urls(self):
        tag, report = f"smoke/downloads {self.run}", self.report
        created = self.service.create(self.links(tag), "app", filepath="/bin/app")
        permanent = urlsplit(created.field("direct_asset_url") or "").path.removeprefix(self.service.prefix)
        is_public = self.service.get(self.links(tag), anonymous=True).status == 200

        def check(question, reply, expected):
            seen = f"{reply.status} {reply.headers['Location'] or ''}".strip()
            report.check(question, expected, seen, seen == expected)

        redirect = "302 https://example.com/app"
        check("a permanent URL", self.service.get(permanent), redirect)
        check("HEAD of a permanent URL", self.service.send("HEAD", permanent), redirect)
        check(f"a permanent URL, anonymous, {'public' if is_public else 'private'} project",
              self.service.get(permanent, anonymous=True), redirect if is_public else "404")
        check("a permanent URL of an unknown filepath", self.service.get(permanent + "-unknown"), "404")
        check("a permanent URL of an unknown tag", self.service.get(permanent.replace(self.run, "unknown")), "404")

        if is_public:
            self.note_cache(permanent)

    def note_cache(self, permanent):
        """Reports whether a cache in front of the service answers a download that it has answered before."""
        first, second = [self.service.get(permanent, anonymous=True) for _ in range(2)]
        # The ID of a request is new for each call of the function.
        is_kept = first.headers["X-Request-Id"] == second.headers["X-Request-Id"]
        seen = ", ".join(f"{name}: {second.headers[name]}" for name in ["X-Cache", "Age"] if second.headers[name])
        calls = "no call of the function" if is_kept else "a call of the function"
        self.report.note("a download that was answered before", f"{calls}{f' ({seen})' if seen else ''}")

    def measure_cold_starts(self):
        """Sends requests at the same time: each one that finds no idle instance starts a new one."""
        links = self.links(f"smoke-headers-{self.run}")
        connections = [self.service.with_new_connection() for _ in range(CONCURRENT_REQUESTS)]
        with ThreadPoolExecutor(CONCURRENT_REQUESTS) as threads:
            replies = list(threads.map(lambda service: service.get(links), connections))
        failed = [reply for reply in replies if reply.status != 200]
        self.report.check(f"{CONCURRENT_REQUESTS} requests at once", "200 each", f"{len(failed)} failed", not failed)
        self.report.note("round trip with a new connection, mostly cold starts", percentiles([reply.milliseconds for reply in replies]))

    def measure_latency(self):
        links = self.links(f"smoke-headers-{self.run}")
        replies = [self.service.get(links) for _ in range(WARM_REQUESTS)]
        failed = [reply for reply in replies if reply.status != 200]
        self.report.check(f"{WARM_REQUESTS} more requests", "200 each", f"{len(failed)} failed", not failed)
        for name, values in [
            ("round trip of a warm request", [reply.milliseconds for reply in replies]),
            ("time in the function, X-Runtime", [float(reply.headers["X-Runtime"] or 0) * 1000 for reply in replies]),
        ]:
            self.report.note(name, percentiles(values))

    def clean_up(self):
        remaining = 0
        for tag in self.tags:
            deleted = self.service.send("DELETE", f"{self.releases}/{quote(tag, safe='')}")
            # Like GitLab, the service returns 403 for a release that does not exist.
            remaining += deleted.status not in (200, 403)
        self.report.check("the releases that the checks created are deleted", "0 left", f"{remaining} left", remaining == 0)


def main():
    url, token, project = (os.environ.get(name, "") for name in ["API_URL", "TOKEN", "PROJECT"])
    if not url or not token:
        raise Stop("API_URL and TOKEN are required: export TOKEN, a token that has the role developer in project 24 or in the one "
                   "that PROJECT=… names, and run make smoke API_URL=… with the output ApiUrl of the stack.")
    smoke = Smoke(Service(url, token), project or "24", os.environ.get("REVOKED_TOKEN"))
    try:
        for checks in [
            smoke.check_documented_requests, smoke.check_releases_and_latest, smoke.check_encoding, smoke.check_headers,
            smoke.check_bodies, smoke.check_permanent_urls, smoke.measure_cold_starts, smoke.measure_latency,
        ]:
            checks()
    finally:
        smoke.clean_up()
    smoke.report.print()
    differences = smoke.report.differences()
    if differences:
        print(flush=True)
        raise Stop(f"{len(differences)} of {len(smoke.report.rows)} checks differ from what is expected; see the table above.")
    print(f"\nmake smoke: {len(smoke.report.rows)} checks, all as expected.")


if __name__ == "__main__":
    try:
        main()
    except Stop as reason:
        sys.exit(f"make smoke: {reason}")
