"""Adding and removing upstreams."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from agora.clock import new_id
from agora.core.call import Call, cast_relay_to_result, encode_json
from agora.domains.identity.authority import check_and_record_administration
from agora.domains.mcp_upstreams import port
from agora.value_classes import value_class
from agora_sdk.contract import Service
from agora_sdk.contract import upstreams as contract
from agora_sdk.errors import AgoraError, Conflict, InvalidRequest, NameTaken, field_error

from . import queries as statements
from .authorizations import REQUEST_SECONDS, delete_clients_and_grants, get_upstream_grants
from .headers import check_headers
from .oauth.challenge import AuthorizationNeeded
from .oauth.flow import discover_authorization_server
from .offer_review import emit_and_queue_offer, review_and_store_listing
from .port import Listing, OAuthMode, UpstreamConnections
from .records import UPSTREAMS, UpstreamRow
from .views import build_summary, build_upstream_endpoint, count_items, require_upstream

__all__ = [
    "CONNECT_SECONDS",
    "RESERVED_NAMES",
    "NewUpstream",
    "OAuthConfiguration",
    "add_upstream_by_url",
    "build_upstream_row",
    "delete_upstream_and_emit",
    "get_upstream_connections",
    "seal_client",
]

MAX_UPSTREAMS = 500  # each has a connection
CONNECT_SECONDS = 40.0  # seconds to connect, in addition to those for the listing
#: the catalogue's own categories and toolsets, which an upstream must not impersonate
RESERVED_NAMES = frozenset({"agora", "test", "system", "all", "agents", "default", "essential", *Service.declared})


def get_upstream_connections(call: Call) -> UpstreamConnections:
    """Return this server's connections to upstreams."""
    return call.context.ports.get(port.UPSTREAMS)


@value_class
class OAuthConfiguration:
    """OAuth mode of an upstream, and the client configured by an operator, if any."""

    mode: OAuthMode = "none"
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    scope: str | None = None

    def check_fields(self) -> None:
        """Check that the fields are consistent. Raises InvalidRequest."""
        if self.mode == "none" and (self.client_id or self.client_secret or self.scope):
            field_name, problem = "oauth", "A client or a scope requires oauth=shared, user or machine."
        elif self.client_secret is not None and self.client_id is None:
            field_name, problem = "oauth_client_id", "A secret requires the id of its client."
        elif self.mode == "machine" and self.client_secret is None:
            field_name, problem = "oauth_client_secret", "Client credentials require a client with a secret."
        else:
            return
        raise InvalidRequest(problem, errors=[field_error(field_name, problem)])

    def build_secret_document(self) -> dict[str, str | None]:
        """Build the document that is stored encrypted."""
        return {"client_id": self.client_id, "client_secret": self.client_secret, "scope": self.scope}


@value_class(kw_only=True)
class NewUpstream:
    """A new upstream. secrets: headers or environment variables. command: ``args`` and ``cwd``.

    private: whether a private address is allowed. timeout: seconds; None for the setting ``mcp_timeout``.
    """

    name: str
    secrets: Mapping[str, str]
    description: str = ""
    url: str | None = None
    command: Mapping[str, Any] | None = None
    origin: str = "operator"
    private: bool = False
    timeout: float | None = None
    tool_timeouts: Mapping[str, float] = field(default_factory=dict)
    concurrency: int = 16
    registry_name: str | None = None
    oauth: OAuthConfiguration = OAuthConfiguration()


async def add_upstream_by_url(call: Call, upstream: NewUpstream, *, verify: bool) -> contract.Upstream:
    """Add an upstream by its URL, in a relay. The setting ``mcp_private_networks`` allows private addresses."""
    assert upstream.url is not None
    connections, private = get_upstream_connections(call), call.context.settings.mcp_private_networks
    name, registry_name = upstream.name, upstream.registry_name
    # Before the probe, so that a taken name costs no connection; checked again when the upstream is stored.
    await require_free_name_and_capacity(call, name, registry_name)
    connections.reject_forbidden_url(upstream.url, private=private)
    check_headers(upstream.secrets)
    upstream.oauth.check_fields()
    row = build_upstream_row(call, connections, replace(upstream, private=private))
    call.target = row.upstream_id
    endpoint, grants = build_upstream_endpoint(row), get_upstream_grants(call)

    async def probe_server() -> Listing | None:
        if not verify:
            return None
        try:
            return await connections.probe_listing(endpoint)
        except AuthorizationNeeded as error:  # expected: there is no grant before the upstream is stored
            await discover_authorization_server(grants, endpoint, error.challenge)
            return None

    async def store_outcome(end: Call, outcome: Listing | AgoraError | None) -> contract.Upstream:
        if isinstance(outcome, AgoraError):
            # The discovery may have registered a client under the id of an upstream that is not added.
            await delete_clients_and_grants(end, row.upstream_id)
            raise outcome
        # Again: another one may have taken the name while this one was probed.
        await require_free_name_and_capacity(end, name, registry_name)
        end.tx.append(UPSTREAMS, row)
        await check_and_record_administration(end, row.upstream_id)
        if outcome is not None:
            await review_and_store_listing(end, row, outcome)
        await emit_and_queue_offer(end, "added", row)
        stored = await require_upstream(end, row.upstream_id)
        return build_summary(end, stored, (await count_items(end, [stored])).get(stored.upstream_id, {}))

    patience = REQUEST_SECONDS if endpoint.oauth_mode != "none" else 0.0
    return cast_relay_to_result(probe_server, store_outcome, endpoint.timeout + CONNECT_SECONDS + patience)


async def require_free_name_and_capacity(call: Call, name: str, registry_name: str | None = None) -> None:
    """Check that a name is available and another upstream can be added. Raises NameTaken, Conflict."""
    if name in RESERVED_NAMES:
        raise NameTaken(f"The name {name!r} is reserved.", fix="Choose another one.")
    if await call.tx.one(statements.select_upstream_id, name=name) is not None:
        raise NameTaken(f"There is an upstream {name!r} already.", fix="Choose another name, or remove that one first.")
    row = await call.tx.one(statements.count_upstreams)
    if row is not None and row >= MAX_UPSTREAMS:
        raise Conflict(f"There are {MAX_UPSTREAMS} upstreams already.", fix="Remove one that is not needed any more.")
    if (
        registry_name
        and await call.tx.one(statements.select_imported_upstream, registry_name=registry_name) is not None
    ):
        raise NameTaken(f"{registry_name} was imported already.", fix="Remove that upstream first.")


def build_upstream_row(call: Call, connections: UpstreamConnections, upstream: NewUpstream) -> UpstreamRow:
    """Build a new row of ``upstreams``."""
    upstream_id = new_id("ups")
    return UpstreamRow(
        tenant_id=call.caller.tenant,
        upstream_id=upstream_id,
        name=upstream.name,
        description=upstream.description,
        transport="stdio" if upstream.command else "http",
        url=upstream.url,
        command=encode_json(upstream.command) if upstream.command else None,
        secrets=connections.seal_secrets(upstream.secrets, upstream_id),
        origin=upstream.origin,
        private=int(upstream.private),
        timeout=float(upstream.timeout or call.context.settings.mcp_timeout),
        tool_timeouts=encode_json(upstream.tool_timeouts),
        concurrency=upstream.concurrency,
        revision=1,
        server_name=None,
        server_version=None,
        protocol_version=None,
        instructions=None,
        listed_at=None,
        created_by=call.caller.subject,
        created_at=call.now,
        updated_at=call.now,
        registry_name=upstream.registry_name,
        oauth_mode=upstream.oauth.mode,
        oauth_client=seal_client(call, upstream.oauth, upstream_id),
    )


def seal_client(call: Call, oauth: OAuthConfiguration, upstream_id: str) -> bytes | None:
    """Encrypt a configured client for the store; None if there is none."""
    document = oauth.build_secret_document()
    return get_upstream_grants(call).seal(document, upstream_id, "configured") if any(document.values()) else None


async def delete_upstream_and_emit(call: Call, row: UpstreamRow) -> None:
    """Remove an upstream with all its items; the controller closes the connection."""
    await call.tx.execute(statements.delete_items, upstream_id=row.upstream_id)
    await delete_clients_and_grants(call, row.upstream_id)
    await call.tx.execute(statements.delete_upstream, upstream_id=row.upstream_id)
    await emit_and_queue_offer(call, "removed", row)
