"""The README's programs run against a real server."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.harness import Running

README = Path(__file__).parents[3] / "sdk" / "python" / "README.md"
PROGRAMS = re.findall(r"^```python\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
async def test_program_of_the_readme_runs(server: Running, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGORA_URL", server.url)
    code = compile(PROGRAMS[number], f"README program {number}", "exec")
    names: dict[str, Any] = {"__name__": "readme"}
    await asyncio.wait_for(asyncio.to_thread(exec, code, names), 60)
    if "Echo" in names:
        assert names["Echo"].capabilities == ["echo"]
    if "client" in names:
        names["client"].close()


def test_version_is_that_of_the_distribution() -> None:
    import tomllib

    import agora_sdk

    project = tomllib.loads((README.parent / "pyproject.toml").read_text())["project"]
    assert agora_sdk.__version__ == project["version"]


def test_importing_the_package_loads_few_modules() -> None:
    import subprocess

    program = (
        "import sys, agora_sdk; c = agora_sdk.AgoraClient();"
        "sys.exit(bool({'pydantic', 'httpx', 'asyncio', 'websockets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
