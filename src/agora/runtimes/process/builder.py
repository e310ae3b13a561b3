"""Builds of programs: a copy of the source, a virtual environment and a build command; cached by the content of all
three."""

from __future__ import annotations

import asyncio
import os
import platform
import shutil
import sys
import time
from pathlib import Path

from agora.runtimes.builds import tree
from agora.runtimes.builds.cache import BuildCache, CacheEntry, erase_directory, hash_commit, hash_json
from agora.runtimes.builds.command import Command, CommandTimeout
from agora.runtimes.builds.git import Repositories
from agora.runtimes.builds.single_flight import SingleFlight
from agora.runtimes.errors import BuildFailed, BuildTimeout, DiskFull, InvalidSpec, Unsupported
from agora.runtimes.port import Build, Progress
from agora.runtimes.spec import Directory, Git, Image, Spec, list_spec_errors
from agora.value_classes import value_class

from . import environment, orphans
from . import venv_seed as seed
from .options import Options

__all__ = ["Builder"]

FORMAT_VERSION = 1  # format of a build's directory; another value changes every key
NO_SPACE = os.strerror(28)


@value_class
class _Source:
    """The source of a build. digest: None if it is unknown before the source is fetched."""

    digest: str | None
    directory: Path | None = None
    repository: Git | None = None
    commit: str | None = None


class Builder:
    """Builds of one host. At most ``options.builds`` run concurrently, and only one per key."""

    def __init__(self, options: Options, cache: BuildCache) -> None:
        self._options = options
        self._cache = cache
        self._flights: SingleFlight[Build] = SingleFlight()
        self._build_slots = asyncio.Semaphore(options.builds)
        self._repositories = Repositories(
            {"PATH": options.path, **options.inherited_variables()}, private=options.private_networks
        )
        self._node: str | None = None

    async def build(self, spec: Spec, progress: Progress) -> Build:
        """See Runtime.build."""
        if errors := list_spec_errors(spec):
            raise InvalidSpec(errors)
        source = await self._identify_source(spec)
        recipe = await self._collect_build_inputs(spec)
        if source.digest is None:  # an unknown commit: its content is known only after fetching
            assert source.repository is not None
            assert source.commit is not None
            key = f"{hash_json(recipe)}-{hash_commit(source.repository, source.commit)}"
        else:
            key = hash_json([*recipe, source.digest])
            entry = await asyncio.to_thread(self._cache.find_and_mark_used, key)
            if entry is not None:
                return _to_build(key, entry, source.commit, cached=True)
        return await self._flights.run_or_join(
            key, progress, lambda report: self._run_build(spec, source, recipe, report)
        )

    async def _identify_source(self, spec: Spec) -> _Source:
        """Check a source for errors that can be found without fetching it, and describe it."""
        if spec.build_config.type == "docker" or isinstance(spec.source, Image):
            raise Unsupported("Containers need the docker engine.", fix="Use build_config.type python, npm or custom.")
        if isinstance(spec.source, Directory):
            directory = await asyncio.to_thread(
                tree.resolve_directory_in_roots, spec.source.path, self._options.sources
            )
            digest = await asyncio.to_thread(tree.hash_tree, directory, self._options.bounds)
            return _Source(digest, directory)
        commit = await self._repositories.resolve_commit(spec.source)
        cached_digest = await asyncio.to_thread(self._cache.commits.find_digest, spec.source, commit)
        return _Source(cached_digest, None, spec.source, commit)

    async def _collect_build_inputs(self, spec: Spec) -> list[object]:
        """All inputs of a build other than the source."""
        config = spec.build_config
        tools: list[str] = [platform.machine()]
        if config.type == "python":
            tools += [str(await asyncio.to_thread(os.path.realpath, self._options.python)), sys.version]
        elif config.type == "npm":
            tools.append(await self._read_node_version())
        return [FORMAT_VERSION, config.type, config.build_command or "", sorted(config.env_vars.items()), tools]

    async def _read_node_version(self) -> str:
        if self._node is None:
            paths = [shutil.which(name, path=self._options.path) for name in ("node", "npm")]
            if None in paths:
                raise Unsupported(
                    "node and npm are not installed on this host.",
                    fix="Install Node.js, or name its directory in PATH, and start the server again.",
                )
            command = Command([str(paths[0]), "--version"], Path("/"), {"PATH": self._options.path}, 30.0)
            self._node = f"{paths[0]} {(await command.run_command(lambda _: None)).output.strip()}"
        return self._node

    async def _run_build(self, spec: Spec, source: _Source, recipe: list[object], report_progress: Progress) -> Build:
        async with self._build_slots:
            started_at = time.monotonic()
            await asyncio.to_thread(self._require_space)
            attempt = await asyncio.to_thread(self._cache.create_attempt, hash_json(recipe))
            try:
                digest, commit = await self._fetch_source(source, attempt, report_progress)
                key = hash_json([*recipe, digest])
                entry = await asyncio.to_thread(self._cache.find_and_mark_used, key)
                if entry is not None:  # a build of the fetched content already exists
                    await asyncio.to_thread(self._cache.discard_attempt, attempt)
                    return _to_build(key, entry, commit, cached=True)
                await self._run_steps(spec, attempt, report_progress)
                seconds = time.monotonic() - started_at
                await asyncio.to_thread(self._cache.publish_attempt, key, attempt, seconds, commit)
                return _to_build(key, CacheEntry(attempt, seconds, commit), commit, cached=False)
            # Also if cancelled: an attempt that counts as running is never pruned.
            except BaseException as error:
                await asyncio.to_thread(self._cache.discard_attempt, attempt)
                if isinstance(error, OSError) and (full := tree.convert_to_disk_full_or_none(error)):
                    raise full from error
                raise

    async def _fetch_source(self, source: _Source, attempt: Path, report_progress: Progress) -> tuple[str, str | None]:
        """Copy a source into an attempt. Returns the digest of the copy, which is the one that is built, and its commit."""
        directory, commit = source.directory, None
        fetched = attempt / "fetched"
        if directory is None:
            assert source.repository is not None
            checkout = await self._repositories.fetch_source(source.repository, fetched, report_progress)
            directory, commit = checkout.directory, checkout.commit
        await asyncio.to_thread(tree.copy_tree, directory, attempt / "tree", self._options.bounds)
        digest = await asyncio.to_thread(tree.hash_tree, attempt / "tree", self._options.bounds)
        if source.repository is not None and commit is not None:
            await asyncio.to_thread(erase_directory, fetched)
            # Of the fetched commit: a push since the look-up would be taken for the content of the earlier one for ever.
            await asyncio.to_thread(self._cache.commits.store_digest, source.repository, commit, digest)
        return digest, commit

    async def _run_steps(self, spec: Spec, attempt: Path, report_progress: Progress) -> None:
        for name in ("home", "tmp"):
            (attempt / name).mkdir(mode=0o700)
        config = spec.build_config
        if config.type == "python":
            arguments = [self._options.python, "-I", str(Path(seed.__file__)), str(attempt / "env")]
            await self._run_command("The virtual environment", arguments, spec, attempt, report_progress)
        if config.build_command:
            await self._run_command(
                "The build command", ["/bin/sh", "-c", config.build_command], spec, attempt, report_progress
            )
        for name in ("home", "tmp"):
            await asyncio.to_thread(erase_directory, attempt / name)

    async def _run_command(
        self, step: str, arguments: list[str], spec: Spec, attempt: Path, report_progress: Progress
    ) -> None:
        variables = [f"AGORA_BUILD={attempt.name}".encode()]
        command = Command(
            arguments, attempt / "tree", environment.build_environment(self._options, spec, attempt), self._options.build_timeout,
            # Processes that have left the command's group are found by their variable.
            on_end=lambda: orphans.kill_processes_with_variables(variables),
        )  # fmt: skip
        try:
            result = await command.run_command(report_progress)
        except CommandTimeout as error:
            raise BuildTimeout(
                f"{step} took longer than {self._options.build_timeout:g} seconds.",
                fix="Make it faster.",
                output=error.output,
            ) from None
        if result.code == 0:
            return
        # A full disk shows only in the output of the command that it made fail.
        if NO_SPACE in result.output:
            raise DiskFull("The disk was full while building.", fix="Free space in the data directory of this host.")
        how = f"ended with {result.code}" if result.code > 0 else f"was ended by signal {-result.code}"
        raise BuildFailed(
            f"{step} {how}.",
            fix="See the output of the build.",
            exit_code=result.code if result.code > 0 else None,
            output=result.output,
        )

    def _require_space(self) -> None:
        free = shutil.disk_usage(self._options.root).free
        if free < self._options.space:
            raise DiskFull(f"Only {free} bytes of disk are free.", fix="Free space in the data directory of this host.")


def _to_build(key: str, entry: CacheEntry, commit: str | None, *, cached: bool) -> Build:
    return Build("process", key, str(entry.directory), cached, commit or entry.commit, entry.seconds)
