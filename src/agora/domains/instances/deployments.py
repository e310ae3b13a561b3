"""Deployments: registered manifests of agents, with their encrypted secrets and prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic_core import from_json, to_json

from agora.core import pagination as paging
from agora.core.call import BoundService, Call, ServerContext, decode_json, encode_json
from agora.core.ports import CREDENTIAL_SEALER
from agora.core.record_models import build_from_record
from agora.domains.agents.records import AgentRow
from agora.domains.agents.references import find_agent, load_agent, load_visible_agent
from agora.domains.agents.service import AgentService
from agora.domains.agents.supervision import choose_agent_event_audience
from agora.domains.billing.accounts import can_see_all_accounts, can_set_price
from agora.domains.billing.service import BillingService
from agora.domains.billing.terms import build_pricing_info
from agora.value_classes import value_class
from agora_sdk.contract import deployments as contract
from agora_sdk.contract import implements
from agora_sdk.contract.agents import Registration
from agora_sdk.contract.fields import JsonObject
from agora_sdk.errors import Conflict, InvalidRequest, NameTaken, NotFound, field_error

from . import host_queries
from . import queries as statements
from .manifests import AgentManifest, list_suitable_engines, parse_manifest, to_error_details
from .records import DeploymentRow
from .sources import find_source_errors

__all__ = ["DeployedAgent", "DeploymentService", "build_profile", "load_manifest", "open_secrets", "seal_secrets"]

REVISION_FIELDS = ("version", "runtime", "protocol", "endpoints", "repository", "host_requirements")


def seal_secrets(call: Call, secrets: Mapping[str, Any], location: str) -> bytes | None:
    """Encrypt secrets for storage; None if there are none. location: the object they belong to, authenticated with them."""
    sealer = call.context.ports.get(CREDENTIAL_SEALER)
    return sealer.seal(to_json(secrets), location) if secrets else None


def open_secrets(context: ServerContext, data: bytes | None, location: str) -> dict[str, Any]:
    """Decrypt stored secrets. Raises ValueError if they were encrypted with another server key."""
    if data is None:
        return {}
    secrets: dict[str, Any] = from_json(context.ports.get(CREDENTIAL_SEALER).open(bytes(data), location))
    return secrets


def load_manifest(text: str) -> AgentManifest:
    """Load the manifest from the row of a deployment or an instance."""
    return AgentManifest.model_validate(decode_json(text))


@value_class
class DeployedAgent:
    """The result of registering an agent with a manifest."""

    registration: Registration
    manifest: AgentManifest
    revision: int


class DeploymentService(BoundService, contract.Deployments):
    """The deployment service: registered manifests of agents that the marketplace can run."""

    @implements
    async def register(self, manifest: JsonObject) -> contract.RegisteredDeployable:
        return await self._register_document(manifest, {})

    @implements
    async def register_docker(
        self,
        docker_image: str,
        metadata: JsonObject,
        registry_credentials: contract.RegistryCredentials | None = None,
    ) -> contract.RegisteredDeployable:
        secrets: dict[str, Any] = {}
        if registry_credentials is not None:
            secrets = {
                "registry_user": registry_credentials.username,
                "registry_password": registry_credentials.password,
                "registry": registry_credentials.registry,
            }
        return await self._register_document(metadata | {"docker_image": docker_image}, secrets)

    async def _register_document(self, document: JsonObject, secrets: dict[str, Any]) -> contract.RegisteredDeployable:
        return await self._build_registration_result(await self.register_deployable_agent(document, secrets, {}))

    async def register_deployable_agent(
        self, document: JsonObject, secrets: dict[str, Any], profile_fields: Mapping[str, Any]
    ) -> DeployedAgent:
        """Register or update an agent and store its manifest, so that instances of it can run.

        profile_fields: profile fields given in addition to the manifest, which take precedence. Raises InvalidRequest, NameTaken.
        """
        call = self.call
        manifest, faults = parse_manifest(document)
        faults += await find_source_errors(call, manifest) if manifest is not None else []
        if manifest is None or faults:
            what = f"{faults[0].field}: {faults[0].message}".removeprefix(": ") + (
                f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            )
            raise InvalidRequest(
                f"The manifest is invalid. {what.rstrip('.')}.",
                fix="'agora agent example' prints a valid one.",
                errors=to_error_details(faults),
            )
        # An agent registered by the manifest before is updated: registering is the way to deploy a new revision.
        row = await self._find_agent_to_update(manifest)
        registration = await (
            self._create_agent(manifest, profile_fields)
            if row is None
            else self._update_agent(row, manifest, profile_fields)
        )
        agent_id = call.target = registration.agent_id
        sealed_secrets = seal_secrets(call, secrets | manifest.collect_secrets(), f"deployment:{agent_id}")
        saved = await call.tx.returning(
            host_queries.upsert_deployment,
            agent_id=agent_id,
            manifest=encode_json(manifest.to_stored_document()),
            secrets=sealed_secrets,
            max_instances=manifest.max_instances,
            actor=call.caller.subject,
            now=call.now,
        )
        await self._set_price_if_changed(agent_id, manifest)
        (revision,) = saved
        self._emit_registered(registration, revision)
        return DeployedAgent(registration, manifest, revision)

    async def register_agent_and_price(self, manifest: AgentManifest, profile: Mapping[str, Any]) -> Registration:
        """Register the profile and the price of an agent that its owner runs."""
        registration = await AgentService(self.call).register(manifest.name, **profile)
        await self._set_price_if_changed(registration.agent_id, manifest)
        return registration

    async def _find_agent_to_update(self, manifest: AgentManifest) -> AgentRow | None:
        """Find the registered agent of the manifest's name. Raises NameTaken if it belongs to another caller."""
        row = await find_agent(self.call.tx, manifest.name)
        if row is None and manifest.alias is not None:
            row = await find_agent(self.call.tx, manifest.alias)
            if row is not None and row.agent_name != manifest.name:
                raise Conflict(
                    f"The agent {manifest.alias} has the name {row.agent_name!r}.",
                    fix="Use that name; an agent keeps the name it was registered with.",
                    errors=[field_error("manifest.name", "another than before")],
                )
        if row is not None and not can_set_price(self.call.caller, row) and not self.call.caller.may("admin"):
            raise NameTaken(
                f"The name {manifest.name!r} belongs to another agent.",
                fix="Choose another name, or use a credential of that agent's account.",
                errors=[field_error("manifest.name", "taken")],
            )
        return row

    def _build_call_as_agent(self, agent_id: str) -> Call:
        """Build the same call with the agent as its caller, because the registering owner acts for the agent."""
        return replace(self.call, caller=replace(self.call.caller, subject=agent_id))

    async def _create_agent(self, manifest: AgentManifest, profile_fields: Mapping[str, Any]) -> Registration:
        profile = build_profile(manifest)
        metadata = profile["metadata"] | profile_fields.get("metadata", {})
        return await AgentService(self.call).register(
            manifest.name, **{**profile, **profile_fields, "metadata": metadata}
        )

    async def _update_agent(
        self, row: AgentRow, manifest: AgentManifest, profile_fields: Mapping[str, Any]
    ) -> Registration:
        profile = build_profile(manifest) | {
            name: value for name, value in profile_fields.items() if name != "service_tier"
        }
        # A new revision adds to the stored metadata: the agent itself may have set some of it.
        profile["metadata"] = (
            decode_json(row.metadata) | build_profile(manifest)["metadata"] | profile_fields.get("metadata", {})
        )
        if "service_tier" in profile_fields:
            await AgentService(self.call).store_and_grant_tier(row, profile_fields["service_tier"])
        agent = await AgentService(self._build_call_as_agent(row.agent_id)).update(row.agent_id, **profile)
        return Registration.model_construct(**dict(agent), created=False)

    async def _set_price_if_changed(self, agent_id: str, manifest: AgentManifest) -> None:
        """Set the manifest's price if it differs from the current one: setting it again would create a price version."""
        pricing = manifest.pricing
        if pricing is None:
            return
        call = self._build_call_as_agent(agent_id)
        usual = str(call.context.settings.billing_currency)
        current = await build_pricing_info(call.tx, agent_id, call.now, usual)
        values = pricing.model_dump(exclude_none=True)
        if any(getattr(current, name) != value for name, value in values.items()):
            await BillingService(call).set_price(agent_id, **values)

    def _emit_registered(self, registration: Registration, revision: int) -> None:
        data = {"agent_id": registration.agent_id, "agent_name": registration.agent_name, "revision": revision}
        audience = choose_agent_event_audience(registration)
        self.call.emit("agora.deployment.registered", data, subject=registration.agent_id, audience=audience)

    async def _build_registration_result(self, deployed: DeployedAgent) -> contract.RegisteredDeployable:
        call, registration, revision = self.call, deployed.registration, deployed.revision
        created = registration.created
        what = "registered" if created else f"registered in revision {revision}"
        return contract.RegisteredDeployable(
            agent_id=registration.agent_id,
            name=registration.agent_name,
            message=f"{registration.agent_name} is {what}; instances of it can be created.",
            created=created,
            revision=revision,
            engines=list(list_suitable_engines(deployed.manifest)),
            pricing=await build_pricing_info(
                call.tx, registration.agent_id, call.now, str(call.context.settings.billing_currency)
            ),
            # Not after an update: who may change a manifest is not always the agent.
            token=registration.token if created else None,
        )

    async def reissue_credential(self, result: contract.RegisteredDeployable) -> contract.RegisteredDeployable:
        """Return the token again when the registration is repeated under its idempotency key."""
        row = await load_agent(self.call.tx, result.agent_id)
        if result.created and row.status != "retired":
            signer, tenant = self.call.context.signer, self.call.caller.tenant
            result.token = signer.sign_agent_token(tenant, result.agent_id, row.token_generation)
        return result

    @implements
    async def validate(self, manifest: JsonObject) -> contract.ManifestReport:
        understood, faults = parse_manifest(manifest)
        engines = list(list_suitable_engines(understood)) if understood is not None else []
        faults += await find_source_errors(self.call, understood) if understood is not None else []
        name = manifest.get("name", manifest.get("agent_name"))
        return contract.ManifestReport(
            valid=not faults,
            faults=faults,
            agent_name=name if isinstance(name, str) else None,
            engines=engines if not faults else [],
        )

    @implements
    async def list(self, *, limit: int = 50, cursor: str | None = None) -> contract.DeployablePage:
        caller = self.call.caller
        rows = await self.call.tx.all(
            host_queries.list_deployments,
            after=paging.decode_cursor(cursor)[0] if cursor else "",
            everyone=int(can_see_all_accounts(caller)),
            viewer=caller.subject,
            account=caller.account,
            limit=limit + 1,
        )
        rows, more = paging.take_fitting_rows(rows, limit, self.call.context.settings.page_bytes)
        agents = [await self._build_deployable(row, row.agent_name) for row in rows]
        return contract.DeployablePage(
            deployments=agents, **paging.build_uncounted_page_fields(agents, "agent_id", more=more)
        )

    @implements
    async def get(self, agent_id: str) -> contract.DeployableAgent:
        agent, row = await self._require_deployment(agent_id)
        return await self._build_deployable(row, agent.agent_name)

    @implements
    async def withdraw(self, agent_id: str) -> contract.Withdrawal:
        call = self.call
        agent, row = await self._require_deployment(agent_id)
        if not can_set_price(call.caller, agent) and not call.caller.may("admin"):
            raise _build_not_deployable_error(agent_id)
        call.target = agent.agent_id
        if await call.tx.execute(host_queries.withdraw_deployment, agent_id=agent.agent_id, now=call.now):
            data = {"agent_id": agent.agent_id, "agent_name": agent.agent_name, "revision": row.revision}
            call.emit(
                "agora.deployment.withdrawn", data, subject=agent.agent_id, audience=choose_agent_event_audience(agent)
            )
        return contract.Withdrawal(
            agent_id=agent.agent_id, instances=await self._count_unended_instances(agent.agent_id)
        )

    async def _require_deployment(self, ref: str) -> tuple[AgentRow, DeploymentRow]:
        agent = await load_visible_agent(self.call.tx, self.call.caller, ref)
        row = await self.call.tx.one(host_queries.select_deployment, agent_id=agent.agent_id)
        if row is None:
            raise _build_not_deployable_error(ref)
        return agent, row

    async def _count_unended_instances(self, agent_id: str) -> int:
        return await self.call.tx.one(statements.count_instances_of_agent, agent_id=agent_id) or 0

    async def _build_deployable(self, row: DeploymentRow, agent_name: str) -> contract.DeployableAgent:
        manifest = load_manifest(row.manifest)
        document = decode_json(row.manifest)
        if not can_see_all_accounts(self.call.caller):
            # Values may be passwords, and a directory discloses the server's file system.
            for field in ("env_vars", "directory"):
                document.pop(field, None)
            document.get("build_config", {}).pop("env_vars", None)
        return build_from_record(
            contract.DeployableAgent,
            row,
            agent_name=agent_name,
            version=manifest.version,
            manifest=document,
            engines=list(list_suitable_engines(manifest)),
            has_credentials=row.secrets is not None,
            instances=await self._count_unended_instances(row.agent_id),
            withdrawn=row.withdrawn_at is not None,
        )


def _build_not_deployable_error(ref: str) -> NotFound:
    return NotFound(
        f"No instance of {ref!r} can run: its manifest is not registered.",
        fix="An operator registers it with agora.deployment.register.",
        errors=[field_error("agent_id", "not deployable")],
    )


def build_profile(manifest: AgentManifest) -> dict[str, Any]:
    """Build the agent profile of a manifest, without the fields that only an engine uses."""
    document = manifest.to_stored_document()
    metadata = {name: document[name] for name in REVISION_FIELDS if name in document}
    build = manifest.build_config
    if build is not None:
        metadata["build_config"] = build.model_dump(exclude_none=True, exclude={"env_vars"})
    return {
        "capabilities": manifest.capabilities,
        "description": manifest.description,
        "category": manifest.category,
        "tags": manifest.tags,
        "visibility": manifest.visibility,
        "proficiency_level": manifest.proficiency_level,
        "alias": manifest.alias,
        "metadata": metadata,
    }
