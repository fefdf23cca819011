"""The recipes of docs/release-tools.md, run against the services that the tests start."""

import os
import platform
import re
import subprocess
from pathlib import Path

from local_service import ROOT

PAGE = (ROOT / "docs/release-tools.md").read_text()
NODE = Path(__file__).parent / "node_modules/.bin"
PYTHON = ROOT / ".tools/clients/bin"
GLAB = ROOT / ".tools/glab/usr/bin"

# The Makefile takes glab from Debian's archive. On Debian, a missing glab is a failure.
OS_RELEASE = Path("/etc/os-release")
IS_DEBIAN = OS_RELEASE.exists() and "ID=debian" in OS_RELEASE.read_text().splitlines()
# npm has mise for Linux on x64. There, a missing mise is a failure.
IS_LINUX_X64 = (platform.system(), platform.machine()) == ("Linux", "x86_64")


def recipe(heading, language, start=""):
    """Returns the only code block below the heading that has this language and begins like this."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    found = re.findall(rf"^```{language}\n({re.escape(start)}.*?)^```$", section, re.M | re.S)
    assert len(found) == 1, (heading, language, start, found)
    return found[0]


class Workplace:
    """A folder with its own environment, in which tools run as the page describes."""

    def __init__(self, folder, service, files=""):
        self.folder, self.service, self.files = folder, service, files
        # Isolate the tools from the developer's environment, in which a CI service may set further variables.
        self.environment = {"HOME": str(folder), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1"}

    def fill_in(self, text):
        """Replaces the addresses of the page with those of the service and of the web server with the files."""
        text = text.replace("https://links.example.com", self.service.url).replace("https://files.example.com", self.files)
        return text.replace("links.example.com", f"127.0.0.1:{self.service.port}").replace("127.0.0.1:9000", f"127.0.0.1:{self.service.port}")

    def write(self, name, text, mode=0o600):
        path = self.folder / name
        path.write_text(self.fill_in(text))
        path.chmod(mode)

    def run(self, script, *tools, **environment):
        """Runs a shell script with these folders of tools, and returns its standard output."""
        path = os.pathsep.join(str(folder) for folder in [*tools, self.environment["PATH"]])
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.fill_in(script)],
            cwd=self.folder, env=self.environment | environment | {"PATH": path}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def sign_in_with_glab(self, token):
        """Follows the recipe for a service behind a port; later commands need the environment that it returns."""
        self.run(recipe("glab", "sh", "export GITLAB_HOST=127.0.0.1\n"), GLAB, TOKEN=token)
        return {"GITLAB_HOST": "127.0.0.1"}
