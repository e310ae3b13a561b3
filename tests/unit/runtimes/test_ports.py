"""Allocation of ports by name."""

from __future__ import annotations

import pytest

from agora.runtimes.errors import PortsExhausted
from agora.runtimes.process.ports import Ports
from tests.harness import free_port


def test_ports_are_reused_by_name() -> None:
    first = free_port()
    ports = Ports(first, first)
    assert ports.allocate_named_ports(["http", "admin"], {"http": 5, "other": 6, "admin": 7}) == {"http": 5, "admin": 7}
    assert ports.allocate_named_ports(["http", "admin"], {"http": 5}) == {"http": 5, "admin": first}


def test_failed_allocation_keeps_no_port() -> None:
    first = free_port()
    ports = Ports(first, first)
    with pytest.raises(PortsExhausted):
        ports.allocate_named_ports(["http", "admin"], {})
    assert ports.allocate_named_ports(["http"], {}) == {"http": first}
