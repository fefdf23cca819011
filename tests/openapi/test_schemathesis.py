"""Runs schemathesis on the API's description and the service.

`make schemathesis` runs these tests longer and with a random seed, which it prints. SEED repeats one.
"""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import DOCUMENT, KINDS, TOKEN, start

CONFIG = Path(__file__).with_name("schemathesis.toml")
MINUTES = os.environ.get("MINUTES")
SECONDS = float(MINUTES or 0.8) * 60
"""The time of all runs together. The tests of `make test` may take a minute."""
SEED = os.environ.get("SEED") or (secrets.randbelow(2**32) if MINUTES else 1)
CALLERS = {
    "a developer": (0.35, ["--header", f"PRIVATE-TOKEN: {TOKEN}", "--generation-with-security-parameters", "false"]),
    "nobody": (0.15, ["--warnings", "off"]),
}
"""The share of the time of each run, and the options. Nobody sends no token or a random one, which most operations
refuse, so that schemathesis would warn."""


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_generated_request_finds_a_fault(kind, caller, tmp_path):
    share, options = CALLERS[caller]
    with start() as gateways:
        result = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis", "--config-file", CONFIG, "run", DOCUMENT,
                "--url", gateways.urls[kind], "--max-time", str(round(share * SECONDS)), "--seed", str(SEED),
                "--no-color", *options,
            ],
            cwd=tmp_path, capture_output=True, text=True,
        )
    output = result.stdout + result.stderr
    phases = re.findall(r"(?:Examples|Coverage|Fuzzing|Stateful) \(in .+\)", output)
    cases = re.search(r"Test cases:\n *(.+)", output)
    print(f"\n{kind}, {caller}, seed {SEED}: {gateways.requests[kind]} requests, {cases and cases[1]}; {', '.join(phases)}")
    assert result.returncode == 0, output
    assert len(phases) == 4, output
