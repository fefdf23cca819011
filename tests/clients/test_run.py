"""`make run` stops all processes that it started, however it ends."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from local_service import ROOT
from loopback import free_port

LOCAL = ROOT / "target/debug/local"


def processes_on(port):
    """Returns the IDs of the emulator, the functions and the engine of the service on this port."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = [(process / name).read_bytes().split(b"\0") for name in ["cmdline", "environ"]]
            state = (process / "stat").read_text().rsplit(") ")[-1][0]
        except OSError:
            continue
        arguments, environment = texts
        is_emulator = [b"-P", str(port).encode()] == arguments[-3:-1]
        is_function = f"PUBLIC_URL=http://127.0.0.1:{port}".encode() in environment
        is_engine = arguments[0].endswith(b"/dynamodb-engine") and f"PORT={port}".encode() in environment
        if (is_emulator or is_function or is_engine) and state != "Z":
            found.append(int(process.name))
    return found


def wait_for_processes(port, count):
    for _ in range(300):
        if len(processes_on(port)) == count:
            return
        time.sleep(0.1)
    raise AssertionError(f"expected {count} processes, found {processes_on(port)}")


def start(state, port, command=(str(LOCAL),), **options):
    environment = {**os.environ, "PORT": str(port), "STATE": str(state / "dynamodb.sqlite")}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    wait_for_processes(port, 6)
    return process


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_stops_the_emulator_and_the_functions(tmp_path, sig):
    port = free_port()
    process = start(tmp_path, port)
    process.send_signal(sig)
    code = process.wait(timeout=20)
    assert code == (-signal.SIGKILL if sig == signal.SIGKILL else 0)
    wait_for_processes(port, 0)


def test_a_killed_parent_stops_the_emulator_and_the_functions(tmp_path):
    port = free_port()
    parent = start(tmp_path, port, ["bash", "-c", f"{LOCAL}; exit 1"])
    parent.kill()
    parent.wait(timeout=20)
    wait_for_processes(port, 0)


def test_a_closed_terminal_stops_the_emulator_and_the_functions(tmp_path):
    port = free_port()
    controller, terminal = pty.openpty()

    def take_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(terminal), os.O_RDWR))

    process = start(tmp_path, port, stdin=terminal, preexec_fn=take_terminal)
    os.close(terminal)
    os.close(controller)
    assert process.wait(timeout=20) == 0
    wait_for_processes(port, 0)
