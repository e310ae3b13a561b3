"""Users of identity providers: roles, limits and suspension set by operators."""

from __future__ import annotations

from typing import Any, Literal

from agora.clock import SECOND, to_datetime
from agora.core import pagination as paging
from agora.core.call import BoundService, Call
from agora.core.count_locks import lock_count
from agora.core.errors import not_found
from agora.core.record_models import build_from_record
from agora_sdk.contract import implements
from agora_sdk.contract import users as contract
from agora_sdk.errors import PermissionDenied, RateLimited

from . import queries as people
from .authority import check_and_record_administration
from .records import UserRow
from .roles import list_role_scopes, rank_role_authority

__all__ = ["UserService", "check_open_task_limit", "count_daily_job"]

INHERITED_LIMIT = -1
MAX_COUNTED_USERS = 1_000_000
RETRY_AFTER = 5
DAY = 86_400 * SECOND
UNLIMITED = 2**53


class UserService(BoundService, contract.Users):
    """People who sign in."""

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.UserPage:
        username, after = paging.decode_cursor(cursor, str, str) if cursor else ("", "")
        rows = await self.call.tx.all(people.list_users, username=username, after=after, limit=limit + 1)
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        users = [_build_user(row) for row in rows]
        return contract.UserPage.model_construct(
            users=users,
            **paging.build_page_fields(users, "username", "user_id", more=more, cursor=cursor),
        )

    @implements
    async def get(self, user_id: str) -> contract.User:
        return await self._build_user_with_counts(
            _require_user(await self.call.tx.one(people.select_user, user_id=user_id), user_id)
        )

    @implements
    async def update(
        self,
        user_id: str,
        *,
        role: Literal["admin", "operator", "viewer", "user", "provider"] | None = None,
        concurrency_limit: int | None = None,
        daily_job_limit: int | None = None,
        disabled: bool | None = None,
    ) -> contract.User:
        call = self.call
        call.target = user_id
        row = _require_user(await call.tx.one(people.lock_user, user_id=user_id), user_id)
        # The authority of the user's role protects an administrator from a caller below it.
        await check_and_record_administration(call, user_id, self._get_role_authority(row.role or row.provider_role))
        if role is not None:
            self._check_may_grant_role(role, row)
            row.role = None if role == "provider" else role
        if concurrency_limit is not None:
            row.concurrency_limit = None if concurrency_limit == INHERITED_LIMIT else concurrency_limit
        if daily_job_limit is not None:
            row.daily_job_limit = None if daily_job_limit == INHERITED_LIMIT else daily_job_limit
        if disabled is not None and disabled != (row.disabled_at is not None):
            row.disabled_at = call.now if disabled else None
        columns = {"role": row.role, "concurrency_limit": row.concurrency_limit, "disabled_at": row.disabled_at}
        columns["daily_job_limit"] = row.daily_job_limit
        await call.tx.execute(people.update_user, user_id=user_id, now=call.now, **columns)
        data: dict[str, Any] = {"user_id": user_id, "role": row.role, "disabled": row.disabled_at is not None}
        call.emit("agora.user.updated", data, subject=user_id, audience=(user_id, call.caller.subject))
        return await self._build_user_with_counts(row)

    def _check_may_grant_role(self, role: str, row: UserRow) -> None:
        """Check that the caller may grant a role: nobody grants rights that they do not have."""
        caller, target_role = self.call.caller, row.provider_role if role == "provider" else role
        scopes = list_role_scopes(target_role, caller.tenant)
        lacking = [scope for scope in sorted(scopes) if not caller.may(scope)]
        authority = self._get_role_authority(target_role)
        if lacking or authority > caller.authority:
            what = repr(lacking[0]) if lacking else f"the authority {authority}"
            raise PermissionDenied(
                f"You do not hold {what} yourself, which a person with the role {target_role} has.",
                fix="Ask an operator with the scope * to do it.",
                required=lacking[0] if lacking else "admin",
            )

    def _get_role_authority(self, role: str | None) -> int:
        caller = self.call.caller
        scopes, operator = list_role_scopes(role, caller.tenant), self.call.context.settings.admin_authority_level
        return rank_role_authority(scopes, role, caller.tenant, operator)

    async def _build_user_with_counts(self, row: UserRow) -> contract.User:
        user = _build_user(row)
        count_row = await self.call.tx.one(people.count_open_tasks, user_id=row.user_id, limit=MAX_COUNTED_USERS)
        user.open_tasks = count_row if count_row is not None else 0
        jobs = await self.call.tx.one(people.select_daily_jobs, user_id=row.user_id, day=self.call.now // DAY)
        user.jobs_today = jobs or 0
        return user


def _require_user(row: UserRow | None, user_id: str) -> UserRow:
    if row is None:
        raise not_found(
            "user_id",
            f"There is no person {user_id}.",
            fix="Users are listed at GET /v1/users after their first login.",
        )
    return row


def _build_user(row: UserRow) -> contract.User:
    return build_from_record(
        contract.User,
        row,
        role=row.role or row.provider_role,
        role_given_here=row.role is not None,
        disabled=row.disabled_at is not None,
    )


async def check_open_task_limit(call: Call) -> None:
    """Check the limit of a user's waiting and running tasks. Raises RateLimited."""
    person = call.caller.person
    if person is None or not person.limit:
        return
    await lock_count(call.tx, "tasks", call.caller.subject)
    row = await call.tx.one(people.count_open_tasks, user_id=call.caller.subject, limit=person.limit)
    # Counted up to the limit only, by a partial index of unfinished tasks.
    if row is not None and row >= person.limit:
        raise RateLimited(
            f"You have {person.limit} tasks waiting and running, which is the maximum.",
            fix="Wait until one has ended, cancel one, or ask an operator for more (agora.user.update).",
            retry_after=RETRY_AFTER,
            concurrency_limit=person.limit,
        )


async def count_daily_job(call: Call) -> None:
    """Count a coding job of a user. Raises RateLimited if the daily limit is reached.

    A day is one of UTC. The row is changed only below the limit, so concurrent calls cannot exceed it; it is written with the job.
    """
    person = call.caller.person
    if person is None:
        return
    day = call.now // DAY
    daily_limit = person.daily_job_limit or UNLIMITED
    if await call.tx.execute(people.increment_daily_jobs, user_id=call.caller.subject, day=day, most=daily_limit):
        return
    resets_at = (day + 1) * DAY
    raise RateLimited(
        f"You have asked for {daily_limit} coding jobs today, which is the daily maximum.",
        fix="Wait until 00:00 UTC, or ask an operator for more (agora.user.update, daily_job_limit).",
        retry_after=-(-(resets_at - call.now) // SECOND),
        daily_job_limit=daily_limit,
        resets_at=to_datetime(resets_at).isoformat(),
    )
