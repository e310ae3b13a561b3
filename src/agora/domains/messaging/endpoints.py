"""Agents' own HTTP endpoints: lookup, and the outbox rows that post messages to them."""

from __future__ import annotations

from urllib.parse import urlsplit

from agora.clock import new_id
from agora.core.call import Call, decode_json
from agora.domains.agents.records import Addressee, AgentRow
from agora.domains.outbox.records import OUTBOX, OutboxRow
from agora.settings import Settings
from agora.value_classes import value_class

from .records import MessageRow

__all__ = ["Endpoint", "append_endpoint_delivery", "find_http_endpoint"]

ENDPOINT, INSTANCE = "endpoint", "instance"  #: source names in the outbox and in dead letters
MESSAGE_PATH = "/agent/message"
PROTOCOL = "agentify"  #: protocol name of the endpoint in a profile's ``endpoints``


@value_class
class Endpoint:
    """Where messages for an agent are posted. url: None for its instance running at that time. account: the agent's."""

    agent_id: str
    account: str
    url: str | None


def find_http_endpoint(agent: Addressee | AgentRow, settings: Settings) -> Endpoint | None:
    """Find the HTTP endpoint of an agent; None if it has none."""
    if f'"{PROTOCOL}"' not in agent.endpoints:  # most agents have none, and their JSON is not parsed
        return Endpoint(agent.agent_id, agent.account_id, None) if _runs_with_endpoint(agent.metadata) else None
    # Agents write their profiles themselves, so the value may be of any type.
    url = decode_json(agent.endpoints).get(PROTOCOL)
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return None
    if urlsplit(url).netloc == urlsplit(settings.own_url).netloc:  # an endpoint at this marketplace would create a loop
        return None
    return Endpoint(
        agent.agent_id, agent.account_id, url if url.endswith(MESSAGE_PATH) else url.rstrip("/") + MESSAGE_PATH
    )


def _runs_with_endpoint(metadata: str) -> bool:
    """Whether an agent's manifest declares that its instances take messages. metadata: JSON of the agent's row."""
    if f'"{MESSAGE_PATH}"' not in metadata:
        return False
    endpoints = decode_json(metadata).get("endpoints")
    return isinstance(endpoints, list) and any(
        isinstance(endpoint, dict) and endpoint.get("path") == MESSAGE_PATH for endpoint in endpoints
    )


def append_endpoint_delivery(call: Call, message: MessageRow, endpoint: Endpoint, answer_by: int | None) -> None:
    """Append the outbox row that posts a message. answer_by: the sender's deadline, in microseconds since 1970."""
    parts = None if endpoint.url is None else urlsplit(endpoint.url)
    limits = [limit for limit in (answer_by, message.expires_at) if limit is not None]
    row = OutboxRow(
        tenant_id=call.caller.tenant,
        delivery_id=new_id("out"),
        source=INSTANCE if parts is None else ENDPOINT,
        recipient=endpoint.agent_id,
        account=endpoint.account,
        ref=message.message_id,
        destination=f"instances of {endpoint.agent_id}"
        # Without credentials of the URL: the destination is shown to operators and groups rows of one host, which share a claim.
        if parts is None
        else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}",
        attempts=0,
        due_at=call.now,
        leased=0,
        fence=0,
        # An answer after the sender's deadline is of no use, and an expired message is not delivered anywhere else either.
        expires_at=min(limits, default=None),
        error=None,
        created_at=call.now,
    )
    call.tx.append(OUTBOX, row)
