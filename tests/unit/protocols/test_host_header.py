"""The URL under which clients reach the server."""

from __future__ import annotations

from agora.protocols.host_header import choose_server_url
from agora.settings import Settings


def test_without_a_host_header_the_url_names_the_address_and_the_port_that_the_server_listens_on() -> None:
    scope = {"scheme": "http", "http_version": "1.0", "headers": []}
    assert choose_server_url(scope, Settings(host="127.0.0.1", port=8123)) == "http://127.0.0.1:8123"
    assert choose_server_url(scope, Settings(host="::1", port=8123)) == "http://[::1]:8123"


def test_the_public_url_replaces_the_host_by_which_a_client_has_reached_the_server() -> None:
    scope = {"scheme": "http", "headers": [(b"host", b"localhost:8123")]}
    assert choose_server_url(scope, Settings()) == "http://localhost:8123"
    assert choose_server_url(scope, Settings(public_url="https://agora.example/")) == "https://agora.example"
