"""A Docker Engine for the tests: started if possible, shared by all workers, stopped when the last of them has ended.

With ``docker`` in ``AGORA_REQUIRE`` (``AGORA_REQUIRE=docker,…``), a missing engine is a failure. With ``all``, it is
installed if there is a package manager and the user is root, but the tests are still skipped on a machine that cannot
run containers. ``AGORA_TEST_DOCKER_HOST`` selects an existing engine instead.

As a program (``python -m tests.dockerd DIRECTORY``) it supervises one engine and stops it when no process holds the
lock ``users`` any more, even if the holders were killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.polling import poll_until
from tests.processes import untethered_environment
from tests.system_packages import can_install, install_packages

__all__ = ["BASE", "docker_host"]

BASE = "agora-test-base:1"
STARTING = 180.0  # seconds, on a machine with busy cores
STOPPING = 30.0
#: programs used by the tests, in addition to Python and the shell's builtins
TOOLS = ("sh", "cat", "cp", "env", "ls", "mkdir", "rm", "setsid", "sleep", "id", "head", "tail", "touch", "chmod", "dd")
LEFT_OUT = ("test", "tests", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "site-packages")
PDEATHSIG = 1
_keepers: list[subprocess.Popen[bytes]] = []


class CannotRun(Exception):
    """No engine is available; the message is the reason."""


@pytest.fixture(scope="session")
def docker_host() -> Iterator[str]:
    """Yield the URL of a Docker Engine that has the image ``BASE``."""
    required = os.environ.get("AGORA_REQUIRE", "").split(",")
    try:
        with _leased(may_install=bool({"all", "docker"} & set(required))) as host:
            yield host
    except CannotRun as error:
        if "docker" in required:
            pytest.fail(f"no Docker Engine: {error}")
        pytest.skip(f"no Docker Engine: {error}")


@contextmanager
def _leased(*, may_install: bool) -> Iterator[str]:
    if given := os.environ.get("AGORA_TEST_DOCKER_HOST"):
        _import(given)
        yield given
        return
    if os.geteuid() != 0:
        raise CannotRun("only root can start one; name a running one in AGORA_TEST_DOCKER_HOST")
    root = Path(tempfile.gettempdir()) / f"agora-dockerd-{os.geteuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.stat().st_uid != os.geteuid():
        raise CannotRun(f"{root} belongs to somebody else")
    with open(root / "users", "w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # waits for an engine that is being stopped
        with open(root / "starting", "w") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            host = _running_host(root)
            if host is None:
                if shutil.which("dockerd") is None:
                    _install(may_install)
                host = _start(root)
        yield host


def _running_host(root: Path) -> str | None:
    """Return the URL announced by an engine's keeper if the engine responds; the keeper may have been killed."""
    try:
        host = (root / "ready").read_text()
    except FileNotFoundError:
        return None
    return host if _answers(host) else None


def _start(root: Path) -> str:
    """Start the keeper of an engine, which outlives this process while others use the engine. Returns the engine's
    URL."""
    (root / "ready").unlink(missing_ok=True)
    with open(root / "log", "w") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.dockerd", str(root)],
            cwd=Path(__file__).parents[1], start_new_session=True, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=untethered_environment(),
        )  # fmt: skip
    _keepers.append(keeper)  # it may outlive this process, which does not wait for it
    with suppress(AssertionError):
        poll_until(lambda: _running_host(root) or keeper.poll() is not None, "an engine runs, or cannot", STARTING)
    if host := _running_host(root):
        return host
    keeper.terminate()
    keeper.wait(2 * STOPPING)
    words = (root / "log").read_text(errors="replace").strip().splitlines()
    raise CannotRun("; ".join(words[-3:]) or "it did not start in time")


def _install(may_install: bool) -> None:
    """Install Debian's packages of the engine without starting their services."""
    if not may_install or not can_install():
        raise CannotRun("dockerd is not installed")
    if error := install_packages("docker.io", "iptables"):
        raise CannotRun(f"docker.io cannot be installed: {error}")


# -- the keeper ----------------------------------------------------------------------------------------------------


def keep(root: Path) -> None:
    """Run an engine until nobody uses it. Its files have a separate directory: a killed engine may still be ending, and
    would remove the socket of a new one by name."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("the keeper was asked to end"))
    for left in root.glob("engine-*"):
        _clean(left)
    home = root / f"engine-{os.getpid()}"
    home.mkdir()
    host = f"unix://{home}/docker.sock"
    engine = subprocess.Popen(
        [
            "dockerd", "--host", host, "--data-root", str(home / "data"),
            "--exec-root", str(home / "exec"), "--pidfile", str(home / "pid"), "--log-level", "warn",
            # leave the machine's firewall unchanged: published ports use the engine's own proxy
            "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-masq=false",
            "--default-address-pool", "base=10.213.0.0/16,size=27",
        ],
        preexec_fn=_die_with_parent,
    )  # fmt: skip
    try:
        poll_until(lambda: _answers(host) or engine.poll() is not None, "dockerd answers", STARTING)
        if engine.poll() is not None:
            sys.exit("dockerd did not start")
        _import(host)
        _try_out(host)
        _announce(root, host)
        with open(root / "users") as users:
            fcntl.flock(users, fcntl.LOCK_EX)  # no users any more
            (root / "ready").unlink(missing_ok=True)
            _stop(host, engine)
    finally:
        _stop(host, engine)
        _clean(home)


def _announce(root: Path, host: str) -> None:
    """Write the URL of the engine for its users."""
    part = root / "ready.part"
    part.write_text(host)
    part.rename(root / "ready")


def _stop(host: str, engine: subprocess.Popen[bytes]) -> None:
    """Remove the engine's containers and networks, and stop it."""
    if engine.poll() is not None:
        return
    with suppress(OSError, http.client.HTTPException):
        for each in _ask(host, "GET", "/containers/json?all=1"):
            _ask(host, "DELETE", f"/containers/{each['Id']}?force=1")
        for each in _ask(host, "GET", "/networks"):
            if each["Driver"] == "bridge":
                _ask(host, "DELETE", f"/networks/{each['Id']}")
    engine.terminate()
    try:
        engine.wait(STOPPING)
    except subprocess.TimeoutExpired:
        engine.kill()
        engine.wait()


def _clean(home: Path) -> None:
    """Remove all files of an engine."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((each for each in mounts if each.startswith(f"{home}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], capture_output=True)
    shutil.rmtree(home, ignore_errors=True)


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PDEATHSIG, signal.SIGTERM)


# -- requests ------------------------------------------------------------------------------------------------------


class _Connection(http.client.HTTPConnection):
    """A connection over the engine's socket, or TCP."""

    def __init__(self, host: str) -> None:
        scheme, _, self._place = host.partition("://")
        self._unix = scheme == "unix"
        super().__init__("docker" if self._unix else self._place.partition(":")[0], timeout=STARTING)
        if not self._unix:
            self.port = int(self._place.partition(":")[2] or 2375)

    def connect(self) -> None:
        if not self._unix:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._place)


def _ask(
    host: str, method: str, path: str, body: bytes | None = None, kind: str = "application/json"
) -> list[dict[str, object]]:
    connection = _Connection(host)
    try:
        connection.request(method, path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
    finally:
        connection.close()
    if answer.status >= 400:
        raise http.client.HTTPException(f"{method} {path}: {answer.status} {text[:300]}")
    found = [json.loads(line) for line in text.splitlines() if line.strip().startswith(("{", "["))]
    return found[0] if len(found) == 1 and isinstance(found[0], list) else found


def _answers(host: str) -> bool:
    try:
        _ask(host, "GET", "/_ping")
    except (OSError, http.client.HTTPException):
        return False
    return True


def _try_out(host: str) -> None:
    """Run a container as instances are run: an engine may respond on a machine that cannot run containers."""
    body = {
        "Image": BASE,
        "Cmd": ["/bin/sh", "-c", "python3 -c 'import socket, json'"],
        "HostConfig": {"NetworkMode": "none", "Init": True, "Memory": 64 << 20, "PidsLimit": 50, "NanoCpus": 10**9},
    }
    try:
        made = str(_ask(host, "POST", "/containers/create", json.dumps(body).encode())[0]["Id"])
        _ask(host, "POST", f"/containers/{made}/start")
        code = _ask(host, "POST", f"/containers/{made}/wait")[0]["StatusCode"]
        _ask(host, "DELETE", f"/containers/{made}?force=1")
    except (OSError, http.client.HTTPException) as error:
        sys.exit(f"it cannot run containers: {error}")
    if code:
        sys.exit(f"the image made of this machine's Python does not work: it ended with {code}")


def _import(host: str) -> None:
    """Create the image from this machine's Python and shell, without a registry."""
    try:
        _ask(host, "GET", f"/images/{BASE}/json")
        return
    except http.client.HTTPException:
        pass
    name, tag = BASE.split(":")
    change = quote("ENV PATH=/usr/local/bin:/bin PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1")
    path = f"/images/create?fromSrc=-&repo={name}&tag={tag}&changes={change}"
    _ask(host, "POST", path, _image(), "application/x-tar")


def _image() -> bytes:
    """Build the archive of the image's root file system. Paths are the same as on this machine."""
    buffer = io.BytesIO()
    python = os.path.realpath(sys.executable)
    library = sysconfig.get_paths()["stdlib"]
    programs = {tool: os.path.realpath(found) for tool in TOOLS if (found := shutil.which(tool))}
    modules = [str(path) for path in Path(library, "lib-dynload").glob("*.so")]
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        made: set[str] = set()
        for directory in ("tmp", "proc", "sys", "dev", "run", "etc", "app", "var/lib"):
            _add_directory(archive, directory, made)
        for tool, path in programs.items():
            _add(archive, path, f"bin/{tool}", made)
        _add(archive, python, python, made)
        _add_link(archive, "usr/local/bin/python3", python, made)
        for path in _libraries([python, *modules, *programs.values()]):
            _add(archive, os.path.realpath(path), path, made)
        for directory, names, files in os.walk(library):
            names[:] = [name for name in names if name not in LEFT_OUT and not name.startswith("config-")]
            for name in files:
                if not name.endswith((".a", ".opt-1.pyc", ".opt-2.pyc", ".exe")):
                    _add(archive, os.path.join(directory, name), os.path.join(directory, name), made)
        for name, text in (("etc/passwd", "root:x:0:0::/:/bin/sh\n"), ("etc/group", "root:x:0:\n")):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text), 0o644
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _libraries(files: list[str]) -> set[str]:
    """Return the shared libraries of these files, and the loader."""
    told = subprocess.run(["ldd", *files], capture_output=True, text=True).stdout
    found = set()
    for line in told.splitlines():
        words = line.replace("=>", " ").split()
        found |= {word for word in words[:2] if word.startswith("/") and not word.endswith(":") and ".so" in word}
    return {path for path in found if os.path.exists(path)}


def _add(archive: tarfile.TarFile, source: str, name: str, made: set[str]) -> None:
    name = name.lstrip("/")
    if name in made:
        return
    _add_directory(archive, os.path.dirname(name), made)
    made.add(name)
    member = tarfile.TarInfo(name)
    status = os.stat(source)
    member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o755
    with open(source, "rb") as file:
        archive.addfile(member, file)


def _add_link(archive: tarfile.TarFile, name: str, target: str, made: set[str]) -> None:
    _add_directory(archive, os.path.dirname(name), made)
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, target
    archive.addfile(member)


def _add_directory(archive: tarfile.TarFile, name: str, made: set[str]) -> None:
    if not name or name in made:
        return
    _add_directory(archive, os.path.dirname(name), made)
    made.add(name)
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o1777 if name == "tmp" else 0o755
    archive.addfile(member)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
