"""Listening sockets of a server, and fallbacks if a port is occupied."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from agora.server.process import PortTaken, _describe_addresses, open_listeners
from tests.harness import free_port, make_settings


@pytest.fixture
def taken() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


def test_events_fall_back_to_the_main_port(tmp_path: Path, taken: socket.socket) -> None:
    said: list[str] = []
    settings = make_settings(tmp_path, port=free_port(), events_port=taken.getsockname()[1])
    listeners = open_listeners(settings, said.append)
    assert [listener.getsockname()[1] for listener in listeners] == [settings.port]
    assert said == [f"The events port {settings.events_port} is in use: events are served on the main port only."]
    for listener in (*listeners, taken):
        listener.close()


def test_mcp_falls_back_to_the_main_port(tmp_path: Path, taken: socket.socket) -> None:
    said: list[str] = []
    settings = make_settings(tmp_path, port=free_port(), mcp_port=taken.getsockname()[1])
    listeners = open_listeners(settings, said.append)
    assert [listener.getsockname()[1] for listener in listeners] == [settings.port]
    assert said == [f"The MCP port {settings.mcp_port} is in use: MCP is served on the main port only."]
    for listener in (*listeners, taken):
        listener.close()


def test_each_port_is_served(tmp_path: Path) -> None:
    said: list[str] = []
    settings = make_settings(tmp_path, port=free_port(), events_port=free_port(), mcp_port=free_port())
    listeners = open_listeners(settings, said.append)
    ports = [listener.getsockname()[1] for listener in listeners]
    assert ports == [settings.port, settings.events_port, settings.mcp_port]
    assert not said
    assert f"  events    ws://127.0.0.1:{settings.events_port}/ws " in "\n".join(
        _describe_addresses(settings, listeners)
    )
    for listener in listeners:
        listener.close()


def test_events_are_announced_on_the_main_port_without_their_own(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, port=free_port(), events_port=0, mcp_port=free_port())
    listeners = open_listeners(settings, print)
    assert f"  events    ws://127.0.0.1:{settings.port}/ws " in "\n".join(_describe_addresses(settings, listeners))
    for listener in listeners:
        listener.close()


def test_occupied_main_port_error_explains_the_fix(tmp_path: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(PortTaken, match=rf"{port}.*--port"):
        open_listeners(make_settings(tmp_path, port=port), print)
    taken.close()
