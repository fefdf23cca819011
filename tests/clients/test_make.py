"""Checks the messages of `make run`, `make invoke` and `make smoke` when they fail."""

import json
import os
import re
import subprocess
import urllib.request

import pytest

from local_service import ROOT, TOKEN, start, stop
from loopback import free_port
from releases import request, tags


def make(*arguments, **environment):
    """Runs a target of the Makefile, and returns its exit code, its output and its first error."""
    # `make client-tests` passes its own options on, and a developer may have exported some of the variables.
    left_out = ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "PORT", "STATE", "FRESH", "API_URL", "TOKEN", "REVOKED_TOKEN", "PROJECT"]
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    result = subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT, env=inherited | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )
    errors = [line for line in result.stderr.splitlines() if line.startswith("make ")]
    return result.returncode, result.stdout, errors


def in_use(state, used, free):
    return (
        f"make run: the state in {state} is in use by the service on port {used}; end that service, or start another one "
        f"beside it with `make run PORT={free} STATE=.local/{free}.sqlite`"
    )


def test_make_run_refuses_a_state_that_another_service_uses(tmp_path):
    state, port, other = tmp_path / "dynamodb.sqlite", free_port(), free_port()
    first = start(state, port)
    request(first, "", {"tag_name": "kept"})
    for second_port, fresh, free in [(other, "1", other), (other, "", other), (port, "1", port + 1)]:
        second = start(state, second_port, FRESH=fresh)
        assert second.process.wait(timeout=20) == 1
        assert second.lines == [in_use(state, port, free)]
    assert stop(first) == 0
    again = start(state, other)
    assert tags(again) == ["kept"]
    again.process.kill()
    again.process.wait(timeout=20)
    fresh = start(state, port, FRESH="1")
    assert tags(fresh) == []
    assert stop(fresh) == 0


def test_make_run_passes_port_and_state_on(tmp_path):
    state, port, other = tmp_path / "dynamodb.sqlite", free_port(), free_port()
    service = start(state, port)
    code, _, errors = make("run", f"PORT={other}", f"STATE={state}", "FRESH=1")
    assert (code, errors) == (2, [in_use(state, port, other)])
    assert stop(service) == 0


def test_make_run_explains_a_state_that_it_cannot_lock(tmp_path):
    (tmp_path / "file").write_text("")
    service = start(tmp_path / "file/dynamodb.sqlite", free_port())
    assert service.process.wait(timeout=20) == 1
    assert service.lines == [
        f"make run: cannot lock the state with {tmp_path}/file/dynamodb.sqlite.lock: File exists (os error 17); "
        "choose another state with `make run STATE=…`"
    ]


def put_item(service, item):
    """Writes an item into the table of a running service."""
    engine = re.search(r"AWS_ENDPOINT_URL_DYNAMODB=(\S+)", "\n".join(service.lines))[1]
    message = urllib.request.Request(
        engine,
        data=json.dumps({"TableName": "release-links", "Item": item}).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.PutItem",
            # The engine asks for a signature, but does not verify it.
            "X-Amz-Date": "20261124T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20261124/eu-central-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        },
    )
    with urllib.request.urlopen(message, timeout=30) as response:
        assert response.status == 200


def test_make_run_names_fresh_for_a_state_of_an_earlier_version(tmp_path):
    state, port = tmp_path / "dynamodb.sqlite", free_port()
    service = start(state, port)
    put_item(service, {"pk": {"S": "24#v0.2"}, "sk": {"S": "release"}, "last_link_id": {"N": "3"}, "revision": {"N": "1"}})
    assert stop(service) == 0
    refused = start(state, port)
    assert refused.process.wait(timeout=20) == 1
    assert refused.lines == [
        f"make run: the state in {state} was written by an earlier version of this service, whose items it no longer "
        "reads: `make run FRESH=1` starts again with only the seeded data"
    ]
    fresh = start(state, port, FRESH="1")
    assert tags(fresh) == []
    assert stop(fresh) == 0
    again = start(state, port)
    assert tags(again) == []
    assert stop(again) == 0


def test_make_run_builds_every_program_that_it_starts_or_names(service):
    code, commands, _ = make("--dry-run", "run")
    assert code == 0
    programs = set(re.findall(r"target/debug/([\w-]+)", commands + "\n".join(service.lines)))
    assert programs == {"local", "release-links-admin"}
    for program in programs | {"release-links", "dynamodb-engine"}:
        assert f" --bin {program} " in commands.replace("\n", " "), commands


def test_make_invoke_without_a_service_says_how_to_start_one():
    port = free_port()
    code, printed, errors = make("invoke", "EVENT=create-link", f"PORT={port}")
    assert (code, printed) == (2, "")
    assert errors == [
        f"make invoke: no service listens on port {port}; start it with `make run`, or name its port with PORT=…"
    ]


def test_make_invoke_sends_an_event_to_the_running_service(service):
    code, printed, errors = make("invoke", "EVENT=list-links", f"PORT={service.port}")
    assert (code, errors) == (0, []) and "awesome-v0.2.msi" in printed


@pytest.mark.parametrize("name", ["TOKEN", "REVOKED_TOKEN"])
def test_make_smoke_refuses_a_token_on_the_command_line(name):
    code, printed, errors = make("smoke", "API_URL=http://127.0.0.1:1", f"{name}=secret", TOKEN="from the environment")
    assert (code, printed) == (2, "")
    assert errors == [
        f"make smoke: {name} is on the command line, where every user of this machine can read it: "
        f"write `export {name}`, and run `make smoke` without it"
    ]


@pytest.mark.parametrize("environment", [{}, {"API_URL": "https://links.example.com"}, {"TOKEN": TOKEN}])
def test_make_smoke_says_what_it_needs(environment):
    code, printed, errors = make("smoke", **environment)
    assert (code, printed) == (2, "")
    assert errors == [
        "make smoke: API_URL and TOKEN are required: export TOKEN, a token that has the role developer in project 24 or in "
        "the one that PROJECT=… names, and run make smoke API_URL=… with the output ApiUrl of the stack."
    ]


UNPROTECTED = ", and without TLS, anyone on the network path could read the token: set it to the output ApiUrl of the stack, which begins with https://."
UNUSABLE = {
    "http://links.example.com": UNPROTECTED,
    "http://10.0.0.1:9000": UNPROTECTED,
    "http://0.0.0.0:9000": UNPROTECTED,
    "http://127.0.0.1.example.com": UNPROTECTED,
    "http://localhost.example.com": UNPROTECTED,
    "HTTP://127.0.0.1@example.com/": UNPROTECTED,
    "links.example.com": ": set it to the output ApiUrl of the stack.",
    "https://links.example.com:port": ": Port could not be cast to integer value as 'port'. Set it to the output ApiUrl of the stack.",
    "https://[::1": ": Invalid IPv6 URL. Set it to the output ApiUrl of the stack.",
}


@pytest.mark.parametrize("url", UNUSABLE)
def test_make_smoke_refuses_an_address_before_it_sends_the_token(url):
    code, printed, errors = make("smoke", f"API_URL={url}", TOKEN=TOKEN)
    assert (code, printed) == (2, "")
    assert errors == [f"make smoke: API_URL is {url!r}{UNUSABLE[url]}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "[::1]", "localhost", "links.localhost"])
def test_make_smoke_sends_the_token_to_this_machine_without_tls(host):
    code, printed, errors = make("smoke", f"API_URL=http://{host}:{free_port()}", TOKEN=TOKEN)
    assert (code, printed, len(errors)) == (2, "", 1)
    assert re.fullmatch(rf"make smoke: {re.escape(host)}:\d+ does not respond: \[Errno \d+\] [A-Z][a-z ]+", errors[0]), errors
