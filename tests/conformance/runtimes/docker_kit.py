"""The docker engine's kit: containers of an image built from this machine's Python."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from agora.runtimes.docker import DockerRuntime, Options
from agora.runtimes.docker.client import Client, Refused
from agora.runtimes.docker.labels import ResourceLabels, build_label_filter
from agora.runtimes.port import Runtime
from agora.runtimes.spec import BuildConfig, BuildType, Directory, Spec
from tests.conformance.runtimes.engine_kit import Kit
from tests.dockerd import BASE

__all__ = ["DockerKit"]

_numbers = itertools.count()


class DockerKit(Kit):
    """The docker engine in a temporary directory. Kits of one process share builds and the network."""

    def __init__(self, root: Path, host: str, **options: Any) -> None:
        self.sources = root / "sources"
        self.sources.mkdir(parents=True, exist_ok=True)
        first = 30_000 + (os.getpid() * 41 + next(_numbers) * 20) % 2_000
        defaults: dict[str, Any] = {
            "root": root.parent / f"docker-{os.getpid()}",
            "installation": f"test-{os.getpid()}",
            "host": host,
            "sources": (self.sources,),
            "ports": (first, first + 19),
            "python_image": BASE,
        }
        self.options = Options(**defaults | options)
        self.engine: DockerRuntime = DockerRuntime(self.options)
        self.labels, self.client = ResourceLabels(self.options.installation), Client(host)

    def source(self, files: Mapping[str, str]) -> Directory:
        """Create a directory with these files."""
        directory = self.sources / f"source-{next(_numbers)}"
        for name, content in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        directory.mkdir(exist_ok=True)
        return Directory(str(directory))

    def spec(
        self,
        start: str | None,
        *,
        files: Mapping[str, str] | None = None,
        instance_id: str | None = None,
        build: str | None = None,
        type: BuildType = "custom",
        env_vars: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Spec:
        spec = Spec(
            instance_id=instance_id or f"inst_{os.getpid():08x}{next(_numbers):024x}",
            generation=1,
            tenant="acme",
            build_config=BuildConfig(type, start, build, dict(env_vars or {})),
            source=self.source(files or {}),
            ports=(),
        )
        return replace(spec, **more)

    @asynccontextmanager
    async def _another(self) -> AsyncIterator[Runtime]:
        await self.engine.close()
        self.engine = DockerRuntime(self.options)
        yield self.engine

    def another(self) -> AbstractAsyncContextManager[Runtime]:
        return self._another()

    async def close(self) -> None:
        """Remove every container; builds and the network are reused."""
        for found in await self.engine.list_instances():
            await self.engine.remove(found.handle)
        await self.engine.close()
        await self.client.close()

    async def end(self) -> None:
        """Remove all remains of this process's kits."""
        client, mine = (
            Client(self.options.host),
            build_label_filter(ResourceLabels(self.options.installation).installation_label),
        )
        try:
            for network in await client.request_json("GET", "networks", params=mine):
                await client.request_json("DELETE", f"networks/{network['Id']}")
            for image in await client.request_json("GET", "images/json", params=mine):
                await client.request_json("DELETE", f"images/{image['Id']}", params={"force": "1"})
        except Refused:
            pass
        finally:
            await client.close()
