"""Every file in events/ through `cargo lambda invoke`, as `make invoke` sends it."""

import json
import os
import subprocess

from conftest import ROOT


def test_every_event_is_answered_as_documented(service):
    for expected in json.loads((ROOT / "tests/events.json").read_text().replace("http://127.0.0.1:9000", service.url)):
        printed = subprocess.run(
            ["make", "-s", "invoke", f"EVENT={expected['event']}", f"PORT={service.port}"],
            cwd=ROOT, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, check=True, text=True, timeout=60,
        )
        response = json.loads(printed.stdout)
        headers = {**{name: value[0] for name, value in response["multiValueHeaders"].items()}, **response["headers"]}
        assert response["statusCode"] == expected["status"], expected["event"]
        assert json.loads(response["body"]) == expected["body"], expected["event"]
        assert {name: headers.get(name) for name in expected["headers"]} == expected["headers"], expected["event"]


def test_an_unknown_event_is_said_in_one_sentence():
    printed = subprocess.run(["make", "-s", "invoke", "EVENT=none"], cwd=ROOT, capture_output=True, text=True)
    assert printed.returncode != 0
    assert "there is no events/none.json; name one of: " in printed.stderr and "create-link" in printed.stderr
