"""Delivery of messages to instances of agents: POST ``/agent/message`` at a running instance.

An agent's manifest opts in by listing that path among its ``endpoints``. Only instances of the agent's own account get its
messages; instances run by a customer belong to the customer.
"""

from __future__ import annotations

from agora.core.call import ServerContext
from agora.domains.conversations.endpoint_delivery import EndpointSource
from agora.domains.messaging.endpoints import MESSAGE_PATH, Endpoint
from agora.domains.outbox.http_sender import DeliveryRejected
from agora.store.port import Reader

from . import host_queries
from . import queries as statements
from .ports import LOCAL_HOST

__all__ = ["INSTANCE_SOURCE"]

LOOPBACK_URLS = ("http://127.", "http://localhost", "http://[::1]")


class InstanceSource(EndpointSource):
    """Source of messages to the instances of agents."""

    async def locate_endpoint(
        self, reader: Reader, endpoint: Endpoint, context: ServerContext
    ) -> tuple[str, bool] | None:
        """Locate a running instance; None if the agent has no instances. Raises DeliveryRejected while none is reachable."""
        if endpoint.url is not None:  # the agent now has its own address
            return await super().locate_endpoint(reader, endpoint, context)
        agent_filter = {"agent_id": endpoint.agent_id, "account": endpoint.account}
        rows = [
            row
            for row in await reader.all(statements.select_recent_instances, **agent_filter)
            if row.desired == "running"
        ]
        local = context.ports.find(LOCAL_HOST)
        for row in rows:
            if row.state != "running" or row.address is None:
                continue
            host = await reader.one(host_queries.select_host, ref=row.host_id)
            on_server = host is not None and host.kind == "server"
            is_local = local is not None and row.host_id == local.host_id
            # A loopback address of another server is that machine's own.
            if host is not None and (is_local or not row.address.startswith(LOOPBACK_URLS) or not on_server):
                return row.address.rstrip("/") + MESSAGE_PATH, on_server or bool(host.private)
        if rows:
            raise DeliveryRejected("No instance of the agent runs where this server can reach it.")
        return None


INSTANCE_SOURCE = InstanceSource()
