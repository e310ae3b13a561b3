"""Operations on dead letters."""

from __future__ import annotations

from typing import Any, TypeVar

from agora.core import pagination as paging
from agora.core.call import BoundService, Caller
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora.domains.agents.references import find_agent
from agora_sdk.contract import dead_letters as contract
from agora_sdk.contract import implements
from agora_sdk.contract.dead_letters import DeadLetterState, DeadLetterStateLike
from agora_sdk.errors import Conflict, PermissionDenied

from . import queries as statements
from .letters import emit_letter_event
from .port import SOURCES, DeadLetterSource, Inspection
from .records import DeadLetterRow

__all__ = ["DeadLetterService"]

L = TypeVar("L", bound=contract.DeadLetter)

AFTER_EVERY_ID = "\x7f"  #: sorts after every id
PERSON_KINDS = frozenset({"key", "user"})  #: kinds of callers that own the agents of their account


class DeadLetterService(BoundService, contract.DeadLetters):
    """The contract's operations on dead letters.

    A letter is seen, replayed and discarded by its recipient, by keys and people of the recipient's account, and by
    operators (``read:all`` to see, ``act:any`` to change).
    """

    @implements
    async def list(
        self,
        source: str | None = None,
        agent_id: str | None = None,
        *,
        state: DeadLetterStateLike = DeadLetterState.DEAD,
        ref: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> contract.DeadLetterPage:
        call, caller = self.call, self.call.caller
        owner = await self._resolve_owner(agent_id)
        filters = {"state": DeadLetterState(state).value, "source": source or "", "ref": ref or ""}
        query, place = statements.select_page_of_owner, {"owner": owner or caller.subject}
        if caller.may("read:all"):
            query, place = (
                (statements.select_page_of_owner, {"owner": owner}) if owner else (statements.select_page, {})
            )
        elif owner != caller.subject and (account := _find_shared_account(caller)):
            query, place = statements.select_page_of_account, {"account": account, "owner": owner}
        elif owner not in ("", caller.subject):
            raise _build_not_owner_error(owner, "read:all")
        rows, more = await paging.read_query_page(
            call, query, "letter_id", limit, cursor, first=AFTER_EVERY_ID, **filters, **place
        )
        letters = [_build_letter(contract.DeadLetter, row) for row in rows]
        return contract.DeadLetterPage.model_construct(
            dead_letters=letters, **paging.build_page_fields(letters, "dead_letter_id", more=more, cursor=cursor)
        )

    async def _resolve_owner(self, ref: str | None) -> str:
        """Resolve a reference to a subject; empty for none. Retired agents and other subjects only by id."""
        if ref is None:
            return ""
        row = await find_agent(self.call.tx, ref)
        return ref if row is None else row.agent_id

    @implements
    async def get(self, dead_letter_id: str) -> contract.DeadLetterDetail:
        row = await self._load_visible_letter(dead_letter_id)
        source = self._find_source(row)
        view = (
            Inspection(None, _build_unknown_source_message(row))
            if source is None
            else await source.inspect_letter(self.call, row)
        )
        obstacle = view.obstacle if row.state == DeadLetterState.DEAD else f"It was already {row.state}."
        return _build_letter(contract.DeadLetterDetail, row, content=view.content, obstacle=obstacle)

    @implements
    async def replay(self, dead_letter_id: str) -> contract.DeadLetter:
        row, settled = await self._settle_letter_once(dead_letter_id, DeadLetterState.REPLAYED)
        if settled:
            source = self._find_source(row)
            if source is None:
                raise Conflict(
                    _build_unknown_source_message(row), fix="Discard it, or ask a server that has this source."
                )
            # After the claim: an error rolls the claim back with the call, and two concurrent replays deliver once.
            await source.replay_letter(self.call, row)
            emit_letter_event(self.call, "replayed", row)
        return _build_letter(contract.DeadLetter, row)

    @implements
    async def discard(self, dead_letter_id: str) -> contract.DeadLetter:
        row, settled = await self._settle_letter_once(dead_letter_id, DeadLetterState.DISCARDED)
        if settled:
            if (source := self._find_source(row)) is not None:
                await source.discard_letter(self.call, row)
            emit_letter_event(self.call, "discarded", row)
        return _build_letter(contract.DeadLetter, row)

    async def _settle_letter_once(self, letter_id: str, state: DeadLetterState) -> tuple[DeadLetterRow, bool]:
        """Lock and claim a dead letter; returns whether it was open. Raises NotFound, PermissionDenied, Conflict."""
        call = self.call
        row = await self._load_visible_letter(letter_id)
        if not (_is_owner(call.caller, row) or call.caller.acts_for_others):
            raise _build_not_owner_error(row.owner, "act:any")
        call.target = row.letter_id
        claims = await call.tx.returning(
            statements.settle_letter, letter_id=letter_id, state=state.value, now=call.now, by=call.caller.subject
        )
        if claims:
            return claims[0], True
        row = await self._load_visible_letter(letter_id)  # another caller may have settled it in the meantime
        if row.state != state:
            raise Conflict(
                f"The dead letter {letter_id} has already been {row.state}.",
                fix="Look at it with agora.dead_letter.get.",
            )
        return row, False

    async def _load_visible_letter(self, letter_id: str) -> DeadLetterRow:
        """Load a letter that the caller may see. Raises NotFound."""
        row = await self.call.tx.one(statements.select_letter, letter_id=letter_id)
        if row is None or not (_is_owner(self.call.caller, row) or self.call.caller.may("read:all")):
            raise not_found(
                "dead_letter_id",
                f"There is no dead letter {letter_id!r}.",
                fix="List them with GET /agora/dead_letter/list; they are kept twice as long as messages.",
            )
        return row

    def _find_source(self, row: DeadLetterRow) -> DeadLetterSource | None:
        sources = self.call.context.ports.get(SOURCES)
        return sources[row.source].get() if row.source in sources else None


def _build_letter(model: type[L], row: DeadLetterRow, **details: Any) -> L:
    return build_from_record(model, row, dead_letter_id=row.letter_id, agent_id=row.owner or None, **details)


def _is_owner(caller: Caller, row: DeadLetterRow) -> bool:
    # Letters without an owner are the operators'; the account `default` is shared by strangers.
    return row.owner == caller.subject or (bool(row.owner) and row.account == _find_shared_account(caller))


def _find_shared_account(caller: Caller) -> str:
    """Return the account whose agents belong to the caller; empty for agents, which cannot read others' letters."""
    return caller.account if caller.kind in PERSON_KINDS and caller.account != "default" else ""


def _build_not_owner_error(owner: str, scope: str) -> PermissionDenied:
    return PermissionDenied(
        f"These dead letters belong to {owner or 'the operators'}.",
        fix=f"Use that agent's token, a key of its account, or a key with the scope {scope}.",
        required=scope,
    )


def _build_unknown_source_message(row: DeadLetterRow) -> str:
    return f"This server has no source {row.source!r}."
