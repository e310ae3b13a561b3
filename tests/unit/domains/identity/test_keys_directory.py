"""A shared directory for the secrets of several servers."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agora.cli.credentials import read_admin_token_or_none
from agora.domains.identity.signing import load_or_create_secret
from agora.domains.identity.signing_key import KEY_FILE, SigningKey
from agora.net.atomic_files import create_file_once
from agora.server.app import App
from agora.settings import ConfigurationError, Settings
from tests.harness import make_settings

SECRETS = {"signing.key", "admin-token", KEY_FILE}


async def test_servers_with_a_shared_directory_accept_each_others_tokens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys"
    one, two = (App(make_settings(tmp_path / name, keys_dir=keys)) for name in ("one", "two"))
    await asyncio.gather(one.start(), two.start())
    token = one.signer.sign_agent_token("default", "agent_1", 1)
    assert two.signer.verify_agent_token(token) is not None
    assert (
        SigningKey(one.settings.secrets_dir / KEY_FILE).public_jwk
        == SigningKey(two.settings.secrets_dir / KEY_FILE).public_jwk
    )
    assert {path.name for path in keys.iterdir()} == SECRETS
    assert not SECRETS & {path.name for name in ("one", "two") for path in (tmp_path / name).iterdir()}
    monkeypatch.setenv("AGORA_KEYS_DIR", str(keys))
    assert read_admin_token_or_none() == (keys / "admin-token").read_text().strip()
    await asyncio.gather(one.stop(), two.stop())


def test_secrets_are_in_the_data_directory_by_default(tmp_path: Path) -> None:
    settings = Settings.load_settings(environ={"AGORA_DATA_DIR": str(tmp_path), "AGORA_KEYS_DIR": ""})
    assert settings.secrets_dir == tmp_path


def test_concurrent_creators_get_the_same_secret(tmp_path: Path) -> None:
    for number in range(20):
        path = tmp_path / str(number) / "signing.key"
        with ThreadPoolExecutor(8) as threads:
            made = list(threads.map(lambda _, path=path: load_or_create_secret(path), range(8)))
        assert len(set(made)) == 1
        assert [found.name for found in path.parent.iterdir()] == ["signing.key"]
        assert path.stat().st_mode & 0o777 == 0o600


def test_file_system_without_hard_links_is_supported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refused)
    create_file_once(tmp_path / "secret", b"first")
    create_file_once(tmp_path / "secret", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("secret", b"first")]


def test_unwritable_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a file")
    with pytest.raises(ConfigurationError, match=r"keys/signing\.key .*Not a directory"):
        load_or_create_secret(tmp_path / "keys" / "signing.key")
