"""Runs the commands that `make run` prints, and compares the responses with GitLab's documentation."""

import json
import subprocess

from local_service import ROOT, TOKEN, start, stop
from loopback import free_port

DMG = {"id": 1, "name": "awesome-v0.2.dmg", "url": "http://192.168.10.15:3000", "external": True}
MSI = {"id": 2, "name": "awesome-v0.2.msi", "url": "http://192.168.10.15:3000/msi", "external": True}
RENAMED = {**DMG, "name": "new name"}


def documented(link):
    """Returns the fields that the documentation shows, which are the first four."""
    return dict(list(link.items())[:4])


def run_curl(command):
    """Runs a curl command in a shell, and returns the JSON response."""
    result = subprocess.run(["bash", "-c", f"{command} -sS --max-time 10"], capture_output=True, check=True, text=True)
    return json.loads(result.stdout)


def test_printed_commands_return_the_documented_responses(service):
    create, listing, get, update, delete = [line for line in service.lines if line.startswith("curl ")]
    assert run_curl(create.replace(f'--header "PRIVATE-TOKEN: {TOKEN}"', "")) == {"message": "403 Forbidden"}
    assert documented(run_curl(create)) == DMG
    assert [documented(link) for link in run_curl(listing)] == [MSI, DMG]
    assert documented(run_curl(get)) == DMG
    assert documented(run_curl(update)) == RENAMED
    assert documented(run_curl(delete)) == RENAMED
    assert run_curl(get) == {"message": "404 Not found"}


def test_the_walkthrough_shows_the_exact_responses(tmp_path):
    service = start(tmp_path / "dynamodb.sqlite", free_port(), FRESH="1")
    text = (ROOT / "docs/walkthrough.md").read_text()
    transcript = text.split("```console\n")[1].split("```")[0].splitlines()
    commands, responses = transcript[::2], transcript[1::2]
    assert len(commands) == len(responses) == 5
    for command, response in zip(commands, responses):
        assert command.startswith("$ curl ")
        assert "http://127.0.0.1:9000/" in command
        command = command.removeprefix("$ ").replace("http://127.0.0.1:9000", service.url)
        result = subprocess.run(
            ["bash", "-c", f"{command} -sS --max-time 10"], capture_output=True, check=True, text=True
        )
        assert result.stdout == response
    assert stop(service) == 0


def test_state_persists_until_a_fresh_start(tmp_path):
    state, port = tmp_path / "dynamodb.sqlite", free_port()
    for fresh, expected in [("", ["awesome-v0.2.msi"]), ("", ["awesome-v0.2.msi", "x"]), ("1", ["awesome-v0.2.msi"])]:
        service = start(state, port, FRESH=fresh)
        links = f"{service.url}/api/v4/projects/group%2Fapp/releases/v0.1/assets/links"
        assert [link["name"] for link in run_curl(f"curl {links}")] == expected
        run_curl(f"curl --header 'PRIVATE-TOKEN: {TOKEN}' --data name=x --data url=http://x {links}")
        assert stop(service) == 0


def test_a_port_in_use_prints_a_one_line_error(service, tmp_path):
    second = start(tmp_path / "dynamodb.sqlite", service.port)
    assert second.process.wait(timeout=20) == 1
    assert second.lines == [
        f"make run: port {service.port} is in use; end what uses it, or choose another with `make run PORT=9001`"
    ]


def test_the_printed_admin_command_lists_the_seeded_token(service):
    command = next(line for line in service.lines if "release-links-admin" in line)
    result = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=True, text=True)
    assert "documentation" in result.stdout and "24=developer" in result.stdout
    assert TOKEN not in result.stdout
