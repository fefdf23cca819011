"""`make run` ends all that it started, however it ends."""

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from conftest import ROOT
from loopback import free_port

LOCAL = ROOT / "target/debug/local"


def processes_of(port):
    """The emulator and the functions on this port."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            texts = [(process / name).read_bytes().split(b"\0") for name in ["cmdline", "environ"]]
            state = (process / "stat").read_text().rsplit(") ")[-1][0]
        except OSError:
            continue
        is_one = [b"-P", str(port).encode()] == texts[0][-3:-1] or f"PUBLIC_URL=http://127.0.0.1:{port}".encode() in texts[1]
        if is_one and state != "Z":
            found.append(int(process.name))
    return found


def wait_for_processes(port, count):
    for _ in range(300):
        if len(processes_of(port)) == count:
            return
        time.sleep(0.1)
    raise AssertionError(f"{count} processes were expected: {processes_of(port)}")


def start(state, port, command=(str(LOCAL),), **options):
    environment = {**os.environ, "PORT": str(port), "STATE": str(state / "dynamodb.sqlite")}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    wait_for_processes(port, 5)
    return process


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_ends_the_emulator_and_the_functions(tmp_path, ending):
    port = free_port()
    process = start(tmp_path, port)
    process.send_signal(ending)
    code = process.wait(timeout=20)
    assert code == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
    wait_for_processes(port, 0)


def test_a_killed_parent_ends_the_emulator_and_the_functions(tmp_path):
    port = free_port()
    parent = start(tmp_path, port, ["bash", "-c", f"{LOCAL}; exit 1"])
    parent.kill()
    parent.wait(timeout=20)
    wait_for_processes(port, 0)


def test_a_closed_terminal_ends_the_emulator_and_the_functions(tmp_path):
    port = free_port()
    terminal, inside = pty.openpty()

    def take_terminal():
        os.setsid()
        os.close(os.open(os.ttyname(inside), os.O_RDWR))

    process = start(tmp_path, port, stdin=inside, preexec_fn=take_terminal)
    os.close(inside)
    os.close(terminal)
    assert process.wait(timeout=20) == 0
    wait_for_processes(port, 0)
