"""Scopes of users by their role, in the default tenant (which administers the others) and in other tenants."""

from __future__ import annotations

from agora.core.scopes import ANONYMOUS, EVERYTHING, ROLES
from agora.domains.tenants.service import ADMINISTRATOR, AUTHORITY, HOME

__all__ = ["list_role_scopes", "rank_role_authority"]

RUNNING = frozenset({"deploy:agents"})  # programs on the server's machine: for the installation's own people alone


def list_role_scopes(role: str | None, tenant: str) -> frozenset[str]:
    """Scopes of a role; nothing without one."""
    if role is None:
        return ANONYMOUS
    if tenant == HOME:
        return ROLES[role]
    return ADMINISTRATOR | ROLES["viewer"] if role == "admin" else ROLES[role] - RUNNING


def rank_role_authority(scopes: frozenset[str], role: str | None, tenant: str, operator: int) -> int:
    """Authority of a role, for those who may all that it gives. operator: that of the installation's own."""
    if role != "admin" or scopes != list_role_scopes(role, tenant):
        return 0
    return operator if scopes == EVERYTHING else min(AUTHORITY, operator)
