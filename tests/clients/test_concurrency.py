"""Several requests at once in one process, as Lambda managed instances send them."""

import json
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from conftest import TOKEN, start, stop
from loopback import free_port

AT_ONCE = 32


def create(url, n):
    body = json.dumps({"name": f"n{n}", "url": f"https://e.com/{n}"}).encode()
    headers = {"PRIVATE-TOKEN": TOKEN, "Content-Type": "application/json"}
    request = urllib.request.Request(url, data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["id"]


def test_one_process_answers_many_requests_at_once(tmp_path):
    settings = {"FUNCTIONS": "1", "AWS_LAMBDA_MAX_CONCURRENCY": str(AT_ONCE), "LOG_LEVEL": "info"}
    service = start(tmp_path / "dynamodb.sqlite", free_port(), **settings)
    printed = len(service.lines)
    url = f"{service.url}/api/v4/projects/24/releases/many/assets/links"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        started = time.monotonic()
        ids = sorted(pool.map(lambda n: create(url, n), range(AT_ONCE * 4)))
        elapsed_ms = (time.monotonic() - started) * 1_000
    assert stop(service) == 0
    assert len(set(ids)) == AT_ONCE * 4
    events = [json.loads(line)["fields"] for line in service.lines[printed:] if "request answered" in line]
    spent_ms = sum(event["duration_ms"] for event in events if event["operation"] == "create_link")
    # One after the other, the requests cannot take longer altogether than the time that passes.
    assert spent_ms > 4 * elapsed_ms, (spent_ms, elapsed_ms)
