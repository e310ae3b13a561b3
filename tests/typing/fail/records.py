"""A record has exactly its fields, a table stores its own record type, and a query returns its declared record type."""

from __future__ import annotations

from agora.domains.messaging import queries as messages
from agora.domains.messaging.records import DELIVERIES, MESSAGES, DeliveryRow
from agora.store.port import Query, Table, Tx, Write


async def store(tx: Tx) -> None:
    row = DeliveryRow(tenant_id="t", recipient="a", message_id="m", state="queued", updated_at=1)
    tx.append(DELIVERIES, row)
    tx.append(MESSAGES, row)  # E: misc: Cannot infer
    tx.append(DELIVERIES, ("t", "a", "m", "queued", 1))  # E: misc: Cannot infer
    DeliveryRow(tenant_id="t", recipient="a", message_id="m", state="queued")  # E: call-arg: updated_at
    DeliveryRow(tenant_id="t", recipient="a", message_id="m", state="queued", updated=1)  # E: call-arg
    DeliveryRow("t", "a", "m", "queued", 1)  # E: call-arg
    DeliveryRow(tenant_id="t", recipient="a", message_id="m", state=1, updated_at=1)  # E: arg-type


Table("deliveries", (("tenant_id", "text"), ("recipient", "text")))  # E: arg-type
Query("select 1 from deliveries where tenant_id = :tenant")  # E: call-arg


async def read(tx: Tx) -> None:
    changes = await tx.returning(Write("update deliveries set state = '' where tenant_id = :tenant returning *"))
    print(changes[0].state)  # E: attr-defined
    message = await tx.one(messages.select_message, message_id="m")
    print(message.content)  # E: union-attr
    assert message is not None
    print(message.contents)  # E: attr-defined
    print(message["content"])  # E: index
    print(message.content + 1)  # E: operator
    held = await tx.one(messages.count_held_messages, address="name:a", limit=1)
    assert held is not None
    print(held + "1")  # E: operator
