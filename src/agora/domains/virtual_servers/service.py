"""Virtual servers: named sets of tools, served by ``protocols/mcp``; the rules of their keys are here.

A key of a server has a single scope, ``server:NAME``, which no operation requires: outside the server it has the rights
of an anonymous caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agora.core import pagination as paging
from agora.core.call import BoundService, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.core.scopes import build_virtual_server_scope
from agora.domains.identity.authority import check_administration_authority, check_and_record_administration
from agora.domains.identity.tokens import TokenService, list_key_ids_with_scope
from agora.store.port import write_record
from agora_sdk.contract import implements
from agora_sdk.contract import virtual_servers as contract
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as statements
from .records import VIRTUAL_SERVERS, VirtualServerRow

__all__ = ["VirtualServerService"]

OWN_PREFIXES = ("agora.", "agora_")


class VirtualServerService(BoundService, contract.VirtualServers):
    """The contract's operations of virtual servers."""

    @implements
    async def create(
        self, name: str, tools: contract.ToolNames, *, description: str = "", instructions: str = ""
    ) -> contract.VirtualServer:
        call = self.call
        call.target = name
        self._check_operation_names(tools)
        if await call.tx.one(statements.lock_server, name=name) is not None:
            raise Conflict(f"There is a virtual server {name!r}.", fix="Choose another name, or update that one.")
        await check_and_record_administration(call, build_virtual_server_scope(name))
        row = VirtualServerRow(
            tenant_id=call.caller.tenant,
            name=name,
            description=description,
            instructions=instructions,
            tools=encode_json(_unique_names(tools)),
            created_by=call.caller.subject,
            created_at=call.now,
            updated_at=call.now,
        )
        call.tx.append(VIRTUAL_SERVERS, row)
        call.emit("agora.virtual_server.created", {"name": name}, subject=name)
        return _build_server(row)

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.VirtualServerPage:
        rows, more = await paging.read_query_page(self.call, statements.list_servers, "name", limit, cursor)
        servers = [_build_server(row) for row in rows]
        return contract.VirtualServerPage.model_construct(
            servers=servers, **paging.build_page_fields(servers, "name", more=more, cursor=cursor)
        )

    @implements
    async def get(self, name: str) -> contract.VirtualServer:
        return _build_server(_require_server(name, await self.call.tx.one(statements.select_server, name=name)))

    @implements
    async def update(
        self,
        name: str,
        *,
        tools: contract.ToolNames | None = None,
        description: str | None = None,
        instructions: str | None = None,
    ) -> contract.VirtualServer:
        call = self.call
        call.target = name
        previous_row = _require_server(name, await call.tx.one(statements.lock_server, name=name))
        await check_and_record_administration(call, build_virtual_server_scope(name))
        if tools is not None:
            self._check_operation_names(tools)
        row = replace(
            previous_row,
            tools=previous_row.tools if tools is None else encode_json(_unique_names(tools)),
            description=previous_row.description if description is None else description,
            instructions=previous_row.instructions if instructions is None else instructions,
            updated_at=call.now,
        )
        await write_record(call.tx, statements.update_server, row, now=call.now)
        call.emit("agora.virtual_server.updated", {"name": name}, subject=name)
        return _build_server(row)

    @implements
    async def delete(self, name: str) -> contract.VirtualServerRemoval:
        call = self.call
        call.target = name
        _require_server(name, await call.tx.one(statements.lock_server, name=name))
        await check_and_record_administration(call, build_virtual_server_scope(name))
        keys = await list_key_ids_with_scope(call, build_virtual_server_scope(name))
        # A later server of the same name would otherwise accept the keys of this one.
        for token_id in keys:
            await TokenService(call).revoke(token_id)
        # TokenService.revoke has set the target to the last key.
        call.target = name
        await call.tx.execute(statements.delete_server, name=name)
        call.emit("agora.virtual_server.deleted", {"name": name}, subject=name)
        return contract.VirtualServerRemoval(name=name, revoked_keys=len(keys))

    @implements
    async def create_key(self, name: str, label: str, *, expires_in: int | None = None) -> contract.VirtualServerKey:
        _require_server(name, await self.call.tx.one(statements.select_server, name=name))
        # TokenService records the key as an act of administration itself.
        await check_administration_authority(self.call, build_virtual_server_scope(name))
        key = await TokenService(self.call).create(
            label, "api_key", [build_virtual_server_scope(name)], expires_in=expires_in
        )
        return contract.VirtualServerKey(
            name=name, token_id=key.token_id, label=label, expires_at=key.expires_at, token=key.token
        )

    async def reissue_credential(self, result: contract.VirtualServerKey) -> contract.VirtualServerKey:
        """Return the key again when its creation is repeated under the same idempotency key."""
        result.token = self.call.context.signer.derive_key(self.call.caller.tenant, result.token_id, "api_key")
        return result

    def _check_operation_names(self, tools: Sequence[str]) -> None:
        """Check the names of the marketplace's own operations; tools of upstreams and agents may be added later."""
        registry, tenant = self.call.context.registry, self.call.caller.tenant
        unknown = [name for name in tools if name.startswith(OWN_PREFIXES) and not registry.has(name, tenant)]
        if unknown:
            raise InvalidRequest(
                f"There is no operation {unknown[0]!r}.",
                fix="agora.discovery.list lists the operations.",
                errors=[field_error("tools", f"no operation {name!r}") for name in unknown],
            )


def _require_server(name: str, row: VirtualServerRow | None) -> VirtualServerRow:
    if row is None:
        raise not_found("name", f"There is no virtual server {name!r}.", fix="They are listed at GET /virtual-servers.")
    return row


def _unique_names(names: Sequence[str]) -> list[str]:
    return [*dict.fromkeys(names)]


def _build_server(row: VirtualServerRow) -> contract.VirtualServer:
    return build_from_record(contract.VirtualServer, row, url=f"/mcp/servers/{row.name}")
