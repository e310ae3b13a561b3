"""Scopes of users by their role, in the default tenant (which administers the others) and in other tenants."""

from __future__ import annotations

from agora.core.scopes import ALL_SCOPES, ANONYMOUS, ROLES
from agora.domains.tenants.service import ADMINISTRATIVE_TENANT, ADMINISTRATOR_AUTHORITY, ADMINISTRATOR_SCOPES

__all__ = ["list_role_scopes", "rank_role_authority"]

PROGRAM_SCOPES = frozenset({"deploy:agents"})  # programs on the server's machine: only for users of the default tenant


def list_role_scopes(role: str | None, tenant: str) -> frozenset[str]:
    """List the scopes of a role; empty without a role."""
    if role is None:
        return ANONYMOUS
    if tenant == ADMINISTRATIVE_TENANT:
        return ROLES[role]
    return ADMINISTRATOR_SCOPES | ROLES["viewer"] if role == "admin" else ROLES[role] - PROGRAM_SCOPES


def rank_role_authority(scopes: frozenset[str], role: str | None, tenant: str, operator: int) -> int:
    """Return the authority of a role. operator: authority of the installation's operators."""
    if role != "admin" or scopes != list_role_scopes(role, tenant):
        return 0
    return operator if scopes == ALL_SCOPES else min(ADMINISTRATOR_AUTHORITY, operator)
