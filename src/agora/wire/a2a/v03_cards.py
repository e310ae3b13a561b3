"""Conversion of agent cards between A2A 1.0 and 0.3, and a merged card for clients of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .tolerant_input import convert_to_json_names, read_object

__all__ = ["LEGACY_VERSION", "add_legacy_card_members", "card_to_v03", "card_to_v1"]

LEGACY_VERSION: Final = "0.3.0"
LEGACY_VERSIONS: Final = ("0.3", "0.3.0")

_COMMON_FIELDS: Final = (
    "name",
    "description",
    "version",
    "iconUrl",
    "provider",
    "documentationUrl",
    "defaultInputModes",
    "defaultOutputModes",
)
_LEGACY_FIELDS: Final = frozenset(
    {
        "protocolVersion",
        "url",
        "preferredTransport",
        "additionalInterfaces",
        "security",
        "supportsAuthenticatedExtendedCard",
    }
)
_SKILL_FIELDS: Final = ("id", "name", "description", "tags", "examples", "inputModes", "outputModes")
#: types in 0.3 by name in 1.0
_LEGACY_SCHEME_TYPES: Final = {
    "apiKeySecurityScheme": "apiKey",
    "httpAuthSecurityScheme": "http",
    "oauth2SecurityScheme": "oauth2",
    "openIdConnectSecurityScheme": "openIdConnect",
    "mtlsSecurityScheme": "mutualTLS",
}
_SCHEME_BY_LEGACY_TYPE: Final = {type: name for name, type in _LEGACY_SCHEME_TYPES.items()}


def card_to_v03(card: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a card to 0.3 (section 5.5). Its ``url`` is the first interface of 0.3, otherwise the first."""
    interfaces = list(card.get("supportedInterfaces") or ())
    legacy_interfaces = [entry for entry in interfaces if entry.get("protocolVersion") in LEGACY_VERSIONS] or interfaces
    result: dict[str, Any] = {"protocolVersion": LEGACY_VERSION}
    result |= {member: card[member] for member in _COMMON_FIELDS if card.get(member) is not None}
    if legacy_interfaces:
        result["url"], result["preferredTransport"] = (
            legacy_interfaces[0]["url"],
            legacy_interfaces[0]["protocolBinding"],
        )
        result["additionalInterfaces"] = [
            {"url": e["url"], "transport": e["protocolBinding"]} for e in legacy_interfaces
        ]
    capabilities = dict(card.get("capabilities") or {})
    extended = capabilities.pop("extendedAgentCard", None)
    result["capabilities"] = capabilities
    if extended is not None:
        result["supportsAuthenticatedExtendedCard"] = extended
    result |= _security_to_legacy(card)
    result["skills"] = [_skill_to_legacy(skill) for skill in card.get("skills") or ()]
    if card.get("signatures"):
        result["signatures"] = card["signatures"]
    return result


def _security_to_legacy(card: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    if card.get("securitySchemes"):
        result["securitySchemes"] = {name: scheme_to_legacy(s) for name, s in card["securitySchemes"].items()}
    if card.get("securityRequirements"):
        result["security"] = requirements_to_legacy(card["securityRequirements"])
    return result


def add_legacy_card_members(card: Mapping[str, Any]) -> dict[str, Any]:
    """Add the members of 0.3 to a card of 1.0: no member of one has another meaning in the other."""
    legacy = card_to_v03(card)
    result = {**legacy, **card, "capabilities": {**legacy["capabilities"], **card.get("capabilities", {})}}
    if "securitySchemes" in legacy:
        result["securitySchemes"] = {
            name: {**legacy["securitySchemes"][name], **scheme} for name, scheme in card["securitySchemes"].items()
        }
    result["skills"] = [{**old, **new} for old, new in zip(legacy["skills"], card.get("skills") or (), strict=True)]
    return result


def _skill_to_legacy(skill: Mapping[str, Any]) -> dict[str, Any]:
    result = {member: skill[member] for member in _SKILL_FIELDS if skill.get(member) is not None}
    if skill.get("securityRequirements"):
        result["security"] = requirements_to_legacy(skill["securityRequirements"])
    return result


def requirements_to_legacy(requirements: Any) -> list[dict[str, list[str]]]:
    """Convert security requirements to 0.3."""
    return [{name: list(s.get("list") or ()) for name, s in entry.get("schemes", {}).items()} for entry in requirements]


def scheme_to_legacy(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a security scheme to 0.3, with its ``type``."""
    for name, type in _LEGACY_SCHEME_TYPES.items():
        if name in source:
            scheme = dict(source[name])
            if "location" in scheme:
                scheme["in"] = scheme.pop("location")
            # 0.3 has no flow for devices.
            if isinstance(scheme.get("flows"), dict):
                scheme["flows"] = {flow: v for flow, v in scheme["flows"].items() if flow != "deviceCode"}
            return {"type": type, **scheme}
    return dict(source)


def card_to_v1(value: Any) -> dict[str, Any]:
    """Convert a card of any version to 1.0; members unknown to 1.0 are omitted."""
    members = convert_to_json_names(read_object(value, "card"))
    if members.get("supportedInterfaces"):
        return _remove_legacy_members(members)
    result: dict[str, Any] = {member: members[member] for member in _COMMON_FIELDS if members.get(member) is not None}
    result["supportedInterfaces"] = _read_interfaces(members)
    capabilities = dict(read_object(members.get("capabilities"), "card.capabilities"))
    # Not in 1.0, and strict ProtoJSON parsers reject a card with an unknown member.
    capabilities.pop("stateTransitionHistory", None)
    if members.get("supportsAuthenticatedExtendedCard") is not None:
        capabilities["extendedAgentCard"] = members["supportsAuthenticatedExtendedCard"]
    result["capabilities"] = capabilities
    if members.get("securitySchemes"):
        result["securitySchemes"] = {name: scheme_from_legacy(s) for name, s in members["securitySchemes"].items()}
    if members.get("security"):
        result["securityRequirements"] = requirements_from_legacy(members["security"])
    result["skills"] = [_skill_from_legacy(skill) for skill in members.get("skills") or ()]
    if members.get("signatures"):
        result["signatures"] = members["signatures"]
    return result


def _read_interfaces(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    version = str(members.get("protocolVersion") or LEGACY_VERSION)
    # 1.0 compares versions by major and minor number (section 3.6); cards of 0.3 have a patch number, too.
    version = ".".join(version.split(".")[:2])
    # Without preferredTransport, the transport of ``url`` is JSONRPC (0.3, section 5.5).
    pairs = [(members.get("url"), members.get("preferredTransport") or "JSONRPC")]
    pairs += [(entry.get("url"), entry.get("transport")) for entry in members.get("additionalInterfaces") or ()]
    # 0.3 advises cards to repeat the interface of ``url`` among the additional ones.
    unique = dict.fromkeys((url, transport) for url, transport in pairs if url and transport)
    return [{"url": url, "protocolBinding": t, "protocolVersion": version} for url, t in unique]


def _remove_legacy_members(members: dict[str, Any]) -> dict[str, Any]:
    """Remove the members of 0.3 from a merged card."""
    card = {member: value for member, value in members.items() if member not in _LEGACY_FIELDS}
    if card.get("securitySchemes"):
        card["securitySchemes"] = {
            name: {member: scheme[member] for member in _LEGACY_SCHEME_TYPES if member in scheme}
            or scheme_from_legacy(scheme)
            for name, scheme in card["securitySchemes"].items()
        }
    if card.get("skills"):
        card["skills"] = [{k: v for k, v in skill.items() if k != "security"} for skill in card["skills"]]
    return card


def _skill_from_legacy(skill: Mapping[str, Any]) -> dict[str, Any]:
    result = {member: skill[member] for member in _SKILL_FIELDS if skill.get(member) is not None}
    if skill.get("security"):
        result["securityRequirements"] = requirements_from_legacy(skill["security"])
    return result


def requirements_from_legacy(requirements: Any) -> list[dict[str, Any]]:
    """Convert security requirements to 1.0."""
    return [{"schemes": {name: {"list": list(scopes)} for name, scopes in entry.items()}} for entry in requirements]


def scheme_from_legacy(source: Mapping[str, Any]) -> dict[str, Any]:
    """Convert a security scheme to 1.0."""
    scheme = dict(source)
    name = _SCHEME_BY_LEGACY_TYPE.get(scheme.pop("type", ""))
    if name is None:
        return dict(source)
    if "in" in scheme:
        scheme["location"] = scheme.pop("in")
    return {name: scheme}
