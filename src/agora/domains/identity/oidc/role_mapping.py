"""Maps roles and groups of a provider to roles and scopes of this server."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from agora.core.scopes import ALL_SCOPES, ROLES

__all__ = ["choose_highest_role", "list_role_names", "restrict_scopes"]

MAX_ROLES: Final = 500  #: roles and groups of a token that are evaluated
MAX_ROLE_CHARACTERS: Final = 255
ROLES_BY_RANK: Final = tuple(ROLES)  #: the highest first


def list_role_names(claims: Mapping[str, Any], clients: Collection[str]) -> tuple[str, ...]:
    """Names of roles in Keycloak's layout (``realm_access``, and ``resource_access`` of our clients), a plain ``roles``,
    and groups, which begin with a slash whether or not the provider writes it."""
    realm, resources = claims.get("realm_access"), claims.get("resource_access")
    named = [*_read_role_list(realm), *_select_valid_texts(claims.get("roles"))]
    if isinstance(resources, dict):
        named += [name for client in sorted(clients) for name in _read_role_list(resources.get(client))]
    # A role whose name begins with a slash must not pass for the group of that name.
    roles = [name for name in named if not name.startswith("/")]
    groups = [name if name.startswith("/") else f"/{name}" for name in _select_valid_texts(claims.get("groups"))]
    return tuple(dict.fromkeys([*roles, *groups]))[:MAX_ROLES]


def _read_role_list(holder: Any) -> list[str]:
    return _select_valid_texts(holder.get("roles")) if isinstance(holder, dict) else []


def _select_valid_texts(value: Any) -> list[str]:
    if not isinstance(value, list):
        return []
    return [
        item
        for item in value[:MAX_ROLES]
        if isinstance(item, str) and 0 < len(item) <= MAX_ROLE_CHARACTERS and item.isprintable()
    ]


def choose_highest_role(names: Iterable[str], table: Mapping[str, str], default: str | None) -> str | None:
    """Return the highest role that these names map to."""
    held_roles = {table[name] for name in names if name in table}
    return next((role for role in ROLES_BY_RANK if role in held_roles), default)


def restrict_scopes(may: frozenset[str], requested: Any, own_scopes: Collection[str]) -> frozenset[str]:
    """Return the scopes of a role, restricted to the token's own scopes if it requests some of ours.

    requested: the token's ``scope``. own_scopes: scopes of this server. A token with none of them has all scopes of
    its role.
    """
    roles = set(requested.split()[:MAX_ROLES]) & set(own_scopes) if isinstance(requested, str) else set()
    # Providers add scopes of their own (openid, profile), which say nothing about this server.
    if not roles:
        return may
    return frozenset(roles if may == ALL_SCOPES else roles & may)
