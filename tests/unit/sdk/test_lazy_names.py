"""Lazy imports: names of the SDK and the contract are imported at first use."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

PACKAGES = ("agora_sdk", "agora_sdk.contract")


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists(package: str) -> None:
    module = import_module(package)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is getattr(module, name)


@pytest.mark.parametrize("package", PACKAGES)
def test_unknown_name_is_an_attribute_error(package: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{package}' has no attribute 'nothing'"):
        _ = import_module(package).nothing


def test_importing_the_sdk_imports_nothing_heavy() -> None:
    script = "import sys, agora_sdk; print(*(name for name in sys.modules if name.partition('.')[0] in {0!r}))"
    heavy = {"pydantic", "httpx", "asyncio", "websockets"}
    done = subprocess.run([sys.executable, "-c", script.format(heavy)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
