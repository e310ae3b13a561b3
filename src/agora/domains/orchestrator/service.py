"""The chat and its tools. A tool is an operation of its own; the chat calls it with the caller's permissions.

Sentences are answered by fixed rules, or by the declared agent of the setting ``chat_agent`` (:mod:`.model_chat`).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ValidationError

from agora.core.admission import ADMISSION
from agora.core.call import BoundService
from agora.domains.agents.references import load_agent
from agora.domains.agents.service import AgentService
from agora.domains.apps.listing import AppFilter, count_apps, find_best_matching_apps
from agora.domains.search.service import QueryService
from agora_sdk.contract import implements
from agora_sdk.contract import orchestrator as contract
from agora_sdk.contract.agents import Agent, Registration
from agora_sdk.contract.apps import AppPage
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import InvalidRequest, NotFound, field_error

from . import model_chat
from .answer_rows import build_app_fields, build_count_fields, build_market_fields, build_profile_fields
from .intents import ParsedIntent, Tool, parse_intent
from .matches import MAX_SCANNED, MatchRequest, find_matches
from .wording import HELP, describe_agent, describe_count, describe_matches, describe_refusal, describe_registration

__all__ = ["OrchestratorService"]

REGISTER = "agora.agent.register"
NAME_MISSING = "The name of the agent is missing. Example: Register a new agent named MyBot."


class OrchestratorService(BoundService, contract.Orchestrator):
    @implements
    async def chat(self, message: str) -> contract.ChatAnswer:
        agent = await model_chat.find_chat_agent(self.call)
        if agent is None:
            return await self.answer_by_rules(message)
        return await model_chat.create_chat_task_and_await_answer(self.call, agent, message)

    async def answer_by_rules(self, message: str) -> contract.ChatAnswer:
        """Answer a sentence by fixed rules, without a model. Raises InvalidRequest, PermissionDenied."""
        intent = parse_intent(message)
        if intent.tool is None:
            return contract.ChatAnswer(response=describe_refusal(intent.refusal) if intent.refusal else HELP)
        # The chat's own scope is not the tool's: what the caller may not call directly, a sentence must not do either.
        self._check_tool_allowed(intent.tool)
        match intent.tool:
            case "register_agent":
                return await self._answer_registration(intent)
            case "get_marketplace_stats":
                return await self._answer_count(intent)
            case "get_agent":
                return await self._answer_description(intent)
            case "search_agents" | "search_apps":
                return await self._answer_search(intent)

    @implements
    async def search_agents(
        self,
        query: str | None = None,
        *,
        capability: str | None = None,
        name: str | None = None,
        industry: str | None = None,
        free: bool = False,
        max_price: float | None = None,
        min_rating: float | None = None,
        status: contract.State | None = None,
        sort: Literal["relevance", "price", "rating"] = "relevance",
        limit: int = 10,
    ) -> contract.MatchPage:
        request = MatchRequest(query, capability, name, industry, free, max_price, min_rating, status, sort)
        agents, total = await find_matches(self.call, request, limit)
        return contract.MatchPage(agents=agents, count=len(agents), total=total, has_more=total > len(agents))

    @implements
    async def get_agent(self, ref: str) -> Agent:
        service = AgentService(self.call)
        # People say "the Weather agent" of an agent named Weather.
        for spelling in dict.fromkeys((ref, ref.removesuffix(" Agent").removesuffix(" agent"))):
            try:
                return await service.get(spelling)
            except NotFound:
                continue
        page = await QueryService(self.call).agents(search=ref, limit=1)
        if page.agents:
            return page.agents[0]
        raise NotFound(f"There is no agent {ref!r} here.", fix="Search for it: agora.orchestrator.search_agents.")

    @implements
    async def search_apps(
        self, query: str | None = None, *, industry: str | None = None, free: bool = False, limit: int = 10
    ) -> AppPage:
        apps, total = await find_best_matching_apps(self.call, AppFilter.from_query(query, industry, free=free), limit)
        return AppPage.model_construct(apps=apps, count=len(apps), total=total, has_more=total > len(apps))

    @implements
    async def register_agent(
        self,
        name: str,
        agent_id: str | None = None,
        capabilities: list[str] = [],
        *,
        description: str = "",
        category: str = "",
    ) -> Registration:
        self.call.context.ports.get(ADMISSION).check_operation_allowed(REGISTER, self.call.caller)
        return await AgentService(self.call).register(
            agent_name=name, alias=agent_id, capabilities=capabilities, description=description, category=category
        )

    @implements
    async def get_marketplace_stats(
        self,
        of: Literal["agents", "apps", "capabilities"] = "agents",
        capability: str | None = None,
        *,
        status: contract.State | None = None,
        free: bool = False,
    ) -> contract.MarketplaceCount:
        numbers = await QueryService(self.call).marketplace()
        estimate = False
        if of == "capabilities":
            total = numbers.capabilities_total
        elif of == "agents" and capability is None and status is None and not free:
            total = numbers.agents_total
        elif of == "apps":
            total, estimate = await count_apps(self.call, AppFilter.from_query(capability, free=free))
        else:
            request = MatchRequest(capability, status=status, free=free)
            _, total = await find_matches(self.call, request, 1)
            estimate = request.has_filters_or_sorting and total >= MAX_SCANNED
        return contract.MarketplaceCount(
            of=of,
            total=total,
            total_is_estimate=estimate,
            by_status=numbers.agents_by_status,
            top_capabilities=numbers.top_capabilities,
        )

    async def reissue_credential(
        self, result: contract.ChatAnswer | Registration
    ) -> contract.ChatAnswer | Registration:
        """Return the token again for a registration repeated under its idempotency key."""
        if isinstance(result, Registration):
            return await AgentService(self.call).reissue_credential(result)
        if result.tools_used == ["register_agent"] and result.data:
            row = await load_agent(self.call.tx, str(result.data[0]["id"]))
            if row.status != "retired":
                caller, signer = self.call.caller, self.call.context.signer
                result.token = signer.sign_agent_token(caller.tenant, row.agent_id, row.token_generation)
        return result

    def _check_tool_allowed(self, tool: Tool) -> None:
        name = f"agora.orchestrator.{tool}"
        self.call.context.ports.get(ADMISSION).check_operation_allowed(name, self.call.caller)

    async def _answer_search(self, intent: ParsedIntent) -> contract.ChatAnswer:
        arguments = _validate_arguments(intent)
        if intent.tool == "search_apps":
            accepted = {"query", "industry", "free", "limit"}
            apps = await self.search_apps(**{key: value for key, value in arguments.items() if key in accepted})
            names, total, data = [app.name for app in apps.apps], apps.total or 0, [*map(build_app_fields, apps.apps)]
        else:
            page = await self.search_agents(**arguments)
            names, total = [agent.agent_name for agent in page.agents], page.total or 0
            data = [*map(build_market_fields, page.agents)]
        # Words without a verb were perhaps no search at all: "nothing found" would be a wrong answer to chatter.
        if intent.bare and not data:
            return contract.ChatAnswer(response=HELP)
        return _build_answer(describe_matches(intent, names, total), data, intent)

    async def _answer_description(self, intent: ParsedIntent) -> contract.ChatAnswer:
        try:
            agent = await self.get_agent(**_validate_arguments(intent))
        except NotFound as error:
            return _build_answer(error.detail, [], intent)
        return _build_answer(describe_agent(agent), [build_profile_fields(agent)], intent)

    async def _answer_registration(self, intent: ParsedIntent) -> contract.ChatAnswer:
        if not intent.arguments["name"]:
            self.call.context.ports.get(ADMISSION).check_operation_allowed(REGISTER, self.call.caller)
            return _build_answer(NAME_MISSING, [], intent)
        registration = await self.register_agent(**_validate_arguments(intent))
        answer = _build_answer(describe_registration(registration), [build_profile_fields(registration)], intent)
        answer.token = registration.token
        return answer

    async def _answer_count(self, intent: ParsedIntent) -> contract.ChatAnswer:
        count = await self.get_marketplace_stats(**_validate_arguments(intent))
        return _build_answer(describe_count(intent, count), [build_count_fields(count)], intent)


def _validate_arguments(intent: ParsedIntent) -> dict[str, Any]:
    """Validate the parsed arguments against the tool's input. Raises InvalidRequest."""
    assert intent.tool is not None
    try:
        # A sentence may hold values that the tool's contract forbids, such as a name of 300 characters.
        checked = contract.Orchestrator.operations[intent.tool].input.model_validate(intent.arguments)
    except ValidationError as error:
        errors = [
            field_error("message", f"{problem['loc'][0]}: {describe_error(problem)}") for problem in error.errors()
        ]
        raise InvalidRequest(
            f"That cannot be done: {errors[0]['message']}",
            fix=f"Use a shorter sentence, or call agora.orchestrator.{intent.tool} directly.",
            errors=errors,
        ) from None
    return {name: getattr(checked, name) for name in intent.arguments}


def _build_answer(text: str, data: list[dict[str, Any]], intent: ParsedIntent) -> contract.ChatAnswer:
    return contract.ChatAnswer(response=text, data=data, tools_used=[intent.tool] if intent.tool else [])
