"""Checks the log that the function process writes."""

import json
import re
import subprocess

from local_service import ROOT, TOKEN, start, stop
from loopback import free_port


def test_tokens_are_not_logged_at_the_most_verbose_level(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), LOG_LEVEL="trace")
    startup_lines = len(service.lines)
    links = f"{service.url}/api/v4/projects/24/releases/v0.1/assets/links"
    for arguments in [
        ["--header", f"PRIVATE-TOKEN: {TOKEN}", "--data", "name=a", "--data", "url=http://a", links],
        ["--header", f"Authorization: Bearer {TOKEN}", links],
        [f"{links}?private_token={TOKEN}"],
        ["--data", f"private_token={TOKEN}", "--data", "name=a", "--data", "url=http://a", links],
        ["--header", f"PRIVATE-TOKEN: {TOKEN}-junk", links],
    ]:
        subprocess.run(["curl", "-sS", "--max-time", "10", *arguments], capture_output=True, check=True)
    assert stop(service) == 0
    log = "\n".join(service.lines[startup_lines:])
    assert log.count('"message":"request answered"') >= 5 and '"level":"DEBUG"' in log
    assert TOKEN not in log


def test_each_request_writes_one_log_event(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), LOG_LEVEL="info", FUNCTIONS="1")
    startup_lines = len(service.lines)
    url = f"{service.url}/api/v4/projects/24/releases/v0.1%0a%22/assets/links/1"
    subprocess.run(["curl", "-sS", "--max-time", "10", "--header", f"PRIVATE-TOKEN: {TOKEN}", url], check=True)
    assert stop(service) == 0
    [line] = service.lines[startup_lines:]
    event = json.loads(line)
    # Lambda filters the log by these two fields. It assigns the level INFO to an event without a valid timestamp.
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["timestamp"]) and event["level"] == "INFO"
    fields = event["fields"]
    expected = {
        "message": "request answered", "method": "GET", "operation": "get_link", "project": "24", "tag": 'v0.1\n"',
        "token": 1, "status": 404, "dynamodb_calls": 2,
    }
    assert {name: fields.get(name) for name in expected} == expected
    assert fields["duration_ms"] > 0 and fields["request_id"]
    assert line.count(fields["request_id"]) == 1 and '"span' not in line, "the request ID occurs once"
    section = (ROOT / "docs/operations.md").read_text().split("## Logs and dashboard")[1].split("\n## ")[0]
    assert [name for name in fields if f"`{name}`" not in section] == [], "the names are documented"


def test_the_log_level_of_lambda_takes_precedence(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), LOG_LEVEL="info", AWS_LAMBDA_LOG_LEVEL="WARN")
    assert stop(service) == 0
    log = "\n".join(service.lines)
    assert '"request answered"' not in log and "release-links starts" not in log


def test_long_paths_are_truncated_in_the_log(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), LOG_LEVEL="info", FUNCTIONS="1")
    startup_lines = len(service.lines)
    long = "x" * 4_500
    for project in ["24", long]:
        url = f"{service.url}/api/v4/projects/{project}/releases/{long}/assets/links"
        subprocess.run(["curl", "-sS", "--max-time", "10", "--output", "/dev/null", url], check=True)
    assert stop(service) == 0
    lines = service.lines[startup_lines:]
    events = [json.loads(line)["fields"] for line in lines if '"fields"' in line]
    assert [(event["project"], event["tag"]) for event in events] == [("24", "x" * 256), ("x" * 256, "x" * 256)]
    assert len(lines) == 2 and max(map(len, lines)) < 1_500, lines
