"""Runs a node script that drives Debian's Chromium, which the Makefile unpacks into .tools/."""

import json
import os
import subprocess
from pathlib import Path

from local_service import ROOT

FOLDER = Path(__file__).parent
UNPACKED = ROOT / ".tools/chromium"

# The Makefile takes Chromium from Debian's archive. On Debian, a missing Chromium is a failure.
OS_RELEASE = Path("/etc/os-release")
IS_DEBIAN = OS_RELEASE.exists() and "ID=debian" in OS_RELEASE.read_text().splitlines()


def environment():
    """The variables with which the unpacked Chromium finds its libraries and its fonts."""
    libraries = [
        library for folder in ["lib", "usr/lib"] for library in (UNPACKED / folder).rglob("*.so*")
    ]
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "CHROMIUM": str(UNPACKED / "usr/lib/chromium/chromium-headless-shell"),
        "LD_LIBRARY_PATH": os.pathsep.join(sorted({str(library.parent) for library in libraries})),
        "FONTCONFIG_FILE": str(FOLDER / "fonts.conf"),
        "XDG_CACHE_HOME": str(ROOT / "target/pages/cache"),
    }


def run(script, **asked):
    """Runs the script with the question on its standard input, and returns its answer."""
    result = subprocess.run(
        ["node", script],
        cwd=FOLDER,
        env=environment(),
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)
