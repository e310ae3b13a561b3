"""Agent cards (A2A 1.0, section 4.4): built from the registration, overlaid with the card stored by the agent's owner.

The interface URLs are always this server's: neither a stored card nor a remote agent's card can change them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from agora.clock import to_datetime
from agora.core import pagination as paging
from agora.core.call import Call, cast_encoded_to_result, decode_json, encode_json
from agora.core.errors import invalid_field
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import check_may_act_for, find_agent, load_agent
from agora.domains.agents.supervision import choose_agent_event_audience
from agora.domains.billing.terms import PriceTerms, build_pricing_fields, read_terms_of_agents
from agora_sdk.contract import a2a as contract
from agora_sdk.contract.billing import PricingInfo
from agora_sdk.errors import NotFound, PayloadTooLarge, PermissionDenied, field_error

from . import queries as statements
from .price_extension import PRICE_EXTENSION, find_price_extension
from .routing import parse_agent_skills
from .views import encode_document

__all__ = ["DEFAULT_MODES", "build_card", "list_catalogue", "resolve_base_url", "store_card"]

DEFAULT_MODES = ("text/plain", "application/json")  #: default media types
MAX_CARD_CHARACTERS = 262_144  #: maximum length of a stored card
SERVER_FIELDS = frozenset(
    {"supportedInterfaces", "securitySchemes", "securityRequirements", "capabilities", "signatures", "url"}
)
TEXT_FIELDS = frozenset({"name", "description", "version", "documentationUrl", "iconUrl"})
LIST_FIELDS = frozenset({"defaultInputModes", "defaultOutputModes", "inputModes", "outputModes", "tags", "examples"})
FRONT_AGENT = "front"  #: agent id of the front agent's card
MAX_SKILLS = 100  #: maximum number of skills of a card
_METADATA_FIELDS = {
    "version": "version",
    "provider": "provider",
    "documentation_url": "documentationUrl",
    "icon_url": "iconUrl",
    "input_modes": "defaultInputModes",
    "output_modes": "defaultOutputModes",
}


def resolve_base_url(call: Call, override: str | None) -> str:
    """Resolve the base URL of this server."""
    return (override or call.context.settings.own_url).rstrip("/")


def _build_agent_url(base: str, agent: AgentRow | None) -> str:
    return base if agent is None else f"{base}/a2a/{quote(agent.agent_name, safe='')}"


def _build_interfaces(url: str) -> list[dict[str, str]]:
    return [
        # In order of preference: a client takes the first that it supports.
        {"url": url, "protocolBinding": binding, "protocolVersion": version}
        for version in ("1.0", "0.3")
        for binding in ("JSONRPC", "HTTP+JSON")
    ]


def _build_common_card_fields(call: Call, base: str, agent: AgentRow | None) -> dict[str, Any]:
    """Build the fields common to all cards. Authentication is required unless the settings trust local callers."""
    frame: dict[str, Any] = {
        "supportedInterfaces": _build_interfaces(_build_agent_url(base, agent)),
        "capabilities": {"streaming": True, "pushNotifications": True, "extendedAgentCard": True},
        "securitySchemes": {
            "bearer": {"httpAuthSecurityScheme": {"scheme": "Bearer", "description": "A token or key of this server."}},
            "key": {"apiKeySecurityScheme": {"location": "header", "name": "X-API-Key"}},
        },
    }
    # A card that requires a credential would keep clients without one from a server that needs none.
    if not call.context.settings.trusts_local_callers:
        frame["securityRequirements"] = [{"schemes": {name: {"list": []}}} for name in frame["securitySchemes"]]
    return frame


def _build_registered_card(agent: AgentRow) -> dict[str, Any]:
    """Build the card from an agent's registration."""
    a2a_metadata = decode_json(agent.metadata).get("a2a")
    a2a_metadata = a2a_metadata if isinstance(a2a_metadata, dict) else {}
    fields: dict[str, Any] = {
        "name": agent.agent_name,
        "description": agent.description or f"The agent {agent.agent_name}.",
        "version": "1.0.0",
        "defaultInputModes": list(DEFAULT_MODES),
        "defaultOutputModes": list(DEFAULT_MODES),
        "skills": _build_skills(agent),
    }
    return _overlay_card(
        fields,
        {
            own_name: a2a_metadata[card_name]
            for card_name, own_name in _METADATA_FIELDS.items()
            if _is_valid_field(own_name, a2a_metadata.get(card_name))
        },
    )


def _build_skills(agent: AgentRow) -> list[dict[str, Any]]:
    """Build the skills: the declared ones, and one per further capability; at least one (required by A2A)."""
    tags = decode_json(agent.tags)
    skills = [_build_skill(agent, skill, tags) for skill in parse_agent_skills(agent)]
    ids = {skill["id"] for skill in skills}
    more = [_build_skill(agent, {"id": name}, tags) for name in decode_json(agent.capabilities) if name not in ids]
    return (skills + more)[:MAX_SKILLS] or [_build_skill(agent, {"id": "message", "name": "Message"}, tags)]


def _build_skill(agent: AgentRow, declared: Mapping[str, Any], tags: Sequence[str]) -> dict[str, Any]:
    """Build a skill with all fields of the protocol, omitting invalid fields of the metadata."""
    name = declared.get("name")
    name = name if _is_nonempty_text(name) else str(declared["id"]).replace("_", " ").replace("-", " ").capitalize()
    skill = {"id": declared["id"], "name": name, "description": f"{name}, by {agent.agent_name}."}
    skill["tags"] = list(tags) or [declared["id"]]
    other_fields = {
        key: value for key, value in declared.items() if key not in ("id", "name") and _is_valid_field(key, value)
    }
    return {**skill, **other_fields}


def _is_nonempty_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _is_valid_field(name: str, value: Any) -> bool:
    """Whether a field of a card or of a skill has a valid value."""
    if name in TEXT_FIELDS:
        return _is_nonempty_text(value)
    if name in LIST_FIELDS:
        return _has_items_of_type(value, str)
    return isinstance(value, dict) if name == "provider" else value is not None


def _overlay_card(card: dict[str, Any], stored_card: Mapping[str, Any]) -> dict[str, Any]:
    """Overlay a card with the fields of a stored card; of its capabilities, only the extensions."""
    over = card | {name: value for name, value in stored_card.items() if name not in SERVER_FIELDS}
    capabilities = stored_card.get("capabilities")
    # Clients talk to this server: whether it streams or pushes does not depend on the agent behind it.
    if isinstance(capabilities, dict) and _has_items_of_type(capabilities.get("extensions"), dict):
        over["extensions"] = capabilities["extensions"]
    return over


def _build_front_card(call: Call, builtins: Iterable[AgentRow]) -> dict[str, Any]:
    settings = call.context.settings
    skills = [dict(skill) for agent in builtins for skill in _build_skills(agent)]
    route = {
        "id": "route",
        "name": "Route",
        "description": "Finds the agent that a message is for: by the skill that its metadata names, or by its text.",
        "tags": ["marketplace", "routing"],
    }
    card: dict[str, Any] = {
        "name": settings.a2a_agent_name,
        "description": settings.a2a_agent_description,
        "version": "1.0.0",
        "defaultInputModes": list(DEFAULT_MODES),
        "defaultOutputModes": list(DEFAULT_MODES),
        "skills": [route, *skills][:MAX_SKILLS],
    }
    return card


async def build_card(call: Call, ref: str | None, base: str | None, *, extended: bool = False) -> contract.A2ACard:
    """Build the card of an agent or of the front agent. Raises NotFound for an agent hidden from the caller."""
    agent = await _require_visible_agent(call, ref) if ref is not None else None
    document = (
        _build_registered_card(agent)
        if agent is not None
        else _build_front_card(call, await call.tx.all(statements.select_builtin_agents))
    )
    row = await call.tx.one(statements.select_cards, agent_id=agent.agent_id if agent is not None else FRONT_AGENT)
    if row is not None:
        for card_json in (row.card, row.extended if extended else None):
            document = _overlay_card(document, decode_json(card_json)) if card_json else document
    # The protocol lets a skill inherit its modes from the card; some clients require them on every skill.
    modes = {"inputModes": document["defaultInputModes"], "outputModes": document["defaultOutputModes"]}
    document["skills"] = [modes | skill for skill in document["skills"]]
    base = resolve_base_url(call, base)
    extensions = await _list_extensions(call, agent, document.pop("extensions", ()))
    # After the overlays, so that no stored card can name another server's interfaces.
    document |= _build_common_card_fields(call, base, agent)
    if extensions:
        document["capabilities"]["extensions"] = extensions
    document.setdefault("provider", {"organization": call.context.settings.a2a_agent_org, "url": base})
    return cast_encoded_to_result(encode_document(document), contract.A2ACard)


async def _list_extensions(
    call: Call, agent: AgentRow | None, stored: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """List the extensions of a stored card, and the agent's price, which no stored card can change."""
    extensions = [extension for extension in stored if extension.get("uri") != PRICE_EXTENSION]
    price = await find_price_extension(call, agent.agent_id) if agent is not None else None
    return extensions if price is None else [*extensions, price]


async def _require_visible_agent(call: Call, ref: str) -> AgentRow:
    row = await find_agent(call.tx, ref)
    if row is None or row.retired_at is not None or not _is_visible_to(call, row):
        raise NotFound(
            f"There is no agent {ref!r}.",
            fix="Agents are listed with GET /agora/a2a/catalogue.",
            errors=[field_error("agent", "unknown agent")],
        )
    return row


def _is_visible_to(call: Call, row: AgentRow) -> bool:
    """Whether the caller may see a card: public (all), other non-private (members), private (same account), its own."""
    caller = call.caller
    if caller.may("read:all") or caller.subject == row.agent_id:
        return True
    if row.visibility == "private":
        # All credentials without an account have "default": sharing it shows no relation to the agent.
        return row.account_id not in ("default", "builtin") and row.account_id == caller.account
    return row.visibility == "public" or caller.may("read:agents")


async def store_card(
    call: Call, ref: str | None, card: Mapping[str, Any] | None, extended: Mapping[str, Any] | None
) -> contract.CardChange:
    """Store the card of an agent, or of the front agent (``front``; operators only). None for both removes it."""
    # The name is reserved, but an agent of an old release may have it.
    if ref == FRONT_AGENT and await find_agent(call.tx, FRONT_AGENT) is None:
        if not call.caller.may("admin"):
            raise PermissionDenied("Only operators may change the front agent.", required="admin")
        agent_id, audience = FRONT_AGENT, None
    else:
        row = await load_agent(call.tx, ref or call.caller.subject, "agent")
        check_may_act_for(call.caller, row.agent_id)
        agent_id, audience = row.agent_id, choose_agent_event_audience(row)
    call.target = agent_id
    texts = [None if document is None else _serialize_checked_card(document) for document in (card, extended)]
    if texts == [None, None]:
        await call.tx.execute(statements.delete_card, agent_id=agent_id)
    else:
        values = {"card": texts[0], "extended": texts[1], "now": call.now, "by": call.caller.subject}
        await call.tx.execute(statements.upsert_card, agent_id=agent_id, **values)
    data = {"agent_id": agent_id, "stored": texts != [None, None]}
    call.emit("agora.agent.card_changed", data, subject=agent_id, audience=audience)
    return contract.CardChange(
        agent_id=agent_id, stored=texts[0] is not None, extended=texts[1] is not None, updated_at=to_datetime(call.now)
    )


def _serialize_checked_card(card: Mapping[str, Any]) -> str:
    """Check and serialize a card. Raises InvalidRequest for a field of the wrong type."""
    _check_card_fields(card, "card")
    if "skills" in card:
        skills = card["skills"]
        if not _has_items_of_type(skills, dict) or len(skills) > MAX_SKILLS:
            raise invalid_field("card.skills", f"is a list of 1 to {MAX_SKILLS} objects")
        for skill in skills:
            _check_card_fields({"id": None, "name": None, "description": None, "tags": None} | skill, "card.skills")
    capabilities = card.get("capabilities", {})
    if not isinstance(capabilities, dict):
        raise invalid_field("card.capabilities", "is an object")
    # A placeholder passes the check where there are none.
    extensions = capabilities.get("extensions") or [{"uri": "none"}]
    if not _has_items_of_type(extensions, dict) or not all(
        _is_nonempty_text(extension.get("uri")) for extension in extensions
    ):
        raise invalid_field("card.capabilities", "has extensions with a uri each")
    text = encode_json(card)
    if len(text) > MAX_CARD_CHARACTERS:
        raise PayloadTooLarge(f"A card has at most {MAX_CARD_CHARACTERS} characters; this one has {len(text)}.")
    return text


def _check_card_fields(fields: Mapping[str, Any], field: str) -> None:
    for name, value in fields.items():
        if not (_is_nonempty_text(value) if name == "id" else _is_valid_field(name, value)):
            kind = "a list of texts" if name in LIST_FIELDS else "an object" if name == "provider" else "a text"
            raise invalid_field(f"{field}.{name}" if field == "card" else field, f"{name} is {kind} that is not empty")


def _has_items_of_type(value: Any, kind: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, kind) for item in value)


async def list_catalogue(call: Call, base: str | None, limit: int, cursor: str | None) -> contract.A2ACatalogue:
    """List a page of the agents whose cards the caller may see; the first page begins with the front agent."""
    caller, base = call.caller, resolve_base_url(call, base)
    viewer: dict[str, Any] = {
        "viewer": caller.subject,
        "everyone": int(caller.may("read:all")),
        "known": int(caller.may("read:agents")),
    }
    rows, more = await paging.read_query_page(
        call, statements.select_catalog_agents, "agent_id", limit, cursor, **viewer
    )
    terms = await read_terms_of_agents(call.tx, [row.agent_id for row in rows], call.now)
    entries = [_build_catalogue_entry(base, row, terms.get(row.agent_id)) for row in rows]
    if cursor is None:
        entries.insert(0, _build_front_entry(call, base))
    return contract.A2ACatalogue.model_construct(
        agents=entries,
        count=len(entries),
        # Known for a single page only: counting all visible agents would cost a scan for each page.
        total=None if more or cursor else len(entries),
        has_more=more,
        next_cursor=paging.encode_cursor(entries[-1].agent_id or "") if more else None,
    )


def _build_catalogue_entry(base: str, row: AgentRow, terms: PriceTerms | None) -> contract.A2ACatalogueEntry:
    url = _build_agent_url(base, row)
    return contract.A2ACatalogueEntry.model_construct(
        agent_id=row.agent_id,
        name=row.agent_name,
        description=row.description,
        url=url,
        card_url=f"{url}/.well-known/agent-card.json",
        tags=decode_json(row.tags),
        pricing=PricingInfo(**build_pricing_fields(terms)) if terms is not None and terms.is_chargeable else None,
        updated_at=to_datetime(row.last_activity),
    )


def _build_front_entry(call: Call, base: str) -> contract.A2ACatalogueEntry:
    settings = call.context.settings
    return contract.A2ACatalogueEntry.model_construct(
        agent_id=None,
        name=settings.a2a_agent_name,
        description=settings.a2a_agent_description,
        url=base,
        card_url=f"{base}/.well-known/agent-card.json",
        tags=["marketplace"],
        updated_at=to_datetime(call.context.started_at),
    )
