"""Tokens: API keys and enrolment tokens. A key is derived from its id; only its digest is stored."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from agora.clock import SECOND, new_id, to_datetime
from agora.core import pagination as paging
from agora.core import scopes
from agora.core.call import BoundService, Call, encode_json
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.core.scopes import build_virtual_server_scope
from agora_sdk.contract import implements
from agora_sdk.contract import tokens as contract
from agora_sdk.contract.fields import ServiceTier, ServiceTierLike
from agora_sdk.errors import InvalidRequest, PermissionDenied, field_error

from . import token_queries as statements
from .authority import check_and_record_administration, check_authority, check_may_grant_tier
from .records import TOKENS, TokenRow

__all__ = ["TokenService", "list_key_ids_with_scope"]

T = TypeVar("T", bound=contract.Token)

INTENT_PREFIX = "intent:"  #: prefix of an intent that an agent restricts to certain callers
#: scopes that no operation requires by itself
GENERAL_SCOPES = frozenset({"*", "admin", "act:any", "read:all", "read:metrics"})
AFTER_EVERY_ID = "key_g"  # sorts after every id


class TokenService(BoundService, contract.Tokens):
    """Keys for programs and people."""

    @implements
    async def create(
        self,
        label: str,
        kind: Literal["api_key", "enrolment"] = "api_key",
        scopes: contract.Scopes = [],
        *,
        service_tier: ServiceTierLike = ServiceTier.BASIC,
        authority: int = 0,
        account: str | None = None,
        expires_in: int | None = None,
    ) -> contract.CreatedToken:
        call = self.call
        allowed = self._resolve_grantable_scopes(kind, scopes)
        check_authority(call.caller, authority, f"grant an authority of {authority}")
        tier = ServiceTier(service_tier)
        check_may_grant_tier(call, tier)
        token_id = call.target = new_id("key")
        key = call.context.signer.derive_key(call.caller.tenant, token_id, kind)
        row = TokenRow(
            tenant_id=call.caller.tenant,
            token_id=token_id,
            kind=kind,
            label=label,
            account_id=account or call.caller.account,
            digest=call.context.signer.compute_digest(key),
            scopes=encode_json(allowed),
            service_tier=tier.value,
            authority=authority,
            created_at=call.now,
            expires_at=call.now + expires_in * SECOND if expires_in else None,
            revoked_at=None,
        )
        call.tx.append(TOKENS, row)
        await check_and_record_administration(call, token_id)
        audience = (call.caller.subject,)
        call.emit("agora.token.created", {"token_id": token_id, "kind": kind}, subject=token_id, audience=audience)
        return _build_token(contract.CreatedToken, row, token=key)

    async def reissue_credential(self, result: contract.CreatedToken) -> contract.CreatedToken:
        """Return the key again when its creation is repeated under the same idempotency key."""
        result.token = self.call.context.signer.derive_key(self.call.caller.tenant, result.token_id, result.kind)
        return result

    def _resolve_grantable_scopes(self, kind: str, requested: contract.Scopes) -> list[str]:
        """Check that the scopes of a key are known and held by its creator."""
        if kind == "enrolment":
            if requested:
                raise InvalidRequest(
                    "An enrolment token only enrols; it has no scopes.",
                    fix="Leave scopes out, or make an api_key.",
                    errors=[field_error("scopes", "not for enrolment tokens")],
                )
            return sorted(scopes.ENROLMENT)
        valid = GENERAL_SCOPES | {
            operation.scope for operation in self.call.context.registry.operations if operation.scope
        }
        unknown = [
            scope
            for scope in requested
            if scope not in valid and not scope.startswith((INTENT_PREFIX, build_virtual_server_scope("")))
        ]
        if unknown:
            raise InvalidRequest(
                f"{unknown[0]!r} is not a scope.",
                fix=f"Scopes are {', '.join(sorted(valid))}.",
                errors=[field_error("scopes", f"unknown scope {scope!r}") for scope in unknown],
            )
        # Sorted, so that equal sets of scopes are stored as equal texts.
        granted = sorted(set(requested) or scopes.AGENT)
        missing = [scope for scope in granted if not self.call.caller.may(scope)]
        if missing:
            raise PermissionDenied(
                f"You do not hold {missing[0]!r} yourself.",
                fix="Ask for scopes that your own credential has.",
                required=missing[0],
            )
        return granted

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.TokenPage:
        before = paging.decode_cursor(cursor)[0] if cursor else AFTER_EVERY_ID
        rows = await self.call.tx.all(statements.list_tokens, before=before, limit=limit + 1)
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        tokens = [_build_token(contract.Token, row) for row in rows]
        return contract.TokenPage.model_construct(
            tokens=tokens,
            **paging.build_page_fields(tokens, "token_id", more=more, cursor=cursor),
        )

    @implements
    async def revoke(self, token_id: str) -> contract.RevokedToken:
        call = self.call
        call.target = token_id
        row = await call.tx.one(statements.select_token, token_id=token_id)
        if row is None:
            raise not_found("token_id", f"There is no key {token_id}.", fix="Keys are listed at GET /tokens.")
        if row.revoked_at is not None:
            return contract.RevokedToken(token_id=token_id, revoked_at=to_datetime(row.revoked_at))
        if token_id != call.caller.token_id:  # the holder of a key may revoke it
            await check_and_record_administration(call, token_id, row.authority)
        await call.tx.execute(statements.revoke_token, token_id=token_id, now=call.now)
        call.emit("agora.token.revoked", {"token_id": token_id}, subject=token_id, audience=(call.caller.subject,))
        return contract.RevokedToken(token_id=token_id, revoked_at=to_datetime(call.now))


async def list_key_ids_with_scope(call: Call, scope: str) -> list[str]:
    """Ids of the keys that hold this one scope and were not revoked."""
    return [*await call.tx.all(statements.select_keys_with_scopes, scopes=encode_json([scope]))]


def _build_token(model: type[T], row: TokenRow, **details: Any) -> T:
    return build_from_record(model, row, account=row.account_id, **details)
