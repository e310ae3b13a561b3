"""Client of the Docker Engine API. Every failure is raised as an :class:`~agora.runtimes.errors.EngineError`.

aiodocker determines the engine's address and connection (sockets, contexts, TLS, SSH). The library is loaded with
the first request.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Any

from agora.runtimes.errors import DiskFull, EngineError, EngineUnavailable

if TYPE_CHECKING:
    import aiodocker
    import aiohttp

__all__ = ["Client", "Refused", "read_file_chunks"]

# API version of Docker 20.10.
MIN_API_VERSION = (1, 41)
REQUEST_TIMEOUT = 60.0  #: timeout in seconds of requests that do not wait for a program
CONNECT_SECONDS = 5.0
CHUNK_BYTES = 1 << 18  #: bytes of a file that are sent at once
FULL_DISK_TEXT = "no space left on device"


class Refused(EngineError):
    """The engine answered with an error. status: of HTTP; 0 for an error within an answer. exit_code: of a build's
    step."""

    code = "engine_refused"

    def __init__(self, status: int, detail: str, exit_code: int | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.exit_code = exit_code


class Client:
    """Requests to one engine. host: its URL; None: the default of Docker's own client."""

    def __init__(self, host: str | None) -> None:
        self._host = host
        self._docker: aiodocker.Docker | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def request_json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        wait: float = REQUEST_TIMEOUT,
    ) -> Any:
        """Send a request and read the answer; None if it is empty. wait: seconds. Raises Refused, EngineUnavailable,
        DiskFull."""
        data = None if body is None else json.dumps(body).encode()
        async with self.stream_response(method, path, params=params, data=data, wait=wait) as answer:
            text = await answer.read()
        return json.loads(text) if text.strip() else None

    @asynccontextmanager
    async def stream_response(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        wait: float | None = REQUEST_TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request and yield the response for reading. data: bytes, or chunks of them. Raises the same as
        :meth:`request_json`, also while reading."""
        docker = await self._get_client()
        import aiohttp
        from yarl import URL

        url = URL(f"{docker.docker_host}/{docker.api_version}/{path}")
        timeout = aiohttp.ClientTimeout(total=wait, sock_connect=CONNECT_SECONDS)
        kind = {"Content-Type": "application/json"} | dict(headers or {})
        try:
            async with docker.session.request(
                method, url, params=params, data=data, headers=kind, timeout=timeout
            ) as answer:
                if answer.status >= 400:
                    raise convert_to_refusal(answer.status, _read_error_message(await answer.text(errors="replace")))
                yield answer
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EngineUnavailable(
                f"The Docker Engine does not answer: {str(error) or type(error).__name__}."
            ) from error

    async def read_engine_version(self) -> dict[str, Any]:
        """Read the engine's version. Raises EngineUnavailable if it is too old."""
        version: dict[str, Any] = await self.request_json("GET", "version")
        return version

    async def close(self) -> None:
        self._closed = True
        if self._docker is not None:
            await self._docker.close()
            self._docker = None

    async def _get_client(self) -> aiodocker.Docker:
        if self._closed:
            raise EngineUnavailable("The engine has been closed.")
        async with self._opening:
            if self._docker is None:
                self._docker = await self._connect_engine()
            return self._docker

    async def _connect_engine(self) -> aiodocker.Docker:
        try:
            library = await asyncio.to_thread(importlib.import_module, "aiodocker")
        except ImportError:
            raise EngineUnavailable(
                "The docker engine is not installed.", fix="Install it: pip install 'agora-server[docker]'."
            ) from None
        try:
            docker: aiodocker.Docker = library.Docker(self._host)
        except (AssertionError, ValueError, OSError, library.DockerError) as error:
            raise EngineUnavailable(
                f"No Docker Engine is available: {str(error) or 'no socket was found'}.",
                fix="Start one, or name it with the setting docker_host.",
            ) from None
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                version = await docker.version()
            if tuple(int(part) for part in str(version["ApiVersion"]).split(".")) < MIN_API_VERSION:
                raise EngineUnavailable(f"Docker {version['Version']} is too old.", fix="Use 20.10 or newer.")
        except BaseException as error:
            await docker.close()
            if isinstance(error, (library.DockerError, OSError, TimeoutError)):
                raise EngineUnavailable(
                    f"The Docker Engine does not answer: {str(error) or 'it took too long'}."
                ) from None
            raise
        return docker


def convert_to_refusal(status: int, message: str, exit_code: int | None = None) -> EngineError:
    """Convert an error of the engine into one of this package."""
    if FULL_DISK_TEXT in message.lower():
        return DiskFull("The Docker Engine has no space left.", fix="Free some: docker system df shows what takes it.")
    return Refused(status, message[:2000], exit_code)


def _read_error_message(text: str) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text or "no reason given"


async def read_file_chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """Read the rest of a file, to be sent as a request's body."""
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk
