"""Manifests: an agent's profile and how to build and run it. Validation reports all errors at once.

The fields are those of the agent standard (``agent_id``, ``build_config``, ``host_requirements``, ``repository``) and of
container agents (``name``, ``docker_image``, ``runtime``, ``protocol``, ``endpoints``). Unknown fields are stored
unchanged, unless they look like a misspelling of a known one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, Any, Literal, cast

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import to_json

from agora.runtimes import spec as runtime
from agora.runtimes.docker import commands as docker
from agora_sdk.contract.agents import Capabilities, Description, Proficiency, Tags
from agora_sdk.contract.billing import Amount, Currency, PricingType
from agora_sdk.contract.deployments import (
    BuildConfig,
    Command,
    Endpoint,
    Fault,
    HealthCheck,
    ImageRef,
    Repository,
    Variable,
)
from agora_sdk.contract.envelopes import Alias
from agora_sdk.contract.fields import AgentName, Label, Visibility
from agora_sdk.contract.hosts import HostRequirements
from agora_sdk.contract.instances import CpuLimit, Size
from agora_sdk.contract.validation_errors import describe_error
from agora_sdk.errors import field_error

__all__ = [
    "AgentManifest",
    "describes_program",
    "list_suitable_engines",
    "parse_manifest",
    "parse_profile",
    "to_build_config",
    "to_error_details",
    "to_program_source",
]

CONTAINER_RUNTIMES = ("docker", "kubernetes")
SECRET_PLACES = (("repository", "token"),)
#: fields of other platforms' manifests that are ignored
IGNORED_FIELDS = frozenset(
    {"authority", "author", "desires", "documentation_url", "ethics", "io", "license", "metadata", "repository_url"}
    | {"requirements", "status"}
)
MAX_MANIFEST_BYTES = 65_536  #: most bytes of a manifest; each instance's row holds a copy
MISSPELLING_SIMILARITY = 0.8  #: similarity above which an unknown field counts as misspelled


class Pricing(BaseModel):
    """Price of the agent; see ``agora.billing.set_price``."""

    model_config = ConfigDict(extra="forbid")

    type: PricingType
    price: Amount = 0.0
    currency: Currency | None = None
    base_price: Amount = 0.0
    task_price: Amount = 0.0
    usage_unit: Literal["minute", "hour"] | None = None
    input_price: Amount = 0.0
    output_price: Amount = 0.0


class Limits(BaseModel):
    """Upper limits of each instance; its own configuration may set lower ones."""

    model_config = ConfigDict(extra="forbid")

    memory: Size | None = None
    cpu: CpuLimit | None = None
    disk: Size | None = None
    pids: Annotated[int, Field(ge=1, le=1_000_000)] | None = None


def _list_capability_names(value: Any) -> Any:
    """List capabilities as names; the agent standard has objects with a name."""
    if not isinstance(value, list):
        return value
    return [item["name"] if isinstance(item, dict) and "name" in item else item for item in value]


def _normalize_repository(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _normalize_health(value: Any) -> Any:
    return {"path": value} if isinstance(value, str) else value


class AgentManifest(BaseModel):
    """A validated manifest."""

    model_config = ConfigDict(extra="allow")

    name: Annotated[AgentName, Field(validation_alias=AliasChoices("name", "agent_name"))]
    alias: Annotated[Alias | None, Field(validation_alias=AliasChoices("alias", "agent_id"))] = None
    description: Description = ""
    version: Annotated[str, Field(max_length=64)] | None = None
    category: Annotated[str, Field(max_length=64, pattern=r"^[^\x00]*$")] = ""
    tags: Tags = []
    capabilities: Annotated[Capabilities, BeforeValidator(_list_capability_names)] = []
    visibility: Visibility = Visibility.PUBLIC
    proficiency_level: Proficiency | None = None
    build_config: BuildConfig | None = None
    repository: Annotated[Repository | None, BeforeValidator(_normalize_repository)] = None
    directory: Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^/[^\x00]*$")] | None = None
    docker_image: ImageRef | None = None
    host_requirements: HostRequirements = HostRequirements()
    limits: Limits = Limits()
    pricing: Pricing | None = None
    endpoints: Annotated[list[Endpoint], Field(max_length=200)] = []
    health: Annotated[HealthCheck | None, BeforeValidator(_normalize_health)] = None
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    start_command: Command | None = Field(default=None, description="Of a container, where not the image's own.")
    env_vars: dict[str, str] = {}
    configurable: Annotated[list[Variable], Field(max_length=100)] = []
    max_instances: Annotated[int, Field(ge=0, le=100_000)] | None = None
    runtime: Label | None = None
    protocol: Label | None = None

    @property
    def build(self) -> BuildConfig | None:
        """Return how the agent is built and started. An image without build_config needs no build."""
        if self.build_config is None and self.docker_image is not None:
            return BuildConfig(type="docker", start_command=self.start_command, env_vars=self.env_vars)
        return self.build_config

    @property
    def health_check(self) -> HealthCheck:
        """Return the health check: the declared one, else an endpoint /health or /healthz."""
        if self.health is not None:
            return self.health
        usual = [each.path for each in self.endpoints if each.path in ("/health", "/healthz")]
        return HealthCheck(path=usual[0] if usual else None)

    @property
    def has_listener(self) -> bool:
        """Whether the manifest declares a listening program, by a port or by endpoints."""
        declared = runtime.find_declared_port(to_build_config(self.build)) if self.build is not None else None
        return self.port is not None or declared is not None or any(each.path for each in self.endpoints)

    def to_stored_document(self) -> dict[str, Any]:
        """Build the document to store and show, without secrets and defaults."""
        document = self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        for location, name in SECRET_PLACES:
            if location in document:
                document[location].pop(name, None)
        return document

    def collect_secrets(self) -> dict[str, str]:
        """Collect the values to store encrypted."""
        return {"git_token": self.repository.token} if self.repository and self.repository.token else {}


def list_suitable_engines(manifest: AgentManifest) -> tuple[str, ...]:
    """List the names of engines that can run a manifest's agent, preferred first. Only docker builds images."""
    build = manifest.build
    if build is None:
        return ()
    if build.type != "docker":
        return ("process", "docker")
    return CONTAINER_RUNTIMES if manifest.docker_image is not None else ("docker",)


def to_build_config(build: BuildConfig) -> runtime.BuildConfig:
    """Convert a build configuration for engines. yarn and pnpm build the same kind of program as npm."""
    kind = "npm" if build.type in ("yarn", "pnpm") else build.type
    return runtime.BuildConfig(
        cast("runtime.BuildType", kind), build.start_command, build.build_command, build.env_vars
    )


def to_program_source(manifest: AgentManifest, secrets: Mapping[str, str]) -> runtime.Source:
    """Build the source of a manifest's program, with credentials."""
    if manifest.docker_image is not None:
        return runtime.Image(manifest.docker_image, secrets.get("registry_user"), secrets.get("registry_password"))
    if manifest.repository is not None:
        repository = manifest.repository
        return runtime.Git(repository.url, repository.branch, repository.directory, secrets.get("git_token"))
    return runtime.Directory(manifest.directory or "")


def parse_manifest(document: Mapping[str, Any]) -> tuple[AgentManifest | None, list[Fault]]:
    """Validate a manifest to be run; return it and all errors. The manifest is None if there are errors."""
    if len(to_json(document)) > MAX_MANIFEST_BYTES:
        return None, [Fault(field="", message=f"is larger than {MAX_MANIFEST_BYTES} bytes")]
    faults = list(_find_misspelled_fields(document))
    understood: AgentManifest | None
    try:
        understood = AgentManifest.model_validate(document)
    except ValidationError as error:
        faults += [_to_manifest_error(each) for each in error.errors(include_url=False, include_context=False)]
        understood = _validate_remaining(document, error)
    if understood is not None:
        fields = {fault.field.split(".", 1)[0] for fault in faults}
        faults += [fault for fault in _find_contradictions(understood) if fault.field.split(".", 1)[0] not in fields]
    return (None if faults else understood), faults


def parse_profile(document: Mapping[str, Any]) -> tuple[AgentManifest | None, list[Fault]]:
    """Validate a manifest as an agent's profile, without checking that it can run. Unknown fields are errors here."""
    if len(to_json(document)) > MAX_MANIFEST_BYTES:
        return None, [Fault(field="", message=f"is larger than {MAX_MANIFEST_BYTES} bytes")]
    fields = set(AgentManifest.model_fields) | {"agent_id"}
    faults = []
    for name in document:
        if name not in fields | IGNORED_FIELDS:
            similar_fields = get_close_matches(name, fields, 1, MISSPELLING_SIMILARITY)
            faults.append(
                Fault(field=name, message="is not known" + (f"; {similar_fields[0]} is" if similar_fields else ""))
            )
    try:
        return AgentManifest.model_validate(document), faults
    except ValidationError as error:
        errors = error.errors(include_url=False, include_context=False)
        return None, faults + [_to_manifest_error(each) for each in errors]


def describes_program(manifest: AgentManifest) -> bool:
    """Whether a manifest declares a program to run, valid or not."""
    places = (manifest.docker_image, manifest.repository, manifest.directory)
    return manifest.build is not None and any(location is not None for location in places)


def _to_manifest_error(error: Any) -> Fault:
    location = ".".join(str(part) for part in error["loc"] if not str(part).startswith("function-"))
    return Fault(field=location, message=describe_error(error))


def _find_misspelled_fields(document: Mapping[str, Any]) -> Iterator[Fault]:
    fields = set(AgentManifest.model_fields) | {"agent_id", "agent_name"}
    for name in document:
        if name not in fields | IGNORED_FIELDS and (
            similar_fields := get_close_matches(name, fields, 1, MISSPELLING_SIMILARITY)
        ):
            yield Fault(field=name, message=f"is not known; {similar_fields[0]} is")


def _validate_remaining(document: Mapping[str, Any], error: ValidationError) -> AgentManifest | None:
    """Validate the manifest without its invalid fields, so that contradictions among the others are reported too."""
    invalid_fields = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    valid_fields = {name: value for name, value in document.items() if name not in invalid_fields}
    try:
        # The name is the only required field: without it, no contradiction would be found.
        return AgentManifest.model_validate({"name": "unnamed"} | valid_fields)
    except ValidationError:
        return None


def _find_contradictions(manifest: AgentManifest) -> Iterator[Fault]:
    """Find contradictions between fields that are valid individually."""
    sources = [name for name in ("docker_image", "repository", "directory") if getattr(manifest, name) is not None]
    if len(sources) > 1:
        yield Fault(field=sources[1], message=f"not beside {sources[0]}: the program comes from one place")
    if not sources:
        yield Fault(field="repository", message="name the program's source: repository, directory or docker_image")
    if manifest.build is None:
        yield Fault(field="build_config", message="name the build type and the start command: type, start_command")
    for name in ("start_command", "env_vars"):
        if manifest.build_config is not None and getattr(manifest, name):
            yield Fault(field=name, message=f"not allowed beside build_config: use build_config.{name}")
    requirements = manifest.host_requirements
    if requirements.co_location_required and not requirements.co_location_with:
        yield Fault(field="host_requirements.co_location_with", message="name an agent to run beside")
    engine, engine_names = requirements.engine, list_suitable_engines(manifest)
    if engine and engine_names and engine not in engine_names:
        yield Fault(
            field="host_requirements.engine", message=f"{engine} does not run this: {' or '.join(engine_names)}"
        )
    if manifest.build is not None and sources:
        yield from _find_engine_errors(manifest)


def _find_engine_errors(manifest: AgentManifest) -> Iterator[Fault]:
    """Find errors that an engine would raise."""
    build = manifest.build
    assert build is not None
    try:
        limits = _parse_limits(manifest)
    except ValueError as error:
        yield Fault(field="limits", message=str(error))
        limits = runtime.Limits()
    spec = runtime.Spec(
        instance_id="inst_0",
        generation=1,
        tenant="default",
        build_config=to_build_config(build),
        source=to_program_source(manifest, {}),
        limits=limits,
        health=runtime.Health(manifest.health_check.path, manifest.health_check.timeout),
    )
    commands = docker.list_command_errors(spec.build_config) if build.type == "docker" else []
    for problem in [*runtime.list_spec_errors(spec), *commands]:
        location, _, message = problem.partition(": ")
        yield Fault(field=location, message=message)


def _parse_limits(manifest: AgentManifest) -> runtime.Limits:
    limits = manifest.limits
    return runtime.Limits.from_texts(limits.memory, limits.cpu, limits.pids, limits.disk)


def to_error_details(details: Sequence[Fault]) -> list[dict[str, str]]:
    """Convert errors to the API's error details."""
    return [field_error(f"manifest.{fault.field}".rstrip("."), fault.message) for fault in details]
