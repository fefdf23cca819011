"""A fixture that starts the service as `make run` does, with a separate port and state."""

import pytest

from local_service import start, stop
from loopback import free_port


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service with only the seeded data; each test module gets a new one."""
    running = start(tmp_path_factory.mktemp("state") / "dynamodb.sqlite", free_port())
    assert running.process.poll() is None, running.lines
    yield running
    assert stop(running) == 0
