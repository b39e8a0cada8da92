"""Ports that nobody uses are found in a row, where no connection takes them."""

from __future__ import annotations

import socket

import pytest

from scripts.ports import LAST, free_ports, is_free
from tests.ports import ports


def test_a_row_that_a_server_sits_in_is_passed_over() -> None:
    first, second, third = ports(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", second))
        taken.listen()
        assert free_ports(first, 2) == third
        assert not is_free(second)
    assert free_ports(first, 2) == first


def test_no_port_that_connections_take_is_given() -> None:
    with pytest.raises(OSError, match=rf"no 2 ports in a row are free from {LAST} to {LAST}"):
        free_ports(LAST, 2)


def test_no_port_is_given_twice() -> None:
    assert not {*ports(2)} & {*ports(2)}
