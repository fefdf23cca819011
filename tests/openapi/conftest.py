"""Fixtures that start the service behind the gateways of the test kit."""

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs/openapi.json"
KINDS = ["http-api", "function-url"]
"""The kinds of gateways, whose events differ: an HTTP API decodes the path, and a function URL does not."""
TOKEN = "rlat-every-project"
"""The token of the test kit's persona that is a developer in every project."""


@dataclass
class Gateways:
    """A new service with the seeded data. Each gateway has a URL and, when it has ended, a number of requests."""

    urls: dict
    requests: dict = field(default_factory=dict)


@contextmanager
def start():
    """Starts the gateways. At their end, the program checks that the table is consistent."""
    process = subprocess.Popen(
        [ROOT / "target/debug/gateway"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )
    gateways = Gateways(dict(process.stdout.readline().split() for _ in KINDS))
    try:
        yield gateways
    finally:
        process.stdin.close()
        for line in process.stdout:
            kind, _, number, _ = line.split()
            gateways.requests[kind] = int(number)
        assert process.wait(timeout=60) == 0, "the table is inconsistent; see the output above"


@pytest.fixture
def gateways():
    with start() as running:
        yield running
