"""Sends every file in events/ with `make invoke`, which uses `cargo lambda invoke`."""

import json
import os
import subprocess
from datetime import datetime

from local_service import ROOT


def body(response, headers):
    text = response.get("body")
    is_json = text and headers["content-type"] == "application/json"
    return json.loads(text) if is_json else text or None


def like(value, expected):
    """The value with <time> for each text that may be any time, <page> for a page, and the description's name for it."""
    if expected == "<docs/openapi.json>":
        assert value == json.loads((ROOT / "docs/openapi.json").read_text())
        return expected
    if expected == "<page>":
        assert value.startswith(("<!DOCTYPE html>", "<?xml "))
        return expected
    if expected == "<time>":
        datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ")
        return expected
    if isinstance(value, dict) and isinstance(expected, dict):
        return {name: like(member, expected.get(name)) for name, member in value.items()}
    return value


def test_every_event_returns_the_documented_response(service):
    for expected in json.loads((ROOT / "tests/events.json").read_text().replace("http://127.0.0.1:9000", service.url)):
        result = subprocess.run(
            ["make", "-s", "invoke", f"EVENT={expected['event']}", f"PORT={service.port}"],
            cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, check=True, text=True, timeout=60,
        )
        response = json.loads(result.stdout)
        headers = {**{name: value[0] for name, value in response["multiValueHeaders"].items()}, **response["headers"]}
        assert response["statusCode"] == expected["status"], expected["event"]
        assert like(body(response, headers), expected["body"]) == expected["body"], expected["event"]
        assert {name: headers.get(name) for name in expected["headers"]} == expected["headers"], expected["event"]


def test_an_unknown_event_prints_the_available_events():
    result = subprocess.run(["make", "-s", "invoke", "EVENT=none"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode != 0
    assert "there is no events/none.json; name one of: " in result.stderr and "create-link" in result.stderr
