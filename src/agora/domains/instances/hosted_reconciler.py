"""Reconciler of instances on hosting agents: requests changes by message and probes health URLs. Runs on any server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from urllib.parse import urlsplit

from agora.clock import SECOND
from agora.core.jobs import DueController, JobContext
from agora.net.http_client import build_request_target
from agora.runtimes.http_execution import AnswerTooLarge, ConnectionLost, InstanceClient, InstanceHttpRequest

from . import host_queries
from . import queries as statements
from .records import HostRow, InstanceRow

__all__ = ["HostedInstanceReconciler"]

MAX_BATCH = 200
MAX_HOSTS = 1000
MAX_RESPONSE_BYTES = 65_536
REQUEST_TIMEOUT = 5.0


class HostedInstanceReconciler(DueController):
    """Reconciles instances on hosting agents."""

    name = "instances_elsewhere"
    interval = 0.5
    next_due = host_queries.select_next_due_time_on_agents

    def __init__(self, context: JobContext, http_client: InstanceClient) -> None:
        super().__init__(context)
        self._http_client = http_client

    async def reconcile(self, tenant: str) -> None:
        for host in await self.read(tenant, host_queries.list_hosts, after="", limit=MAX_HOSTS):
            if host.kind == "agent" and not self.is_stopping:
                await self._reconcile_host(tenant, host)

    async def _reconcile_host(self, tenant: str, host: HostRow) -> None:
        from . import hosting_agents
        from .transitions import resolve_goal_state

        check = int(self.context.server.settings.instance_check * SECOND)
        now = self.context.clock.now()
        # Every server does this: each step locks its row and reads due_at again, so that a request is sent once.
        rows = await self.read(tenant, statements.select_due_instances, host_id=host.host_id, now=now, limit=MAX_BATCH)
        running_rows = [
            row for row in rows if row.state == "running" and resolve_goal_state(row) == "running" and not row.asked
        ]
        await self._check_instances(tenant, host, running_rows, check)
        for row in rows:
            # One at a time, each in its own transaction: a request is a message, and they must not fail together.
            if row not in running_rows:
                await self.write_as_system(
                    tenant,
                    partial(hosting_agents.reconcile_instance, instance_id=row.instance_id, check_interval=check),
                )

    async def _check_instances(
        self, tenant: str, host: HostRow, rows: Sequence[InstanceRow], check_interval: int
    ) -> None:
        from . import hosting_agents

        for row, (healthy, detail) in zip(
            rows, await asyncio.gather(*(self._probe_health(host, row) for row in rows)), strict=True
        ):
            work = partial(
                hosting_agents.record_health_check,
                row=row,
                healthy=healthy,
                detail=detail,
                check_interval=check_interval,
            )
            await self.write_as_system(tenant, work)

    async def _probe_health(self, host: HostRow, row: InstanceRow) -> tuple[bool, str]:
        """Return whether the health URL responds, and a detail. Without a URL the hosting agent's own report is used."""
        url = row.health_url
        if not url:
            return True, "it does not report its health"
        parts = urlsplit(url)
        try:
            request = InstanceHttpRequest(
                address=f"{parts.scheme}://{parts.netloc}",
                method="GET",
                target=build_request_target(url),
                headers={"user-agent": "agora-health"},
                body=b"",
                limit=MAX_RESPONSE_BYTES,
                # The URL is the hosting agent's: the egress policy keeps requests to it out of this server's network.
                private=bool(host.private),
            )
            async with asyncio.timeout(REQUEST_TIMEOUT):
                answer = await self._http_client.send_request(request)
        except TimeoutError:
            return False, f"it did not answer in {REQUEST_TIMEOUT:g} seconds"
        except (OSError, ValueError, ConnectionLost, AnswerTooLarge) as error:
            return False, str(error)[:200]
        return 200 <= answer.status < 400, f"HTTP {answer.status}"
