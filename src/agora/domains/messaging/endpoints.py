"""Agents' own HTTP endpoints: which agents have one, and the row of the outbox that posts a message to it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from agora.clock import new_id
from agora.core.call import Call, decode_json
from agora.domains.agents.records import AgentRow, CapableAgent
from agora.domains.outbox.records import OUTBOX, OutboxRow
from agora.settings import Settings

from .records import MessageRow

__all__ = ["ENDPOINT_SOURCE_NAME", "Endpoint", "append_endpoint_delivery", "find_endpoint"]

ENDPOINT_SOURCE_NAME = "endpoint"  #: name as a source of the outbox and of dead letters
PATH = "/agent/message"
PROTOCOL = "agentify"  #: under which a profile's ``endpoints`` name it


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages for an agent are posted. account: of the agent."""

    url: str
    account: str


def find_endpoint(agent: AgentRow | CapableAgent, settings: Settings) -> Endpoint | None:
    """Where an agent takes messages by HTTP; None if it does not."""
    if f'"{PROTOCOL}"' not in agent.endpoints:  # most have none: their JSON is not read
        return None
    url = decode_json(agent.endpoints).get(PROTOCOL)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    if urlsplit(url).netloc == urlsplit(settings.own_url).netloc:  # this marketplace: a message would go in a circle
        return None
    return Endpoint(url if url.endswith(PATH) else url.rstrip("/") + PATH, agent.account_id)


def append_endpoint_delivery(
    call: Call, message: MessageRow, agent_id: str, endpoint: Endpoint, answer_by: int | None
) -> None:
    """Have a message posted. answer_by: when its sender stops waiting for an answer, in microseconds since 1970."""
    parts = urlsplit(endpoint.url)
    limits = [limit for limit in (answer_by, message.expires_at) if limit is not None]
    row = OutboxRow(
        tenant_id=call.caller.tenant,
        delivery_id=new_id("out"),
        source=ENDPOINT_SOURCE_NAME,
        recipient=agent_id,
        account=endpoint.account,
        ref=message.message_id,
        destination=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        attempts=0,
        due_at=call.now,
        leased=0,
        fence=0,
        expires_at=min(limits, default=None),
        error=None,
        created_at=call.now,
    )
    call.tx.append(OUTBOX, row)
