"""Networks of instances: one for all instances without a group, which cannot reach each other, and one for each
co-location group."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from agora.runtimes.errors import StartFailed

from .client import Client, Refused
from .labels import GROUP, ResourceLabels, build_label_filter

__all__ = ["InstanceNetworks"]

ISOLATION_OPTION = "com.docker.network.bridge.enable_icc"


class InstanceNetworks:
    """Networks of this installation. Instances without a group cannot reach each other; those of a group can, by
    their ids."""

    def __init__(self, client: Client, labels: ResourceLabels) -> None:
        self._client = client
        self._labels = labels
        self._creation_lock = asyncio.Lock()
        self._starting: Counter[str] = Counter()  # containers being started, by group
        self._is_desktop: bool | None = None

    @asynccontextmanager
    async def hold_network(self, group: str) -> AsyncIterator[None]:
        """Keep a group's network while a container is started in it: to the engine only running ones use it."""
        async with self._creation_lock:  # waits for a removal under way
            self._starting[group] += 1
        try:
            yield
        finally:
            self._starting[group] -= 1
            self._starting += Counter()  # drops groups without a start

    async def ensure_network(self, group: str | None) -> str:
        """Create a group's network unless it exists; return the address of the host in it. Raises StartFailed."""
        name = self._labels.network_name(group)
        async with self._creation_lock:
            try:
                return await self._find_host_address(name)
            except Refused as error:
                if error.status != 404:
                    raise
            body = {
                "Name": name,
                # Engines before API 1.44 would otherwise create a second network of the same name.
                "CheckDuplicate": True,
                "Driver": "bridge",
                "Options": {ISOLATION_OPTION: "true" if group else "false"},
                "Labels": self._labels.installation_label | {GROUP: group or ""},
            }
            try:
                await self._client.request_json("POST", "networks/create", body=body)
            except Refused as error:
                # 409: another process has created it meanwhile.
                if error.status != 409:
                    raise StartFailed(
                        f"A network for {group or 'instances'} cannot be created: {error.detail}.",
                        fix="Remove networks that are not needed (docker network ls), or give the engine more addresses.",
                    ) from error
            return await self._find_host_address(name)

    async def connect_container(self, group: str, container: str, alias: str) -> None:
        """Connect a container also to a group's network, if that network exists."""
        body = {"Container": container, "EndpointConfig": {"Aliases": [alias]}}
        name = self._labels.network_name(group)
        try:
            await self._client.request_json(
                "GET", f"networks/{name}"
            )  # the engine accepts any network name, and fails only at the start
            await self._client.request_json("POST", f"networks/{name}/connect", body=body)
        except Refused as error:
            if error.status != 404 and "already exists" not in error.detail:
                raise

    async def remove_network(self, group: str) -> None:
        """Remove a group's network, unless it has containers or one is being started in it."""
        async with self._creation_lock:
            if group in self._starting:
                return
            with suppress(Refused):
                await self._client.request_json("DELETE", f"networks/{self._labels.network_name(group)}")

    async def sweep(self) -> None:
        """Remove the networks of ended groups."""
        networks: list[dict[str, Any]] = await self._client.request_json(
            "GET", "networks", params=build_label_filter(self._labels.installation_label)
        )
        for network in networks:
            if group := network["Labels"].get(GROUP):
                await self.remove_network(group)

    async def _find_host_address(self, name: str) -> str:
        network = await self._client.request_json("GET", f"networks/{name}")
        if self._is_desktop is None:
            system = str((await self._client.request_json("GET", "info")).get("OperatingSystem", ""))
            self._is_desktop = system.startswith("Docker Desktop")
        if self._is_desktop:  # Docker Desktop's networks are within a virtual machine
            return "host-gateway"
        configs = (network.get("IPAM") or {}).get("Config") or []
        gateways = [str(each["Gateway"]).partition("/")[0] for each in configs if each.get("Gateway")]
        return next((each for each in gateways if ":" not in each), "host-gateway")
