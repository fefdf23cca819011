"""Helpers for tests that start servers on the loopback interface."""

import socket


def free_port():
    """Returns a loopback port that is currently free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
