"""Images: pulled from a registry, or built from a source; cached by the content that they were made from.

A source with a Dockerfile (``build_config.type: docker``) is built with it. Others are built on a base image: their
tree in
``/app``, and the build command run there. The engine's classic builder is used, which every engine has.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from agora.runtimes.builds import tree
from agora.runtimes.builds.cache import CommitDigests, erase_directory, hash_commit, hash_json
from agora.runtimes.builds.git import Repositories
from agora.runtimes.builds.single_flight import SingleFlight
from agora.runtimes.errors import (
    BuildFailed,
    BuildTimeout,
    EngineError,
    EngineUnavailable,
    InvalidSpec,
    SourceRefused,
    SourceUnavailable,
)
from agora.runtimes.port import Build, Progress
from agora.runtimes.spec import Directory, Git, Image, Spec, list_spec_errors
from agora.value_classes import value_class

from . import build_context, commands
from .client import Client, Refused, convert_to_refusal, read_file_chunks
from .containers import choose_container_program
from .image_references import get_image_registry, is_image_id, split_reference, strip_default_registry
from .labels import BUILD, BUILD_PREFIX, ResourceLabels, build_label_filter
from .networks import InstanceNetworks
from .options import Options

__all__ = ["Images"]

RECIPE_VERSION = 1  # of the build recipe; another value changes every key
REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,499}")
TAIL_CHARACTERS = 8_192
MAX_LINE_CHARACTERS = 4_096


@value_class
class _Source:
    """digest: None if it is known only after fetching."""

    digest: str | None
    directory: Path | None = None
    commit: str | None = None


class Images:
    """Images of one installation. At most ``options.builds`` builds run concurrently, and only one per key."""

    def __init__(self, options: Options, client: Client, labels: ResourceLabels, networks: InstanceNetworks) -> None:
        self._options = options
        self._client = client
        self._labels = labels
        self._networks = networks
        self._builds = options.root / "builds"
        self._commits = CommitDigests(self._builds / "commits")
        self._flights: SingleFlight[Build] = SingleFlight()
        self._build_slots = asyncio.Semaphore(options.builds)
        self._repositories = Repositories(options.git_variables, private=options.private_networks)

    def reset_directories(self) -> None:
        """Create the directories, and erase builds in progress of an earlier process."""
        erase_directory(self._builds / "attempts")
        for name in ("attempts", "used", "commits", "pulled", "discarded"):
            (self._builds / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    async def build(self, spec: Spec, progress: Progress) -> Build:
        """See Runtime.build."""
        errors = list_spec_errors(spec)
        if spec.build_config.type == "docker":
            errors += commands.list_command_errors(spec.build_config)
        if errors:
            raise InvalidSpec(errors)
        choose_container_program(spec)
        if isinstance(spec.source, Image):
            image = spec.source
            key = hash_json([image.reference, image.user or "", image.password or ""])
            return await self._flights.run_or_join(key, progress, lambda report: self._pull_image(image, report))
        source = await self._identify_source(spec)
        recipe = _collect_build_inputs(self._options, spec)
        if source.digest is None:
            assert isinstance(spec.source, Git)
            assert source.commit is not None
            return await self._flights.run_or_join(
                f"{hash_json(recipe)}-{hash_commit(spec.source, source.commit)}",
                progress,
                lambda report: self._run_build(spec, source, recipe, report),
            )
        key = hash_json([*recipe, source.digest])
        if await self._has_image(key):
            return self._mark_used_and_describe(key, source.commit, cached=True)
        return await self._flights.run_or_join(
            key, progress, lambda report: self._run_build(spec, source, recipe, report)
        )

    def discard(self, build: Build) -> None:
        """Discard an image that was built here, or that was pulled here and did not exist before."""
        (self._builds / "used" / build.key).unlink(missing_ok=True)
        pulled = self._builds / "pulled" / _build_file_name(build.key)
        if pulled.exists():
            pulled.rename(self._builds / "discarded" / pulled.name)

    async def sweep(self) -> int:
        """Remove images that no container uses and that were not requested for a while, or that were discarded."""
        used = {
            each["ImageID"] for each in await self._client.request_json("GET", "containers/json", params={"all": "1"})
        }
        images: list[dict[str, Any]] = await self._client.request_json(
            "GET", "images/json", params=build_label_filter(self._labels.installation_label)
        )
        unused_before, count = time.time() - self._options.keep_builds, 0
        for image in images:
            key = image["Labels"].get(BUILD, "")
            if image["Id"] in used or self._read_last_used(key) > unused_before:
                continue
            with suppress(Refused):
                await self._client.request_json("DELETE", f"images/{image['Id']}", params={"force": "1"})
                count += 1
        for name in os.listdir(self._builds / "discarded"):
            # Not forced: an image stays while a container, or another tag, uses it.
            with suppress(Refused):
                await self._client.request_json("DELETE", f"images/{name.replace('-', ':', 1)}")
                (self._builds / "discarded" / name).unlink(missing_ok=True)
                count += 1
        return count

    # -- pulling ---------------------------------------------------------------------------------------------------

    async def _pull_image(self, image: Image, report_progress: Progress) -> Build:
        """Pull an image of a registry; an image without a registry is used unchanged."""
        segments = image.reference.split("/")
        if not REFERENCE.fullmatch(image.reference) or ".." in image.reference or {"", "."} & set(segments):
            raise InvalidSpec([f"source: {image.reference[:100]!r} is not an image reference"])
        if strip_default_registry(image.reference).startswith(BUILD_PREFIX):
            raise SourceRefused(
                "That image was built on this host from another agent's source.", fix="Name an image of a registry."
            )
        previous_image = await self._inspect_image(image.reference)
        if previous_image is not None and is_image_id(image.reference, previous_image):
            # An id also names builds of other agents, and images that were pulled with other accounts.
            raise SourceRefused(f"{image.reference} is the id of an image.", fix="Name an image of a registry.")
        # Without a digest the image never came from a registry: it was built or loaded on this host, and cannot be pulled.
        local = previous_image is not None and not previous_image.get("RepoDigests")
        if previous_image is None or (not local and self._options.pull == "always"):
            started_at = time.monotonic()
            await self._fetch_image(image, report_progress)
            pulled_image = await self._inspect_image(image.reference)
            if pulled_image is None:
                raise SourceUnavailable(f"{image.reference} is missing although it was pulled.")
            if previous_image is None:
                (self._builds / "pulled" / _build_file_name(str(pulled_image["Id"]))).touch()
            return _to_build(
                pulled_image,
                cached=previous_image is not None and previous_image["Id"] == pulled_image["Id"],
                seconds=time.monotonic() - started_at,
            )
        self._restore_discarded_image(str(previous_image["Id"]))
        return _to_build(previous_image, cached=True)

    def _restore_discarded_image(self, image_id: str) -> None:
        """Restore a discarded image that is requested again."""
        discarded = self._builds / "discarded" / _build_file_name(image_id)
        if discarded.exists():
            discarded.rename(self._builds / "pulled" / discarded.name)

    async def _fetch_image(self, image: Image, report_progress: Progress) -> None:
        name, tag = split_reference(image.reference)
        headers = {}
        if image.user is not None:
            account = {
                "username": image.user,
                "password": image.password or "",
                "serveraddress": get_image_registry(name),
            }
            headers["X-Registry-Auth"] = base64.urlsafe_b64encode(json.dumps(account).encode()).decode()
        last_status = ""
        try:
            async with asyncio.timeout(self._options.build_timeout):
                params = {"fromImage": name, "tag": tag}
                async for message in self._stream_messages("images/create", params, headers, None):
                    status = str(message.get("status", ""))
                    # Lines with ``progress`` come several times a second for each layer.
                    if status and status != last_status and "progress" not in message:
                        report_progress(status[:MAX_LINE_CHARACTERS])
                        last_status = status
        except Refused as error:
            raise _build_pull_error(image.reference, error) from None
        except TimeoutError:
            raise SourceUnavailable(f"{image.reference} could not be pulled in time.") from None

    # -- building --------------------------------------------------------------------------------------------------

    async def _identify_source(self, spec: Spec) -> _Source:
        if isinstance(spec.source, Directory):
            directory = await asyncio.to_thread(
                tree.resolve_directory_in_roots, spec.source.path, self._options.sources
            )
            return _Source(await asyncio.to_thread(tree.hash_tree, directory, self._options.bounds), directory)
        assert not isinstance(spec.source, Image)
        commit = await self._repositories.resolve_commit(spec.source)
        return _Source(self._commits.find_digest(spec.source, commit), None, commit)

    async def _run_build(self, spec: Spec, source: _Source, recipe: list[object], report_progress: Progress) -> Build:
        async with self._build_slots:
            started_at = time.monotonic()
            attempt = self._builds / "attempts" / secrets.token_hex(8)
            try:
                attempt.mkdir(mode=0o700)
                digest, commit = await self._fetch_source(spec, source, attempt, report_progress)
                key = hash_json([*recipe, digest])
                if await self._has_image(key):  # an image of the fetched content already exists
                    return self._mark_used_and_describe(key, commit, cached=True)
                await self._build_image(spec, key, attempt, report_progress)
                return self._mark_used_and_describe(key, commit, seconds=time.monotonic() - started_at)
            except OSError as error:
                raise tree.convert_to_disk_full_or_none(error) or EngineUnavailable(
                    f"The host refuses: {error}."
                ) from error
            finally:
                await asyncio.to_thread(erase_directory, attempt)

    async def _fetch_source(
        self, spec: Spec, source: _Source, attempt: Path, report_progress: Progress
    ) -> tuple[str, str | None]:
        """Copy a source; return the digest of the copy, which is the one that is built, and its commit."""
        directory, commit = source.directory, None
        if directory is None:
            assert not isinstance(spec.source, (Directory, Image))
            checkout = await self._repositories.fetch_source(spec.source, attempt / "fetched", report_progress)
            directory, commit = checkout.directory, checkout.commit
        await asyncio.to_thread(tree.copy_tree, directory, attempt / "tree", self._options.bounds)
        digest = await asyncio.to_thread(tree.hash_tree, attempt / "tree", self._options.bounds)
        if commit is not None and not isinstance(spec.source, (Directory, Image)):
            # Of the fetched commit: a push since the look-up would be taken for the content of the earlier one for ever.
            self._commits.store_digest(spec.source, commit, digest)
        return digest, commit

    async def _build_image(self, spec: Spec, key: str, attempt: Path, report_progress: Progress) -> None:
        await self._networks.ensure_network(None)
        config = spec.build_config
        if config.type == "docker":
            command = commands.parse_build_command(config)
            context = await asyncio.to_thread(build_context.build_dockerfile_context, attempt / "tree", command)
            bases = await asyncio.to_thread(build_context.list_base_images, context.directory / command.file)
        else:
            command = commands.BuildCommand()
            base = self._options.node_image if config.type == "npm" else self._options.python_image
            context = build_context.build_command_context(attempt / "tree", base, config)
            bases = [base]
        archive = attempt / "build_context.tar"
        await asyncio.to_thread(build_context.write_context, context, archive)
        params = {
            "t": self._labels.image_name(key),
            "dockerfile": command.file,
            "target": command.target or "",
            "buildargs": json.dumps(command.arguments),
            "labels": json.dumps(self._labels.installation_label | {BUILD: key}),
            "networkmode": self._labels.network_name(None),
            "rm": "1",
            "forcerm": "1",
            # Then the engine takes no image of this host, only those that the registry gives to anybody.
            "pull": "1" if await self._must_pull(bases) else "",
            "version": "1",
        }
        file = await asyncio.to_thread(open, archive, "rb")
        with file:
            await self._request_build(params, file, report_progress)

    async def _must_pull(self, bases: Sequence[str] | None) -> bool:
        """Whether the base images of a build must come from a registry, because some of this host are not for everybody.

        An id, or the start of one, also names builds of other agents and images pulled with other accounts. A trigger
        (``ONBUILD``) of an image may copy from any other.
        """
        if bases is None:
            return True
        for reference in bases:
            if not REFERENCE.fullmatch(reference) or strip_default_registry(reference).startswith(BUILD_PREFIX):
                return True
            image = await self._inspect_image(reference)
            if image is None or is_image_id(reference, image) or image["Config"].get("OnBuild"):
                return True
            if image.get("RepoDigests") and self._options.pull == "always":
                return True
        return False

    async def _request_build(self, params: Mapping[str, str], file: IO[bytes], report_progress: Progress) -> None:
        """Have the engine build; the build is cancelled when the caller disconnects."""
        lines = _OutputLines(report_progress)
        headers = {"Content-Type": "application/x-tar"}
        limit = self._options.build_timeout
        try:
            async with asyncio.timeout(limit):
                async for message in self._stream_messages("build", params, headers, read_file_chunks(file)):
                    lines.feed_text(str(message.get("stream") or message.get("status", "") + "\n"))
        except TimeoutError:
            raise BuildTimeout(
                f"The build took longer than {limit:g} seconds.", fix="Make it faster.", output=lines.tail
            ) from None
        except Refused as error:
            lines.feed_text("\n")
            how = f"ended with {error.exit_code}" if error.exit_code else "failed"
            raise BuildFailed(
                f"The build {how}: {error.detail[-500:]}",
                fix="See the output of the build.",
                exit_code=error.exit_code,
                output=lines.tail,
            ) from None

    async def _stream_messages(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str], data: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """Stream the messages of a long request. Raises Refused for an error message."""
        async with self._client.stream_response(
            "POST", path, params=params, headers=headers, data=data, wait=None
        ) as answer:
            buffer = b""
            async for chunk in answer.content.iter_any():
                *lines, buffer = (buffer + chunk).split(b"\n")
                for line in lines:
                    if line.strip():
                        yield _raise_if_error_message(json.loads(line))
            if buffer.strip():
                yield _raise_if_error_message(json.loads(buffer))

    # -- existing images -------------------------------------------------------------------------------------------

    async def _inspect_image(self, reference: str) -> dict[str, Any] | None:
        try:
            details: dict[str, Any] = await self._client.request_json("GET", f"images/{reference}/json")
            return details
        except Refused as error:
            if error.status == 404:
                return None
            if error.status == 400:
                raise InvalidSpec([f"source: {error.detail}"]) from None
            raise

    async def _has_image(self, key: str) -> bool:
        return await self._inspect_image(self._labels.image_name(key)) is not None

    def _mark_used_and_describe(
        self, key: str, commit: str | None, *, cached: bool = False, seconds: float = 0.0
    ) -> Build:
        """Note that an image was used now, which keeps it from clean-up. Returns its build."""
        (self._builds / "used" / key).touch()
        return Build("docker", key, self._labels.image_name(key), cached, commit, seconds)

    def _read_last_used(self, key: str) -> float:
        try:
            return os.stat(self._builds / "used" / key).st_mtime if key.isalnum() else 0.0
        except FileNotFoundError:
            return 0.0


def _raise_if_error_message(message: dict[str, Any]) -> dict[str, Any]:
    if "error" in message or "errorDetail" in message:
        detail = message.get("errorDetail") or {}
        raise convert_to_refusal(0, str(detail.get("message") or message.get("error")), detail.get("code"))
    return message


class _OutputLines:
    """Splits build output into lines, and keeps the end of it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._rest = ""
        self.tail = ""

    def feed_text(self, text: str) -> None:
        *lines, self._rest = (self._rest + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            if line.strip():
                self.tail = (self.tail + line + "\n")[-TAIL_CHARACTERS:]
                self._progress(line[:MAX_LINE_CHARACTERS])


def _collect_build_inputs(options: Options, spec: Spec) -> list[object]:
    """All inputs of a build other than the source."""
    config = spec.build_config
    base = {"docker": "", "npm": options.node_image}.get(config.type, options.python_image)
    variables = [] if config.type == "docker" else sorted(config.env_vars.items())
    return ["docker", RECIPE_VERSION, config.type, config.build_command or "", variables, base]


def _to_build(details: Mapping[str, Any], *, cached: bool, seconds: float = 0.0) -> Build:
    return Build("docker", str(details["Id"]), str(details["Id"]), cached, None, seconds)


def _build_file_name(image_id: str) -> str:
    """Convert ``sha256:...`` to ``sha256-...``."""
    return image_id.replace(":", "-", 1)


def _build_pull_error(reference: str, error: Refused) -> EngineError:
    words = error.detail.lower()
    if any(each in words for each in ("denied", "unauthorized", "authentication", "no basic auth")):
        return SourceRefused(
            f"The registry refuses {reference}: {error.detail[:500]}.", fix="Give registry_user and registry_password."
        )
    if error.status == 404 or "not found" in words or "manifest unknown" in words:
        return SourceRefused(f"There is no image {reference}: {error.detail[:500]}.", fix="Check its name and tag.")
    return SourceUnavailable(f"{reference} cannot be pulled: {error.detail[:500]}.", fix="Check the registry.")
