"""Settings of single sign-on and their effect; users of other tenants."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agora.domains.identity.oidc import sign_on
from agora.domains.identity.oidc.configuration import Issuer, Trust
from agora.domains.tenants.service import ADMINISTRATOR_SCOPES
from agora.server.app import App
from agora.settings import ConfigurationError, Settings
from agora_sdk.errors import RateLimited, Unauthenticated, UpstreamUnavailable
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.oidc.issuer import OTHER, issuing

KEYCLOAK = {
    "KEYCLOAK_URL": "https://auth.example.com",
    "KEYCLOAK_REALM": "my-realm",
    "KEYCLOAK_CLIENT_ID": "a2a-monitor",
    "KEYCLOAK_CLIENT_SECRET": "your-secret",
}


def trust(**given: Any) -> Trust:
    found = Trust.from_settings(Settings.load_settings(environ={}, **given))
    assert found is not None
    return found


def test_keycloak_settings() -> None:
    found = Trust.from_settings(Settings.load_settings(environ=KEYCLOAK))
    assert found is not None
    assert found.issuers == (Issuer("https://auth.example.com/realms/my-realm", None),)
    assert (found.client_id, found.client_secret, found.cli_client_id) == ("a2a-monitor", "your-secret", "")
    assert found.password
    assert not Trust.from_settings(Settings.load_settings(environ=KEYCLOAK, oidc_password_login="off")).password  # type: ignore[union-attr]
    assert "your-secret" not in repr(Settings.load_settings(environ=KEYCLOAK))
    assert "your-secret" not in repr(found)
    assert found.roles["a2a-user"] == "user"


def test_several_issuers_are_supported() -> None:
    found = trust(oidc_issuers="https://a.test/,acme=https://b.test/realms/x?".rstrip("?"), oidc_client_id="c")
    assert found.issuers == (Issuer("https://a.test/", None), Issuer("https://b.test/realms/x", "acme"))
    assert found.cli_client_id == "c", "a client without a secret will do for programs, too"
    assert not found.password
    assert Trust.from_settings(Settings.load_settings(environ={})) is None
    assert trust(oidc_issuers="https://a.test", public_url="https://m.test").audiences >= {"https://m.test/mcp"}
    assert trust(oidc_issuers="http://127.0.0.1:8180/realms/x", oidc_audience="y").strict


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"oidc_issuers": "https://a.test"}, "the audience of their tokens"),
        ({"oidc_issuers": "http://a.test", "oidc_client_id": "c"}, "https"),
        ({"oidc_issuers": "http://127.0.0.1.evil.test", "oidc_client_id": "c"}, "https"),
        ({"oidc_issuers": "ftp://a.test", "oidc_client_id": "c"}, "https"),
        ({"oidc_issuers": "https://user:pw@a.test", "oidc_client_id": "c"}, "not the URL"),
        ({"oidc_issuers": "https://a.test?x=1", "oidc_client_id": "c"}, "not the URL"),
        ({"oidc_issuers": "a.test", "oidc_client_id": "c"}, "not the URL"),
        ({"oidc_issuers": "https://[::1", "oidc_client_id": "c"}, "no URL"),
        ({"oidc_issuers": "https://a.test:port", "oidc_client_id": "c"}, "no URL"),
        ({"oidc_issuers": "a b=https://a.test", "oidc_client_id": "c"}, "not a tenant"),
        ({"oidc_issuers": "https://a.test,x=https://a.test", "oidc_client_id": "c"}, "twice"),
        ({"keycloak_url": "https://a.test", "oidc_client_id": "c"}, "keycloak_realm"),
        ({"oidc_issuers": "https://a.test", "oidc_client_id": "c", "oidc_roles": "boss"}, "NAME=ROLE"),
        ({"oidc_issuers": "https://a.test", "oidc_client_id": "c", "oidc_roles": "boss=root"}, "NAME=ROLE"),
    ],
)
def test_invalid_settings_are_reported(given: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        Trust.from_settings(Settings.load_settings(environ={}, **given))


async def test_users_belong_to_their_providers_tenant(tmp_path: Path, clock: ManualClock) -> None:
    """Administrators of a tenant cannot administer the installation, and a provider's users cannot leave its tenant."""
    async with issuing() as home, issuing("/realms/acme") as acme:
        settings = make_settings(
            tmp_path / "data",
            oidc_issuers=f"{home.url},acme={acme.url}",
            oidc_client_id="agora",
            oidc_tenant_claim="org.id",
            oidc_roles="/bosses=admin,crew=operator",
        )
        acme.keys, other = [dict(OTHER.as_dict(private=False))], partial(acme.token, OTHER)
        app = App(settings, clock=clock)
        await app.start()
        market, who = Market(app, clock), app.authenticator.authenticate
        here: dict[str, Any] = {"org": {"id": "default"}}
        boss = here | {"realm_access": None, "groups": ["bosses"]}
        with pytest.raises(Unauthenticated, match="no marketplace acme"):
            await who(other(**boss))
        assert not app.sign_on.seen  # type: ignore[union-attr]
        await market.call(market.operator, "tenant.create", tenant_id="acme")
        caller = await who(other(**boss))
        assert (caller.tenant, caller.authority < 255) == ("acme", True)
        assert caller.scopes >= ADMINISTRATOR_SCOPES
        assert not caller.scopes & {"*", "deploy:agents"}
        assert caller.subject != (await who(home.token(**boss))).subject
        crew = here | {"realm_access": {"roles": ["crew"]}}
        assert "deploy:agents" in (await who(home.token(**crew))).scopes
        assert "deploy:agents" not in (await who(other(**crew))).scopes
        assert (await who(home.token(**boss))).authority == 255
        assert (await who(home.token(**(boss | {"org": {"id": "acme"}})))).tenant == "acme"
        for claim in ({"id": "../x"}, {"id": ["a", "b"]}, {"id": 7}, {"id": "a" * 65}, {}, "acme", None):
            with pytest.raises(Unauthenticated, match="tenant"):
                await who(home.token(org=claim))
        with pytest.raises(
            Unauthenticated
        ):  # keys of one provider do not verify tokens of another, and a client id belongs to the first only
            await who(home.token(iss=acme.url))
        with pytest.raises(Unauthenticated, match="not for this server"):
            await who(other(aud="account", azp="agora"))
        assert await who(home.token(**here, aud="account", azp="agora"))
        await market.call(market.operator, "tenant.suspend", tenant_id="acme", reason="unpaid")
        with pytest.raises(Exception, match="suspended"):
            await who(other(exp=int(time.time()) + 200))
        await app.stop()


async def test_attempts_stay_counted_when_names_are_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_on, "MAX_TRIED_NAMES", 3)
    settings = Settings.load_settings(environ=KEYCLOAK | {"KEYCLOAK_URL": "http://127.0.0.1:9"}, data_dir=tmp_path)
    app = App(settings, clock=ManualClock())
    await app.start()
    door = app.sign_on
    assert door is not None
    seconds = 0.0
    door.monotonic = lambda: seconds

    async def attempt(name: str) -> None:
        with pytest.raises(UpstreamUnavailable):  # nobody listens there: the attempt was passed on
            await door.sign_in_with_password(name, "guess")

    for number in range(sign_on.MAX_ATTEMPTS):
        await attempt(f"other-{number}")
        await attempt("uma")
    with pytest.raises(RateLimited):
        await door.sign_in_with_password("Uma", "guess")
    seconds = sign_on.MAX_ATTEMPTS * sign_on.REFILL_SECONDS
    await attempt("uma")
    await app.stop()
