"""Starts the service as `make run` does, with a separate port and state."""

import os
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "gDybLx3yrUK_HLp3qPjS"


@dataclass
class Service:
    """A running service and the lines that it has printed."""

    port: int
    lines: list
    process: subprocess.Popen
    reader: threading.Thread

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


def start(state, port, **environment):
    """Starts the service, and returns it when it is ready or has exited."""
    environment = {**os.environ, "PORT": str(port), "STATE": str(state), **environment}
    process = subprocess.Popen(
        [ROOT / "target/debug/local"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if line.startswith("Ctrl-C"):
            break
    # Keep reading, so that the service never blocks on a full pipe.
    reader = threading.Thread(target=lambda: lines.extend(line.rstrip("\n") for line in process.stdout), daemon=True)
    reader.start()
    return Service(port, lines, process, reader)


def stop(service):
    """Stops the service with SIGINT, and returns its exit code when all of its output has been read."""
    service.process.send_signal(signal.SIGINT)
    code = service.process.wait(timeout=20)
    service.reader.join(timeout=20)
    return code


def admin(service, arguments):
    """Runs the operator's command that `make run` prints, with these arguments."""
    command = next(line for line in service.lines if "release-links-admin" in line).removesuffix("token list")
    result = subprocess.run(["bash", "-c", command + arguments], cwd=ROOT, check=True, capture_output=True, text=True, timeout=30)
    return result.stdout.strip()
