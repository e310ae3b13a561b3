"""Mail maintenance: expire unread messages, and deliver messages held for names that have been registered since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agora.clock import SECOND
from agora.core.call import Call, encode_json
from agora.core.jobs import Controller, JobContext, split_batches

from . import expiry_queries as expiry
from .records import OverdueDelivery
from .views import deliver_messages_held_for_name

__all__ = ["MessageExpiryController"]

FIRST_PLACE = ("", "")
# Sorts after every recipient.
LAST_PLACE = ("\U0010ffff", "")

Place = tuple[str, str]


class MessageExpiryController(Controller):
    """Expires messages and delivers held ones; does nothing while the marketplace is halted.

    page: waiting deliveries per read. pages: maximum per step; the next step continues from there. batch: deliveries
    changed in one transaction.
    """

    name = "mail"
    interval = 60.0
    page, pages, batch = 10_000, 10, 500

    def __init__(self, context: JobContext) -> None:
        super().__init__(context)
        self._place_by_tenant: dict[str, Place] = {}

    async def reconcile(self, tenant: str) -> None:
        now = self.context.clock.now()
        if self.context.overrides.is_halted(tenant):
            return
        when = {"now": now, "horizon": now - self.context.server.settings.message_lifetime * SECOND}
        await self._expire_due_messages(tenant, when)
        await self._deliver_held_messages(tenant, when)

    # -- expiry ----------------------------------------------------------------------------------

    async def _expire_due_messages(self, tenant: str, when: dict[str, int]) -> None:
        # Remembered in memory only: after a restart, the scan begins again, which costs time but misses nothing.
        position = self._place_by_tenant.pop(tenant, FIRST_PLACE)
        for _ in range(self.pages):
            end = await self._find_page_end(tenant, position)
            for batch in split_batches(await self._read_overdue(tenant, position, end, when), self.batch):
                await self._mark_expired_and_notify(tenant, batch)
            if end == LAST_PLACE or self.is_stopping:
                return
            position = end
        # Not finished: the next step continues here, so that one tenant with much mail does not hold up the others.
        self._place_by_tenant[tenant] = position

    async def _find_page_end(self, tenant: str, position: Place) -> Place:
        """Find the last key of the page after ``position``."""
        rows = await self.read(
            tenant, expiry.select_page_end, recipient=position[0], message_id=position[1], size=self.page - 1
        )
        return (rows[0].recipient, rows[0].message_id) if rows else LAST_PLACE

    async def _read_overdue(
        self, tenant: str, position: Place, end: Place, when: dict[str, int]
    ) -> Sequence[OverdueDelivery]:
        page = {"recipient": position[0], "message_id": position[1], "last_recipient": end[0], "last_message": end[1]}
        return await self.read(tenant, expiry.select_overdue_deliveries, **page, **when)

    async def _mark_expired_and_notify(self, tenant: str, batch: Sequence[OverdueDelivery]) -> None:
        """Mark deliveries expired and notify sender and recipients, so that no message is lost silently."""
        senders = {row.message_id: row.from_agent for row in batch}
        pairs = encode_json([(row.recipient, row.message_id) for row in batch])

        async def store_expired(call: Call) -> None:
            missed: dict[str, list[str]] = {}
            # Only what the update returns was still waiting: another server may have expired it, or its recipient read it, since the read.
            for row in await call.tx.returning(expiry.expire_deliveries, pairs=pairs, now=call.now):
                missed.setdefault(row.message_id, []).append(row.recipient)
            for message_id, recipients in sorted(missed.items()):
                _emit_expired(call, message_id, senders[message_id], sorted(recipients))

        await self.write_as_system(tenant, store_expired)

    # -- held mail -------------------------------------------------------------------------------

    async def _deliver_held_messages(self, tenant: str, when: dict[str, int]) -> None:
        """Deliver messages that were held because their recipient registered concurrently."""
        for row in await self.read(tenant, expiry.select_addressed_agents, **when):
            agent_id, agent_name = row.agent_id, row.agent_name

            async def deliver_to_agent(call: Call, agent_id: str = agent_id, agent_name: str = agent_name) -> Any:
                return await deliver_messages_held_for_name(call, agent_id, agent_name)

            await self.write_as_system(tenant, deliver_to_agent)


def _emit_expired(call: Call, message_id: str, sender: str, recipients: list[str]) -> None:
    data = {"message_id": message_id, "from_agent": sender, "recipients": recipients}
    # A name is no subject: nobody with that name exists who could read the event.
    agents = [recipient for recipient in recipients if not recipient.startswith("name:")]
    audience = tuple(dict.fromkeys((sender, *agents)))
    call.emit("agora.message.expired", data, subject=message_id, audience=audience)
