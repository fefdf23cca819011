"""Generates a client from the API's description with openapi-python-client, and uses it."""

import importlib
import inspect
import subprocess
import sys
import typing
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import DOCUMENT, KINDS, TOKEN

RELEASE = {"id": "group/app", "tag_name": "client/1.0"}
LINK = {"name": "app.dmg", "url": "https://e.com/app.dmg", "direct_asset_path": "/bin/app", "link_type": "package"}
RELEASES = "api_v4_projects_id_releases"
LINKS = "api_v4_projects_id_releases_tag_name_assets_links"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The folder of the generated package. A warning of the generator is a failure. It does not format the files."""
    folder = tmp_path_factory.mktemp("generated")
    # The generator knows no feeds, which are text to it.
    feeds = "content_type_overrides:\n  application/atom+xml: text/plain\n"
    (folder / "config.yaml").write_text(f"post_hooks: []\n{feeds}")
    result = subprocess.run(
        [
            Path(sys.executable).parent / "openapi-python-client", "generate", "--path", DOCUMENT, "--fail-on-warning",
            "--config", "config.yaml",
            "--meta", "none", "--output-path", "generated_client",
        ],
        cwd=folder, capture_output=True, text=True, timeout=60,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    sys.path.insert(0, str(folder))
    yield folder / "generated_client"
    sys.path.remove(str(folder))


@pytest.fixture(params=KINDS)
def client(package, gateways, request):
    """Calls the operations of the generated client, and returns what it parsed."""
    generated = importlib.import_module("generated_client")
    connected = generated.AuthenticatedClient(
        base_url=gateways.urls[request.param], token=TOKEN, prefix="", auth_header_name="PRIVATE-TOKEN",
        raise_on_unexpected_status=True,
    )

    def call(operation, body=None, **parameters):
        (file,) = package.glob(f"api/*/{operation}.py")
        function = importlib.import_module(f"generated_client.api.{file.parent.name}.{operation}").sync_detailed
        if body is not None:
            annotation = inspect.signature(function).parameters["body"].annotation
            models = typing.get_args(annotation) or [annotation]
            parameters["body"] = next(model for model in models if hasattr(model, "from_dict")).from_dict(body)
        response = function(client=connected, **parameters)
        parsed = response.parsed
        return SimpleNamespace(
            status=response.status_code,
            body=[one.to_dict() for one in parsed] if isinstance(parsed, list) else parsed and parsed.to_dict(),
        )
    return call


def test_every_generated_function_can_be_imported(package):
    files = [file for file in package.glob("api/*/*.py") if file.stem != "__init__"]
    assert len(files) > 4
    for file in files:
        importlib.import_module(f"generated_client.api.{file.parent.name}.{file.stem}")


def test_the_generated_client_creates_a_release(client):
    created = client(f"post_{RELEASES}", {"tag_name": "client/1.0", "ref": "main", "name": "One"}, id="group/app")
    assert (created.status, created.body["tag_name"], created.body["name"]) == (201, "client/1.0", "One")
    assert client(f"get_{RELEASES}_tag_name", **RELEASE).body == created.body


def test_the_generated_client_manages_links(client):
    created = client(f"post_{LINKS}", LINK, **RELEASE)
    assert (created.status, created.body["id"], created.body["name"]) == (201, 1, "app.dmg")
    assert client(f"get_{LINKS}", **RELEASE).body == [created.body]
    assert client(f"get_{LINKS}_link_id", **RELEASE, link_id=1).body == created.body
    changed = client(f"put_{LINKS}_link_id", {"name": "new name", "link_type": "image"}, **RELEASE, link_id=1)
    assert (changed.status, changed.body) == (200, created.body | {"name": "new name", "link_type": "image"})
    assert client(f"delete_{LINKS}_link_id", **RELEASE, link_id=1).body == changed.body
    assert client(f"get_{LINKS}", **RELEASE).body == []


def test_the_generated_client_receives_errors(client):
    taken = client(f"post_{LINKS}", {"name": "awesome-v0.2.msi", "url": "https://e.com"}, id="24", tag_name="v0.1")
    assert (taken.status, taken.body) == (400, {"message": ["Name has already been taken"]})
    missing = client(f"get_{LINKS}_link_id", id="24", tag_name="v0.1", link_id=9)
    assert (missing.status, missing.body) == (404, {"message": "404 Not found"})
