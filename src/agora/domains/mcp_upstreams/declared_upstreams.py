"""Declared upstreams: from the settings, and from a file in the format of MCP clients.

::

    {"mcpServers": {"github": {"url": "https://mcp.example.com/mcp", "headers": {"Authorization": "Bearer ..."}},
                    "files": {"command": "npx", "args": ["server-files", "/data"], "env": {"KEY": "..."}}}}

``{"mcp": {"servers": {...}}}`` and ``{"servers": {...}}`` are also accepted. ``disabled: true`` skips an entry.
``${NAME}``, ``${env:NAME}`` and ``${NAME:-otherwise}`` in a text are replaced by environment variables.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from agora.core.call import Call, decode_json, encode_json
from agora.settings import ConfigurationError, Settings
from agora.value_classes import value_class
from agora_sdk.errors import InvalidRequest, UpstreamUnavailable

from . import queries as statements
from .headers import check_headers
from .offer_review import emit_and_queue_offer
from .port import UpstreamConnections
from .records import UPSTREAMS, UpstreamRow

__all__ = ["DeclaredUpstream", "read_declared_upstreams", "sync_declared_upstreams"]

MAX_NAME_CHARACTERS = 24
OAUTH_NAMES = {"clientId": "client_id", "clientSecret": "client_secret", "scope": "scope"}
ORIGINS = ("settings", "file")
MAX_TIMEOUT_SECONDS = 3600  # seconds
VARIABLE = re.compile(r"\$\{(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<otherwise>[^}]*))?\}")
HTTP_TYPES = ("http", "streamable-http", "streamableHttp", "streamable_http", "sse")


@value_class
class DeclaredUpstream:
    """A declared upstream. command: including its arguments. secrets: headers or environment.

    oauth: ``mode``, and the configured ones of ``client_id``, ``client_secret`` and ``scope``; empty without OAuth.
    """

    name: str
    origin: str
    url: str | None = None
    command: tuple[str, ...] = ()
    directory: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout: float | None = None
    oauth: Mapping[str, str] = field(default_factory=dict, repr=False)

    def oauth_fields(self) -> dict[str, Any]:
        """Build the arguments of an ``OAuthConfiguration``."""
        return dict(self.oauth)


def read_declared_upstreams(settings: Settings) -> list[DeclaredUpstream]:
    """Read all declared upstreams. Raises ConfigurationError, naming the location of the error."""
    upstreams = [_build_declared_from_url(entry) for entry in settings.mcp_server_urls]
    if settings.mcp_config is not None:
        upstreams += _read_declared_from_file(settings.mcp_config)
    names: set[str] = set()
    for upstream in upstreams:
        from .registration import RESERVED_NAMES

        if upstream.name in names or upstream.name in RESERVED_NAMES:
            what = "reserved" if upstream.name in RESERVED_NAMES else "there twice"
            raise ConfigurationError(f"upstream MCP servers: the name {upstream.name!r} is {what}; give another one")
        names.add(upstream.name)
    return upstreams


def _build_declared_from_url(entry: str) -> DeclaredUpstream:
    name, separator, url = entry.partition("=")
    if not separator or "/" in name:
        name, url = "", entry
    parts = urlsplit(_check_declared_url(url, "mcp_server_urls"))
    # The usual path of MCP servers; a URL with a path is taken as it is.
    if not parts.path:
        parts = parts._replace(path="/mcp")
    return DeclaredUpstream(_make_slug(name or parts.netloc, "mcp_server_urls"), "settings", urlunsplit(parts))


def _check_declared_url(url: str, where: str) -> str:
    """Check a URL. The error does not repeat what may be a password in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        label = repr(url) if "@" not in url else "what is given"
        raise ConfigurationError(f"{where}: {label} is not a URL; write http://localhost:3001/mcp")
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(f"{where}: credentials do not belong into a URL; give them as headers in mcp_config")
    return url


def _read_declared_from_file(path: Path) -> Iterator[DeclaredUpstream]:
    try:
        document = json.loads(path.expanduser().read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"mcp_config: {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"mcp_config: {path} is not JSON: {error}") from None
    for name, entry in _list_server_entries(document, path).items():
        if not isinstance(entry, dict):
            raise ConfigurationError(f"mcp_config: {name!r} in {path} is not an object")
        # Clients write either; both are respected.
        if not entry.get("disabled") and entry.get("enabled", True):
            yield _build_declared_from_entry(name, entry, path)


def _list_server_entries(document: Any, path: Path) -> Mapping[str, Any]:
    inner = document.get("mcp") if isinstance(document, dict) else None
    for parent, key in ((document, "mcpServers"), (inner, "servers"), (document, "servers")):
        if isinstance(parent, dict) and isinstance(parent.get(key), dict):
            servers: Mapping[str, Any] = parent[key]
            return servers
    raise ConfigurationError(f"mcp_config: {path} has neither mcpServers nor mcp.servers")


def _build_declared_from_entry(name: str, entry: Mapping[str, Any], path: Path) -> DeclaredUpstream:
    where = f"mcp_config: {name!r} in {path}"
    entry = _expand_variables(entry, where)
    url = entry.get("url") or entry.get("httpUrl") or entry.get("serverUrl")
    slug, timeout = _make_slug(name, where), _parse_timeout(entry.get("timeout"), where)
    if isinstance(url, str):
        if entry.get("type", "http") not in HTTP_TYPES:
            raise ConfigurationError(f"{where}: only streamable HTTP and SSE are supported, not {entry['type']!r}")
        headers = _read_text_mapping(entry, "headers", where)
        try:
            check_headers(headers)
        except InvalidRequest as error:
            raise ConfigurationError(f"{where}: {error.detail}") from None
        oauth = _parse_oauth(entry.get("oauth"), where)
        return DeclaredUpstream(
            slug, "file", _check_declared_url(url, where), secrets=headers, timeout=timeout, oauth=oauth
        )
    command, arguments = entry.get("command"), entry.get("args", [])
    if not isinstance(command, str) or not command:
        raise ConfigurationError(f"{where} has neither a url nor a command")
    if not isinstance(arguments, list) or not all(isinstance(part, str) for part in arguments):
        raise ConfigurationError(f"{where}: args is a list of texts")
    directory = entry.get("cwd")
    environment = _read_text_mapping(entry, "env", where)
    parts = (command, *arguments)
    return DeclaredUpstream(slug, "file", None, parts, str(directory) if directory else None, environment, timeout)


def _parse_oauth(value: Any, where: str) -> Mapping[str, str]:
    """Parse the entry ``oauth``: a mode, or an object with a mode and a client."""
    if value is None:
        return {}
    entry = {"mode": value} if isinstance(value, str) else value
    members = {"mode", *OAUTH_NAMES}
    if not isinstance(entry, dict) or entry.get("mode") not in ("shared", "user", "machine") or entry.keys() - members:
        raise ConfigurationError(
            f"{where}: oauth is shared, user or machine, or an object with that as its mode, and clientId, clientSecret, scope"
        )
    texts = {OAUTH_NAMES.get(str(name), str(name)): text for name, text in entry.items()}
    if not all(isinstance(text, str) and text.isascii() and text.isprintable() for text in texts.values()):
        raise ConfigurationError(f"{where}: oauth has something that is not visible text")
    return texts


def _parse_timeout(value: Any, where: str) -> float | None:
    """Parse a timeout; a value above the maximum is in milliseconds, as some clients write them."""
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_TIMEOUT_SECONDS * 1000:
        return value if value <= MAX_TIMEOUT_SECONDS else value / 1000
    raise ConfigurationError(f"{where}: timeout is a number of seconds, up to {MAX_TIMEOUT_SECONDS}")


def _expand_variables(value: Any, where: str) -> Any:
    """Expand the environment variables in a value."""
    if isinstance(value, dict):
        return {key: _expand_variables(part, where) for key, part in value.items()}
    if isinstance(value, list):
        return [_expand_variables(part, where) for part in value]

    def expand_variable(match: re.Match[str]) -> str:
        replacement = os.environ.get(match["name"], match["otherwise"])
        if replacement is None:
            raise ConfigurationError(f"{where}: the environment variable {match['name']} is not set")
        return replacement

    return VARIABLE.sub(expand_variable, value) if isinstance(value, str) else value


def _read_text_mapping(entry: Mapping[str, Any], name: str, where: str) -> Mapping[str, str]:
    mapping = entry.get(name) or {}
    if not isinstance(mapping, dict) or not all(isinstance(value, str | int | float) for value in mapping.values()):
        raise ConfigurationError(f"{where}: {name} is an object of texts")
    texts = {str(key): str(value) for key, value in mapping.items()}
    if any("\0" in text or "=" in key or "\0" in key for key, text in texts.items()):
        raise ConfigurationError(f"{where}: {name} has invalid characters")
    return texts


def _make_slug(text: str, where: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MAX_NAME_CHARACTERS].strip("-")
    if not slug:
        raise ConfigurationError(f"{where}: {text!r} has no letter or digit for a name")
    return slug


async def sync_declared_upstreams(
    call: Call, connections: UpstreamConnections, desired: list[DeclaredUpstream]
) -> list[str]:
    """Synchronize the store with the declared upstreams. Returns names already taken by upstreams of operators."""
    rows = {row.name: row for row in await call.tx.all(statements.select_all_upstreams)}
    by_name = {upstream.name: upstream for upstream in desired}
    for name, row in rows.items():
        # Only declared ones are removed with their declaration.
        if row.origin in ORIGINS and name not in by_name:
            from .registration import delete_upstream_and_emit

            await delete_upstream_and_emit(call, row)
    conflicts = []
    for name, upstream in by_name.items():
        stored_row = rows.get(name)
        if stored_row is None:
            row = _build_declared_row(call, connections, upstream)
            call.tx.append(UPSTREAMS, row)
            await emit_and_queue_offer(call, "added", row)
        # An operator's upstream is never replaced by a declaration, which would send its callers elsewhere.
        elif stored_row.origin not in ORIGINS:
            conflicts.append(name)
        else:
            await _apply_changed_declaration(call, connections, stored_row, upstream)
    return conflicts


def _build_declared_row(call: Call, connections: UpstreamConnections, upstream: DeclaredUpstream) -> UpstreamRow:
    from .registration import NewUpstream, OAuthConfiguration, build_upstream_row

    command = {"args": list(upstream.command), "cwd": upstream.directory} if upstream.command else None
    new = NewUpstream(
        name=upstream.name,
        secrets=upstream.secrets,
        url=upstream.url,
        command=command,
        origin=upstream.origin,
        # Declared by whoever runs the server, so its own networks are allowed.
        private=True,
        timeout=upstream.timeout,
        oauth=OAuthConfiguration(**upstream.oauth_fields()),
    )
    try:
        new.oauth.check_fields()
    except InvalidRequest as error:
        raise ConfigurationError(f"mcp_config: {upstream.name}: {error.detail}") from None
    return build_upstream_row(call, connections, new)


async def _apply_changed_declaration(
    call: Call, connections: UpstreamConnections, stored: UpstreamRow, upstream: DeclaredUpstream
) -> None:
    """Update a stored upstream if its declaration has changed. With its URL or its OAuth mode, all its clients and grants
    are deleted. Raises ConfigurationError."""
    from .authorizations import delete_clients_and_grants
    from .registration import OAuthConfiguration, seal_client

    new_row = _build_declared_row(call, connections, upstream)
    command = decode_json(stored.command) if stored.command else None
    sealed = bytes(stored.secrets) if stored.secrets is not None else None
    if (
        (stored.transport, stored.url, stored.timeout) == (new_row.transport, new_row.url, new_row.timeout)
        and command == (decode_json(new_row.command) if new_row.command else None)
        and connections.decrypts_to(sealed, upstream.secrets, stored.upstream_id)
        and stored.oauth_mode == new_row.oauth_mode
        and _has_stored_client(call, stored, upstream)
    ):
        return
    await call.tx.execute(
        statements.update_upstream,
        upstream_id=stored.upstream_id,
        transport=new_row.transport,
        url=new_row.url,
        command=new_row.command,
        secrets=connections.seal_secrets(upstream.secrets, stored.upstream_id),
        timeout=new_row.timeout,
        # Kept: a declaration has no such field.
        tool_timeouts=encode_json(decode_json(stored.tool_timeouts)),
        concurrency=stored.concurrency,
        oauth_mode=new_row.oauth_mode,
        oauth_client=seal_client(call, OAuthConfiguration(**upstream.oauth_fields()), stored.upstream_id),
        now=call.now,
    )
    if (stored.url, stored.oauth_mode) != (new_row.url, new_row.oauth_mode):
        await delete_clients_and_grants(call, stored.upstream_id)  # they belong to another server or to other callers


def _has_stored_client(call: Call, stored: UpstreamRow, upstream: DeclaredUpstream) -> bool:
    """Whether the stored client is the declared one."""
    from .authorizations import get_upstream_grants
    from .registration import OAuthConfiguration

    document = OAuthConfiguration(**upstream.oauth_fields()).build_secret_document()
    if stored.oauth_client is None:
        return not any(document.values())
    try:
        return get_upstream_grants(call).unseal(stored.oauth_client, stored.upstream_id, "configured") == document
    except UpstreamUnavailable:
        return False
