"""Ports that nobody uses."""

from __future__ import annotations

import socket

LAST = 32767
"""Above it, most systems give ports to connections of any program, at any moment."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket() as trial:
        # As the servers do it: a connection that was closed a moment ago is no obstacle.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
        return True


def free_ports(first: int, count: int, host: str = "127.0.0.1") -> int:
    """The first of `count` free ports in a row, at or after `first` and up to `LAST`.

    Raises OSError when there are none.
    """
    for port in range(first, LAST - count + 2):
        if all(is_free(port + offset, host) for offset in range(count)):
            return port
    raise OSError(f"no {count} ports in a row are free from {first} to {LAST}")
