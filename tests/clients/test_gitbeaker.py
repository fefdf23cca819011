"""@gitbeaker/rest, unmodified."""

import subprocess
from pathlib import Path

from conftest import TOKEN


def test_gitbeaker_creates_lists_changes_and_deletes(service):
    ran = subprocess.run(
        ["node", "gitbeaker.mjs", service.url, TOKEN],
        cwd=Path(__file__).parent, capture_output=True, text=True, timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "gitbeaker: 45 links created and listed, one changed, one deleted, the errors met\n"
