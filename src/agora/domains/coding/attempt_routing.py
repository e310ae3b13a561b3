"""Routing of attempts: selects a codebase whose worker meets the requirements of an attempt.

A codebase belongs to one worker, and most workers run one agent. An attempt with another agent therefore runs in the
same repository on another worker of the same account, like a job of a stand-in. An attempt that no worker can take is
refused, because it would wait forever and could not be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agora.core.call import Call, decode_json
from agora.core.errors import not_found
from agora_sdk.errors import InvalidRequest, field_error

from . import attempt_queries as statements
from . import queries as codebases
from .attempt_records import AttemptPlace

__all__ = ["VariantRequirements", "choose_place", "list_places_by_id_or_name", "parse_variant_requirements"]

MAX_PLACES = 50
MAX_OFFERS = 20  #: maximum number of offers in an error

VariantRequirements = Mapping[str, str]  #: names by kind of requirement: coding, model, profile, worker


def parse_variant_requirements(variant: str, field: str) -> VariantRequirements:
    """Parse the requirements of a variant. Raises InvalidRequest for a repeated kind of requirement."""
    requirements: dict[str, str] = {}
    for requirement in variant.split():
        kind, _, name = requirement.partition(":")
        if kind in requirements:
            problem = f"{variant!r} names {kind}: twice."
            raise InvalidRequest(problem, errors=[field_error(field, f"{kind}: twice")])
        requirements[kind] = name
    return requirements


async def list_places_by_id_or_name(call: Call, ref: str) -> tuple[Sequence[AttemptPlace], bool]:
    """List the places for attempts, the codebase itself first, and whether ``ref`` is a name. Raises NotFound."""
    # An id before a name, as in access.resolve_codebase.
    if await call.tx.one(codebases.select_codebase, codebase_id=ref) is not None:
        return await call.tx.all(statements.list_places_of_codebase, codebase_id=ref, limit=MAX_PLACES), False
    if await call.tx.all(codebases.select_codebases_by_name, name=ref, owner="", limit=1):
        return await call.tx.all(statements.list_places_of_name, name=ref, limit=MAX_PLACES), True
    raise not_found("codebase_id", f"There is no codebase {ref!r}.", fix="See GET /v1/agent/codebases for their ids.")


def choose_place(
    places: Sequence[AttemptPlace], variant: str, requirements: VariantRequirements, field: str
) -> AttemptPlace:
    """Choose the first place whose worker meets the requirements of a variant. Raises InvalidRequest if none does."""
    for place in places:
        if _meets_requirements(place, requirements):
            return place
    # The error lists what could be had, because the requester does not see the workers' capabilities.
    offers = [offer for place in places for offer in _list_offers(place)]
    shown = ", ".join(dict.fromkeys(offers[:MAX_OFFERS])) or "nothing: none of them is online"
    raise InvalidRequest(
        f"No worker that has the codebase can take the attempt {variant!r}.",
        fix=f"Workers that have it offer {shown}. Start a worker there that meets the requirements.",
        errors=[field_error(field, "no worker has it")],
    )


def _meets_requirements(place: AttemptPlace, requirements: VariantRequirements) -> bool:
    capabilities, models = decode_json(place.capabilities), decode_json(place.models)
    tests: dict[str, Any] = {
        "coding": lambda name: f"coding:{name}" in capabilities,
        "profile": lambda name: f"profile:{name}" in capabilities,
        "model": lambda name: name in models,
        "worker": lambda name: name in (place.worker_id, place.worker_name),
    }
    return all(tests[kind](name) for kind, name in requirements.items())


def _list_offers(place: AttemptPlace) -> list[str]:
    """List the capabilities and models of a worker that a variant can name."""
    capabilities = [name for name in decode_json(place.capabilities) if name.startswith(("coding:", "profile:"))]
    return [*capabilities, *(f"model:{name}" for name in decode_json(place.models))]
