"""Runs the commands that the buttons copy in a shell, which downloads and checks the files."""

import hashlib
import subprocess

import pytest

import chromium
from published import manage, publish
from web_server import serve

# The filepath may have any character after its first slash, and a name any character at all.
FILEPATHS = ["/'app", "/$HOME", "/ app", "/`id", "/\\new", '/"app', "/-app", "/bin/app-2.0.tar.gz"]
CONTENT = b"the released file\n"


def asset(files, number, filepath, content=CONTENT):
    """The attributes of a link to the file of this number, with the digest of the content."""
    digest = hashlib.sha256(content).hexdigest()
    return {
        "name": f'it\'s ${number} "a b"',
        "url": f"{files}/{number}",
        "direct_asset_path": filepath,
        "digest": digest,
    }


@pytest.fixture(scope="module")
def files():
    """A web server that hosts the released files; its URL."""
    with serve({f"/{number}": CONTENT for number in range(len(FILEPATHS) + 1)}) as server:
        yield server.url


@pytest.fixture(scope="module")
def token(service):
    """A token of a public project, which is 26, and of a private one, which is 27."""
    manage(
        service,
        "project",
        "create",
        "--id",
        "26",
        "--path",
        "tools/public",
        "--visibility",
        "public",
    )
    manage(
        service,
        "project",
        "create",
        "--id",
        "27",
        "--path",
        "tools/private",
        "--visibility",
        "private",
    )
    return manage(
        service,
        "token",
        "create",
        "--label",
        "pages",
        "--grant",
        "26=developer",
        "--grant",
        "27=developer",
    ).split()[-1]


def commands(url):
    """Returns the commands that the buttons of the page copy."""
    copies = chromium.run("copy.mjs", url=url)
    return [copy["copied"] for copy in copies if copy["name"].startswith("Copy curl command for ")]


def run(shell, command, folder, **environment):
    """Runs the command in the folder, and returns its exit status and what it prints."""
    folder.mkdir()
    variables = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"} | environment
    result = subprocess.run(
        [shell, "-c", command],
        cwd=folder,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
    )
    return result.returncode, result.stdout


def test_the_commands_download_and_check_files_of_any_name(service, token, files, tmp_path):
    links = [asset(files, number, filepath) for number, filepath in enumerate(FILEPATHS)]
    publish(service, {"tag_name": "it's/$1 0", "assets": {"links": links[::-1]}}, 26, token)
    copied = commands(f"{service.url}/tools/public/-/releases/it's%2F$1%200")
    assert len(copied) == len(FILEPATHS)
    for shell in ["sh", "bash"]:
        for number, (filepath, command) in enumerate(zip(FILEPATHS, copied)):
            folder, name = tmp_path / f"{shell}{number}", filepath.rsplit("/")[-1]
            checked = f"./{name}" if name.startswith("-") else name
            # sha256sum would read the backslash as the beginning of an escape.
            printed = "" if "\\" in name else f"{checked}: OK\n"
            assert run(shell, command, folder) == (0, printed), command
            assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: CONTENT}


def test_the_command_fails_for_a_file_with_another_digest(service, token, files, tmp_path):
    link = asset(files, len(FILEPATHS), "/bin/app", b"what was released")
    publish(service, {"tag_name": "changed", "assets": {"links": [link]}}, 26, token)
    [command] = commands(f"{service.url}/tools/public/-/releases/changed")
    assert run("sh", command, tmp_path / "folder") == (1, "app: FAILED\n")


def test_the_command_of_a_private_project_takes_the_token_from_the_environment(
    service, token, files, tmp_path
):
    publish(
        service, {"tag_name": "v1", "assets": {"links": [asset(files, 0, "/bin/app")]}}, 27, token
    )
    [command] = commands(f"{service.url}/tools/private/-/releases/v1?private_token={token}")
    assert token not in command
    assert run("sh", command, tmp_path / "with", TOKEN=token) == (0, "app: OK\n")
    # curl exits with 22 for a status of 400 or more, and nothing is checked.
    assert run("sh", command, tmp_path / "without", TOKEN="") == (22, "")
