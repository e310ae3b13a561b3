"""The controller of users: stores sightings, and deletes expired sessions and ended logins."""

from __future__ import annotations

from agora.core.call import Call, encode_json
from agora.core.jobs import Controller, JobContext, split_batches
from agora.store.port import Write

from . import queries as people
from .sign_on_port import Sighting

__all__ = ["UserController"]

MAX_BATCH = 200
STEPS_PER_EXPIRY = 60  #: steps between two expiry passes

Sightings = dict[tuple[str, str], Sighting]


class UserController(Controller):
    """Stores the sightings that the authenticator collected. seen: by tenant and user id, shared with it."""

    name = "people"
    interval = 5.0

    def __init__(self, context: JobContext, seen: Sightings) -> None:
        super().__init__(context)
        self._sightings = seen
        self._steps = 0

    async def step(self) -> None:
        await self.flush_sightings()
        if self._steps % STEPS_PER_EXPIRY == 0:
            await self.run_for_each_tenant(self.reconcile)
        self._steps += 1

    async def shut_down(self) -> None:
        await self.flush_sightings()

    async def flush_sightings(self) -> None:
        """Store the collected sightings; those that fail stay for the next flush."""
        by_tenant: dict[str, list[tuple[str, Sighting]]] = {}
        for (tenant, user_id), sighting in self._sightings.items():
            by_tenant.setdefault(tenant, []).append((user_id, sighting))
        for tenant, sightings in by_tenant.items():
            # Sorted, so that servers lock the rows of users in one order and cannot deadlock.
            for batch in split_batches(sorted(sightings, key=lambda pair: pair[0]), MAX_BATCH):
                await self._upsert_users(tenant, dict(batch))
                for user_id, sighting in batch:
                    # Replaced during the write: the newer one waits for the next flush.
                    if self._sightings.get((tenant, user_id)) is sighting:
                        del self._sightings[tenant, user_id]

    async def _upsert_users(self, tenant: str, batch: dict[str, Sighting]) -> None:
        async def write_last_seen(call: Call) -> None:
            for user_id, sighting in batch.items():
                person = sighting.person
                await call.tx.execute(
                    people.upsert_user,
                    user_id=user_id,
                    issuer=person.issuer,
                    subject=person.subject,
                    username=person.username,
                    email=person.email,
                    name=person.name,
                    roles=encode_json(person.roles),
                    provider_role=person.role,
                    at=sighting.at,
                )

        await self.write_as_system(tenant, write_last_seen)

    # -- expiry ----------------------------------------------------------------------------------

    async def reconcile(self, tenant: str) -> None:
        """Delete ended sessions and records of expired tokens."""
        for write in (people.delete_expired_sessions, people.delete_old_ended_logins):
            while not self.is_stopping and await self._delete_expired_batch(tenant, write) == MAX_BATCH:
                pass

    async def _delete_expired_batch(self, tenant: str, write: Write) -> int:
        async def delete_expired_sessions(call: Call) -> int:
            return await call.tx.execute(write, before=call.now, limit=MAX_BATCH)

        return await self.write_as_system(tenant, delete_expired_sessions)
