"""Tests the service with the unmodified @gitbeaker/rest client."""

import subprocess
from pathlib import Path

from conftest import TOKEN


def test_gitbeaker_manages_links_and_receives_errors(service):
    result = subprocess.run(
        ["node", "gitbeaker.mjs", service.url, TOKEN],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "gitbeaker: 45 links created and listed, one changed, one deleted, the errors met\n"
