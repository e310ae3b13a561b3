"""The chat operation. Each answer comes from an ordinary operation, with the caller's permissions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from agora.core.admission import ADMISSION
from agora.core.call import BoundService
from agora.domains.agents.references import load_agent
from agora.domains.agents.service import AgentService
from agora.domains.instances.market import MarketplaceQuery, discover_agents
from agora.domains.search.service import QueryService
from agora_sdk.contract import implements
from agora_sdk.contract import orchestrator as contract
from agora_sdk.contract.agents import Agent, Agents
from agora_sdk.contract.instances import MarketplaceAgent
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from .intents import ParsedIntent, parse_intent

__all__ = ["OrchestratorService"]

SHOWN = 10
REGISTER = "agora.agent.register"
APP = "app"  #: the category of agents that are applications
HELP = (
    "I did not understand that. Ask me to find agents (Find agents for code generation), to describe one (Tell me more "
    "about NAME), to register one (Register a new agent named MyBot. It can do text analysis.), or how many there are."
)


class OrchestratorService(BoundService, contract.Orchestrator):
    @implements
    async def chat(self, message: str) -> contract.ChatAnswer:
        intent = parse_intent(message)
        match intent.tool:
            case "register_agent":
                return await self._register_agent(intent)
            case "get_marketplace_stats":
                return await self._answer_statistics()
            case "get_agent":
                return await self._answer_description(intent)
            case "search_agents" | "search_apps":
                return await self._answer_search(intent)
        return contract.ChatAnswer(response=HELP)

    async def _answer_search(self, intent: ParsedIntent) -> contract.ChatAnswer:
        agents = await self._find_agents(intent)
        what = APP if intent.tool == "search_apps" else "agent"
        subject = f"{'free ' if intent.free else ''}{what}s" + (
            f" for {' '.join(intent.words)}" if intent.words else ""
        )
        text = f"No {subject} found." if not agents else f"Found {len(agents)} {subject}: {_list_names(agents)}."
        return _build_answer(text, [_market_fields(agent) for agent in agents], intent)

    async def _find_agents(self, intent: ParsedIntent) -> Sequence[MarketplaceAgent]:
        """Agents that match all words; if there are none, those that match any, most matches first."""
        category = APP if intent.tool == "search_apps" else None
        agents = await self._read_page(" ".join(intent.words) or None, category, intent.free)
        if agents or not intent.words:
            return agents
        hits: dict[str, tuple[int, MarketplaceAgent]] = {}
        for word in intent.words:
            alike = await self._read_page(word, category, intent.free)
            for named in {word, word.lower()} if category is None else ():
                alike += await self._read_page(None, named, intent.free)
            for agent in {agent.agent_id: agent for agent in alike}.values():
                hits[agent.agent_id] = (hits.get(agent.agent_id, (0, agent))[0] + 1, agent)
        return [agent for _, agent in sorted(hits.values(), key=lambda hit: -hit[0])][:SHOWN]

    async def _read_page(self, search: str | None, category: str | None, free: bool) -> list[MarketplaceAgent]:
        query = MarketplaceQuery(search=search, category=category, limit=50 if free else SHOWN)
        page = await discover_agents(self.call, query)
        matches = [agent for agent in page.agents if not free or agent.marketplace_info.pricing_info.type == "free"]
        return matches[:SHOWN]

    async def _answer_description(self, intent: ParsedIntent) -> contract.ChatAnswer:
        ref = intent.alias or intent.name
        agent = await self._find_by_name(ref)
        if agent is None:
            return _build_answer(f"There is no agent {ref!r} here.", [], intent)
        able = f" It can do {', '.join(agent.capabilities)}." if agent.capabilities else ""
        about = f" {agent.description}" if agent.description else ""
        return _build_answer(f"{agent.agent_name} is {agent.status}.{about}{able}", [_profile_fields(agent)], intent)

    async def _find_by_name(self, ref: str) -> Agent | None:
        """Find by id, alias or name, also without a trailing 'agent'; else the first search result."""
        service = AgentService(self.call)
        for each in dict.fromkeys((ref, ref.removesuffix(" Agent").removesuffix(" agent"))):
            try:
                return await service.get(each)
            except NotFound:
                continue
        page = await QueryService(self.call).agents(search=ref[:200], limit=1) if ref else None
        return page.agents[0] if page is not None and page.agents else None

    async def _register_agent(self, intent: ParsedIntent) -> contract.ChatAnswer:
        self.call.context.ports.get(ADMISSION).check_operation_allowed(REGISTER, self.call.caller)
        if not intent.name:
            return _build_answer(
                "The name of the agent is missing. Example: Register a new agent named MyBot.", [], intent
            )
        registration = await AgentService(self.call).register(**_validate_registration(intent))
        able = f" It can do {', '.join(registration.capabilities)}." if registration.capabilities else ""
        text = f"{registration.agent_name} is registered.{able} Keep its token: it is shown once."
        answer = _build_answer(text, [_profile_fields(registration)], intent)
        answer.token = registration.token
        return answer

    async def reissue(self, result: contract.ChatAnswer) -> contract.ChatAnswer:
        """Return the token again when the registration is repeated under its idempotency key."""
        if result.tools_used == ["register_agent"] and result.data:
            row = await load_agent(self.call.tx, str(result.data[0]["id"]))
            if row.status != "retired":
                caller, signer = self.call.caller, self.call.context.signer
                result.token = signer.agent_token(caller.tenant, row.agent_id, row.token_generation)
        return result

    async def _answer_statistics(self) -> contract.ChatAnswer:
        numbers = await QueryService(self.call).marketplace()
        text = f"There are {numbers.agents_total} agents in the marketplace"
        by_status = ", ".join(f"{count} {status}" for status, count in numbers.agents_by_status.items() if count)
        fields = numbers.model_dump(mode="json", include={"agents_total", "agents_by_status", "top_capabilities"})
        return contract.ChatAnswer(
            response=f"{text}{f' ({by_status})' if by_status else ''}.",
            data=[fields],
            tools_used=["get_marketplace_stats"],
        )


def _validate_registration(intent: ParsedIntent) -> dict[str, Any]:
    """Validate the parsed registration against the operation's input. Raises InvalidRequest."""
    values = {"agent_name": intent.name, "capabilities": intent.capabilities, "alias": intent.alias}
    try:
        checked = Agents.operations["register"].input.model_validate(values)
    except ValidationError as error:
        errors = [
            field_error("message", f"{problem['loc'][0]}: {describe_error(problem)}") for problem in error.errors()
        ]
        raise InvalidRequest(
            f"The agent cannot be registered like that: {errors[0]['message']}",
            fix="Use a shorter name and capabilities of one or two words each, or use POST /agents/register.",
            errors=errors,
        ) from None
    return {name: getattr(checked, name) for name in values if values[name] is not None}


def _build_answer(text: str, data: list[dict[str, Any]], intent: ParsedIntent) -> contract.ChatAnswer:
    return contract.ChatAnswer(response=text, data=data, tools_used=[intent.tool] if intent.tool else [])


def _list_names(agents: Sequence[Agent]) -> str:
    return ", ".join(agent.agent_name for agent in agents)


def _profile_fields(agent: Agent) -> dict[str, Any]:
    """Profile fields in the agent protocol's terms: agent_id is the alias, or the name."""
    identity = {"agent_id": agent.alias or agent.agent_name, "id": agent.agent_id, "name": agent.agent_name}
    fields = {"description", "capabilities", "status", "category", "tags", "reputation"}
    return identity | agent.model_dump(mode="json", include=fields)


def _market_fields(agent: MarketplaceAgent) -> dict[str, Any]:
    return _profile_fields(agent) | {
        "pricing": agent.marketplace_info.pricing_info.model_dump(mode="json", exclude_none=True)
    }
