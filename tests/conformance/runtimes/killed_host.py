"""A server's side of the engine in a separate process, which is killed with SIGKILL at a chosen instant."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agora.runtimes.builds.tree import Bounds
from agora.runtimes.port import Handle
from agora.runtimes.process import Options, ProcessRuntime
from agora.runtimes.process import instance_store as context
from agora.runtimes.process import observation as watch
from agora.runtimes.spec import BuildConfig, Directory, Spec

__all__ = ["die"]


def die(options: Options, spec: Spec, action: str, instant: str, handle: Handle | None = None) -> None:
    """Run an action of the engine in a child process that is killed at an instant of it."""
    told = {
        "options": {name: getattr(options, name) for name in ("root", "sources", "installation", "ports", "space")},
        "spec": asdict(spec),
        "handle": handle.to_json() if handle is not None else None,
        "action": action,
        "instant": instant,
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance.runtimes.killed_host", json.dumps(told, default=_plain)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stdout.decode()


def _plain(value: object) -> object:
    return asdict(value) if isinstance(value, Bounds) else str(value)


def _kill(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _after(module: Any, name: str, calls: int = 1) -> None:
    """Die when a function has returned that many times."""
    original, count = getattr(module, name), 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        answer = original(*args, **kwargs)
        count += 1
        return _kill() if count == calls else answer

    setattr(module, name, wrapped)


def _set_trap(instant: str) -> None:
    if instant == "spawned":  # the guard was started, and nobody waits for its report

        def spawn(arguments: Any, *, timeout: float, check: bool, **more: Any) -> None:
            subprocess.Popen(arguments, **more)
            _kill()

        subprocess.run = spawn  # type: ignore[assignment]
    elif instant == "first signal":
        _after(watch.procfs, "send_signal")
    else:
        _after(context, instant)


async def _act(told: dict[str, Any]) -> None:
    settings = told["options"]
    engine = ProcessRuntime(
        Options(
            **settings
            | {
                "root": Path(settings["root"]),
                "sources": tuple(map(Path, settings["sources"])),
                "ports": tuple(settings["ports"]),
            }
        )
    )
    given = told["spec"]
    spec = Spec(
        given["instance_id"], given["generation"], given["tenant"], BuildConfig(**given["build_config"]),
        Directory(**given["source"]), ports=(),
    )  # fmt: skip
    handle = Handle.from_json(told["handle"]) if told["handle"] else None
    await engine.check()
    if told["action"] == "start":
        build = await engine.build(spec)
        _set_trap(told["instant"])
        await engine.start(spec, build)
    elif told["action"] == "build":
        await engine.build(spec, lambda line: _kill() if line == told["instant"] else None)
    elif handle is not None:
        _set_trap(told["instant"])
        await (engine.stop(handle, 0.2) if told["action"] == "stop" else getattr(engine, told["action"])(handle))


if __name__ == "__main__":
    asyncio.run(_act(json.loads(sys.argv[1])))
