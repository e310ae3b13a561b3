"""Generated parts of the SDKs match the contract, and their lock files name only public registries."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from scripts import sdks
from scripts.contract_names import camel_case, pascal_case, snake_case
from scripts.rust_sdk import has_same_tokens

ROOT = Path(__file__).parents[3]
#: source that cargo writes into a lock file for its default registry
PUBLIC_SOURCE_SHA256 = "c19b7c6f923b580ac259164a89f2577984ad5ab09ee9d583b888f934adbbe8d0"


def test_generated_files_are_fresh() -> None:
    stale = [path.name for path, text in sdks.files().items() if not sdks.is_fresh(path, text)]
    assert not stale, "run `make reference`"


def test_every_operation_has_a_method() -> None:
    contract = json.loads(sdks.CONTRACT.read_text("utf-8"))
    services = (sdks.TYPESCRIPT / "services.ts").read_text("utf-8")
    table = (sdks.TYPESCRIPT / "operations.ts").read_text("utf-8")
    for operation in contract["operations"]:
        action = camel_case(operation["action"])
        assert f"  {action}(" in services, operation["name"]
        assert f"    {action}: {{" in table, operation["name"]


def test_every_operation_has_a_request_with_every_parameter_in_rust() -> None:
    contract = json.loads(sdks.CONTRACT.read_text("utf-8"))
    services = (sdks.RUST / "services.rs").read_text("utf-8")
    operations = (sdks.RUST / "operations.rs").read_text("utf-8")
    requests = {
        name: "".join(part for part in re.findall(rf"impl (?:Stream)?Request<{name}> {{(.*?)\n}}", operations, re.S))
        for name in re.findall(r"pub (\w+Operation) =>", operations)
    }
    for operation in contract["operations"]:
        name = pascal_case(operation["category"]) + pascal_case(operation["action"]) + "Operation"
        method = re.search(rf"-> (?:Stream)?Request<{name}> {{(.*?)\n    }}", services, re.S)
        assert method is not None, operation["name"]
        for parameter in operation["parameters"]:
            assert f'"{parameter["name"]}"' in (method[1] if parameter["required"] else requests[name]), parameter


def test_rust_freshness_check_compares_tokens() -> None:
    assert has_same_tokens("fn f(a: u8, b: u8) -> u8 { a }", "fn f(\n    a: u8,\n    b: u8,\n) -> u8 {\n    a\n}\n")
    assert not has_same_tokens("fn f(a: u8) {}", "fn f(a: u16) {}")


def test_cargo_lock_file_names_only_the_public_registry() -> None:
    """A mirror or a fork would be a second source, or a different one from cargo's default."""
    lock = (ROOT / "sdk" / "rust" / "Cargo.lock").read_text("utf-8")
    (source,) = set(re.findall(r'^source = "(.*)"$', lock, re.M))
    assert hashlib.sha256(source.encode()).hexdigest() == PUBLIC_SOURCE_SHA256
    assert not list((ROOT / "sdk" / "rust").glob(".cargo/*"))


@pytest.mark.parametrize("name", ["task_id", "a2a", "input_schema", "_meta", "sha256_sum", "min_memory_mb"])
def test_name_conversion_round_trips(name: str) -> None:
    assert snake_case(camel_case(name)) == name


def test_lock_file_contains_no_urls() -> None:
    lock = (ROOT / "package-lock.json").read_text("utf-8")
    assert "://" not in lock, "remove 'funding' and 'resolved' from package-lock.json"
    assert "integrity" in lock
