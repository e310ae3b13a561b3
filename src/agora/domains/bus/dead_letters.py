"""Entries of agents' streams and of the bridge's inbound stream as sources of dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from agora.core.call import Call, decode_json, encode_json
from agora.domains.agents import queries as agents
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import build_address_of_name
from agora.domains.dead_letters.port import DeadLetterSource, Inspection
from agora.domains.dead_letters.records import DeadLetterRow
from agora.domains.messaging.views import compute_expiry_horizon, emit_message_event
from agora_sdk.contract import declared
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import Conflict, InvalidRequest, field_error

from . import queries as statements
from .agent_streams import StreamOwner, build_stream_owner_from_agent
from .engines import groups, wire
from .engines.port import Delivery
from .service import BusService
from .views import render_entries

__all__ = ["BUS_SOURCE", "INBOUND_SOURCE"]


class BusSource(DeadLetterSource):
    """Messages and claimed tasks that an agent's consumers did not acknowledge, embedded or on Redis.

    A replayed message returns to its recipient's inbox, from which any protocol can take it. A task that is still
    claimed is appended to the stream again; a task whose claim has ended needs no replay.
    """

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        agent = await call.tx.one(agents.select_agent_by_id, ref=dead_letter.owner)
        if agent is None:
            return Inspection(None, "The agent no longer exists.")
        documents, _ = await render_entries(
            call, build_stream_owner_from_agent(call, agent), [_to_delivery(dead_letter)]
        )
        if not documents:
            return Inspection(
                None, "The message was deleted." if _is_message(dead_letter) else "The task is no longer claimed."
            )
        content = {name: value for name, value in documents[0].items() if name not in ("entry_id", "deliveries")}
        return Inspection(content, await self._find_replay_obstacle(call, dead_letter, agent))

    async def _find_replay_obstacle(self, call: Call, dead_letter: DeadLetterRow, agent: AgentRow) -> str | None:
        if agent.retired_at is not None:
            return "The agent has been deregistered."
        if _is_message(dead_letter) and not await call.tx.one(
            statements.count_replayable_messages, **_build_delivery_parameters(call, dead_letter, agent)
        ):
            return "The message has expired, or was already handled."
        return None

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        agent = await call.tx.one(agents.select_agent_by_id, ref=dead_letter.owner)
        if agent is None or agent.retired_at is not None:
            raise _build_not_replayable_error("its agent has been deregistered")
        if _is_message(dead_letter):
            if not await call.tx.execute(
                statements.requeue_dead_message, **_build_delivery_parameters(call, dead_letter, agent)
            ):
                raise _build_not_replayable_error("the message has expired, or was already handled")
            (row,) = await call.tx.all(statements.select_messages, ids=encode_json([dead_letter.ref]))
            # Only to this recipient, even if the message was a broadcast.
            emit_message_event(call, replace(row, broadcast=0), (dead_letter.owner,))
        else:
            await self._append_claimed_task(call, dead_letter, build_stream_owner_from_agent(call, agent))

    async def _append_claimed_task(self, call: Call, dead_letter: DeadLetterRow, owner: StreamOwner) -> None:
        delivery = _to_delivery(dead_letter)
        # An entry of a task that is claimed no longer is left out: appending it would offer work that another one does.
        documents, _ = await render_entries(call, owner, [delivery])
        if not documents:
            raise _build_not_replayable_error("its task is no longer claimed and continues without it")
        entry = (dead_letter.ref, decode_json(dead_letter.detail).get("name"), encode_json(dict(delivery.fields)))
        await groups.append_entries(call.tx, owner.stream_name, [entry], call.now)

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """No-op: the message stays ``dead_lettered``."""


class InboundSource(DeadLetterSource):
    """Refused entries of the inbound Redis stream.

    Their credentials are not stored, so a replay publishes them by the authority of the caller, an operator.
    """

    async def inspect_letter(self, call: Call, dead_letter: DeadLetterRow) -> Inspection:
        return Inspection(wire.decode_fields(decode_json(dead_letter.detail)["fields"]))

    async def replay_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        entry = {"message_id": dead_letter.key} | wire.decode_fields(decode_json(dead_letter.detail)["fields"])
        if entry.get("sender") in (call.caller.subject, call.caller.name):
            del entry["sender"]
        try:
            request = declared("bus", "publish").input.model_validate(entry)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise InvalidRequest(
                f"It cannot be replayed: {field}: {describe_error(first)}.",
                fix="Publish a corrected entry, and discard this one.",
                errors=[field_error(field, describe_error(first))],
            ) from None
        await BusService(call).publish(**{name: getattr(request, name) for name in request.model_fields_set})

    async def discard_letter(self, call: Call, dead_letter: DeadLetterRow) -> None:
        """No-op: there is no further data."""


def _is_message(dead_letter: DeadLetterRow) -> bool:
    return (dead_letter.ref or "").startswith("msg_")


def _to_delivery(dead_letter: DeadLetterRow) -> Delivery:
    fields = decode_json(dead_letter.detail).get("fields") or {}
    return Delivery(dead_letter.key, fields, dead_letter.attempts, dead_letter.ref)


def _build_delivery_parameters(call: Call, dead_letter: DeadLetterRow, agent: AgentRow) -> dict[str, Any]:
    return {
        "agent_id": dead_letter.owner,
        "address": build_address_of_name(agent.agent_name),
        "message_id": dead_letter.ref,
        "now": call.now,
        "horizon": compute_expiry_horizon(call),
    }


def _build_not_replayable_error(reason: str) -> Conflict:
    return Conflict(f"It cannot be replayed: {reason}.", fix="Discard it.")


BUS_SOURCE = BusSource()
INBOUND_SOURCE = InboundSource()
