"""Runs schemathesis with the API's description against the service.

`make schemathesis` runs these tests for longer and with a random seed, which it prints. SEED repeats one.
"""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import DOCUMENT, TOKEN, start

CONFIG = Path(__file__).with_name("schemathesis.toml")
MINUTES = os.environ.get("MINUTES")
SECONDS = float(MINUTES or 0.8) * 60
"""The time of all runs together."""
SEED = os.environ.get("SEED") or str(secrets.randbelow(2**32) if MINUTES else 1)
NO_OTHER_TOKENS = ["--generation-with-security-parameters", "false"]
# To prepare the requests of an operation takes longer than to send them, and one run with these methods is enough.
NEITHER_HEAD_NOR_OPTIONS = ["--exclude-method", "HEAD", "--exclude-method", "OPTIONS"]
RUNS = {
    "http-api, PRIVATE-TOKEN": (0.45, ["--header", f"PRIVATE-TOKEN: {TOKEN}", *NO_OTHER_TOKENS]),
    "function-url, JOB-TOKEN": (0.35, ["--header", f"JOB-TOKEN: {TOKEN}", *NO_OTHER_TOKENS, *NEITHER_HEAD_NOR_OPTIONS]),
    # Most requests without a token, or with a random one, are refused, of which schemathesis would warn.
    "function-url, no token": (0.2, ["--warnings", "off", *NEITHER_HEAD_NOR_OPTIONS]),
}
"""The kind of the gateway and the token of each run, with its share of the time and its options."""


@pytest.mark.parametrize("run", RUNS)
def test_no_generated_request_finds_a_fault(run, tmp_path):
    share, options = RUNS[run]
    kind = run.split(",")[0]
    with start() as gateways:
        result = subprocess.run(
            [
                Path(sys.executable).parent / "schemathesis", "--config-file", CONFIG, "run", DOCUMENT,
                "--url", gateways.urls[kind], "--max-time", str(round(share * SECONDS)), "--seed", SEED,
                "--no-color", *options,
            ],
            cwd=tmp_path, capture_output=True, text=True,
        )
    output = result.stdout + result.stderr
    phases = re.findall(r"(?:Examples|Coverage|Fuzzing|Stateful) \(in .+\)", output)
    print(f"\n{run}, seed {SEED}: {gateways.requests[kind]} requests; {', '.join(phases)}")
    assert result.returncode == 0, output
    assert len(phases) == 4, output
