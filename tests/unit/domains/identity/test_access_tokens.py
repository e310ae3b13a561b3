"""Access tokens of a provider: valid ones are accepted, all others refused."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from agora.core.scopes import ROLES
from agora.domains.identity.oidc import access_tokens as verification
from agora.domains.identity.oidc import provider
from agora.server.app import App
from agora.settings import Settings
from agora_sdk.errors import Unauthenticated, UpstreamFailed, UpstreamUnavailable
from tests.harness import ManualClock, make_settings
from tests.market import Market
from tests.oidc.issuer import EC, OTHER, RSA, Issuer, issuing


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing() as issuer:
        yield issuer


@pytest.fixture
def settings(tmp_path: Path, issuer: Issuer) -> Settings:
    return make_settings(tmp_path / "data", oidc_issuers=issuer.url, oidc_client_id="agora")


async def who(app: App, token: str) -> Any:
    return await app.authenticator.authenticate(token)


def raw(header: Any, claims: Any, signature: bytes = b"x") -> str:
    """Build a token by hand."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims, signature)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hmac_signed(secret: bytes, header: Any, claims: Any) -> str:
    signed = raw(header, claims).rpartition(".")[0]
    return f"{signed}.{raw(b'', b'', hmac.digest(secret, signed.encode(), 'sha256')).rpartition('.')[2]}"


async def test_valid_token_is_accepted(app: App, issuer: Issuer) -> None:
    caller = await who(app, issuer.token(name="Ada Lovelace", email="ada@market.test", sid="s1"))
    assert (caller.kind, caller.name, caller.tenant, caller.scopes) == (
        "user",
        "Ada Lovelace",
        "default",
        ROLES["viewer"],
    )
    assert caller.subject.startswith("usr_")
    assert caller.authority == 0
    again = await who(app, issuer.token(exp=int(time.time()) + 100))
    assert again.subject == caller.subject
    assert (await who(app, issuer.token(sub="bob"))).subject != caller.subject
    issuer.keys.append(dict(EC.as_dict(private=False)))
    app.clock.advance(11)  # type: ignore[attr-defined]
    assert (await who(app, issuer.token(EC, "ES256"))).subject == caller.subject
    assert issuer.asked == {"/realms/market/.well-known/openid-configuration": 1, "/realms/market/certs": 2}


HOUR = 3600 * provider.SECOND
LATER = int(time.time()) + 100_000
WRONG: dict[str, dict[str, Any]] = {
    "for another audience": {"aud": "other"},
    "for nobody": {"aud": None},
    "issued to another client": {"aud": "account", "azp": "other"},
    "of a strange audience": {"aud": [1]},
    "expired": {"exp": LATER - 100_062},
    "without an end": {"exp": None},
    "ending never": {"exp": 1e300},
    "ending at a text": {"exp": "tomorrow"},
    "ending at true": {"exp": True},
    "not yet begun": {"nbf": LATER},
    "issued in the future": {"iat": LATER},
    "an ID token": {"typ": "ID"},
    "an ID token without a type": {"typ": None, "at_hash": "x"},
    "a refresh token": {"typ": "Refresh"},
    "bound to a key": {"cnf": {"jkt": "x"}},
    "without a subject": {"sub": None},
    "of an endless subject": {"sub": "x" * 256},
    "of a subject with a zero": {"sub": "a\0b"},
    "from another issuer": {"iss": "https://evil.test"},
    "from a list of issuers": {"iss": ["https://evil.test"]},
}


async def test_genuine_but_unsuitable_tokens_are_refused(app: App, issuer: Issuer) -> None:
    for why, changes in WRONG.items():
        with pytest.raises(Unauthenticated) as refused:
            print(why, await who(app, issuer.token(**changes)))
        assert refused.value.fix


async def test_clock_skew_of_a_minute_is_tolerated(app: App, issuer: Issuer) -> None:
    now = int(time.time())
    assert await who(app, issuer.token(exp=now - 20))
    assert await who(app, issuer.token(nbf=now + 40, iat=now + 40))


async def test_forged_signatures_are_refused(app: App, issuer: Issuer) -> None:
    header, claims = {"alg": "RS256", "kid": "first"}, issuer.claims(realm_access={"roles": ["admin"]})
    good = issuer.token()
    mine = {"jwk": OTHER.as_dict(private=False), "jku": f"{issuer.url}/evil", "x5u": f"{issuer.url}/evil", "x5c": ["x"]}
    forged = {
        "none": raw({"alg": "none"}, claims, b""),
        "None": raw({"alg": "None", "kid": "first"}, claims, b""),
        "the public key as a secret": hmac_signed(RSA.as_pem(private=False), {"alg": "HS256", "kid": "first"}, claims),
        "no algorithm": raw({"kid": "first"}, claims),
        "a list of algorithms": raw({"alg": ["RS256"]}, claims),
        "another key under the same name": issuer.token(OTHER, header={"kid": "first"}),
        "a key that it brings along": issuer.token(OTHER, header=mine),
        "a key that it brings along, under our name": issuer.token(OTHER, header=mine | {"kid": "first"}),
        "no name of a key": issuer.token(OTHER, header={"kid": None}),
        "other claims": ".".join([good.split(".")[0], raw(header, claims).split(".")[1], good.split(".")[2]]),
        "cut": good[:-8],
        "nothing": ".".join(good.split(".")[:2]) + ".",
        "another algorithm of the same key": issuer.token(RSA, "RS512"),
        "another kind of key": raw({"alg": "ES256", "kid": "first"}, claims),
        "critical": raw(header | {"crit": ["exp"], "exp": 1}, claims),
        "a logout token": issuer.token(header={"typ": "logout+jwt"}),
        "a key name that is a number": raw(header | {"kid": 7}, claims),
        "claims that are a list": raw(header, [claims]),
        "claims nested without end": raw(header, b'{"a":' * 3000),
        "a header that is a text": raw("x", claims),
        "no JSON": raw(b"\xff\xfe", b"\xff"),
        "four parts": good + ".x",
        "eyJ": "eyJ",
        "huge": issuer.token(padding="x" * 9000),
    }
    for what, token in forged.items():
        with pytest.raises(Unauthenticated):
            print(what, await who(app, token if token.startswith("eyJ") else "eyJ" + token))
        if not token.startswith("eyJ"):
            with pytest.raises(Unauthenticated):
                await who(app, token)
    assert not [path for path in issuer.asked if "evil" in path]
    assert await who(app, good)


async def test_rotated_keys_are_loaded(app: App, issuer: Issuer, clock: ManualClock) -> None:
    clock.freeze()
    await who(app, issuer.token())
    issuer.keys = [dict(OTHER.as_dict(private=False))]
    later = int(time.time()) + 7200
    with pytest.raises(Unauthenticated, match="publish"):
        await who(app, issuer.token(OTHER))  # loaded a moment ago
    clock.advance(provider.MIN_FETCH_INTERVAL / provider.SECOND)
    assert await who(app, issuer.token(OTHER, exp=later))
    with pytest.raises(Unauthenticated, match="publish"):
        await who(app, issuer.token(jti="not in the cache", exp=later))


async def test_flood_of_unknown_keys_causes_few_requests(app: App, issuer: Issuer, clock: ManualClock) -> None:
    clock.freeze()
    for n in range(60):
        clock.advance(1)
        with pytest.raises(Unauthenticated):
            await who(app, issuer.token(header={"kid": f"unknown-{n}"}, exp=LATER))
    assert issuer.asked["/realms/market/certs"] == 6  # once in ten seconds


async def test_unsupported_keys_are_ignored(app: App, issuer: Issuer) -> None:
    small = RSAKey.import_key(RSA.as_dict(private=False)).as_dict(private=False) | {"n": "AQAB"}
    issuer.keys = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {**small, "kid": "first"},
        {**RSA.as_dict(private=False), "use": "enc"},
        {**RSA.as_dict(private=False), "alg": "HS256"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "first"},
        {"kty": ["RSA"]},
        "key",  # type: ignore[list-item]
    ]
    with pytest.raises(Unauthenticated, match="publish"):
        await who(app, issuer.token())


async def test_provider_outage_does_not_block_other_credentials(app: App, issuer: Issuer, clock: ManualClock) -> None:
    clock.freeze()
    token, operator = issuer.token(), (app.settings.data_dir / "admin-token").read_text().strip()
    issuer.broken = True
    for _ in range(3):
        with pytest.raises(UpstreamFailed) as failed:
            await who(app, token)
        assert (await who(app, operator)).subject == "operator"
    assert sum(issuer.asked.values()) == 1  # and then it is not contacted for a while
    assert failed.value.status == 502
    issuer.broken = False
    clock.advance(101)
    assert await who(app, token)
    issuer.broken = True
    clock.advance(700)  # its keys are outdated, but the newest available
    later = int(time.time()) + 2000
    assert await who(app, issuer.token(exp=later, iat=None))
    clock.advance(86_400)
    with pytest.raises(UpstreamFailed):
        await who(app, issuer.token(exp=later + 86_400, iat=None))


async def test_unreachable_provider_is_reported(tmp_path: Path, clock: ManualClock) -> None:
    async with issuing() as gone:
        token = gone.token()
    app = App(make_settings(tmp_path / "data", oidc_issuers=gone.url, oidc_client_id="agora"), clock=clock)
    await app.start()
    with pytest.raises(UpstreamUnavailable) as failed:
        await who(app, token)
    assert failed.value.retry_after
    await app.stop()


async def test_provider_with_inconsistent_metadata_is_refused(app: App, issuer: Issuer, clock: ManualClock) -> None:
    truth = issuer.document
    for lie in (
        {"issuer": "https://evil.test"},
        {"jwks_uri": "http://evil.test/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://169.254.169.254/keys"},
        {"jwks_uri": None},
        {"token_endpoint": "gopher://x"},
    ):
        issuer.document = truth | lie
        clock.advance(6)
        with pytest.raises(UpstreamFailed):
            await who(app, issuer.token())
    assert len(issuer.asked) == 1


async def test_pending_requests_end_on_close(app: App, issuer: Issuer, clock: ManualClock) -> None:
    token = issuer.token()
    await who(app, token)
    clock.advance(310)
    assert await who(app, token)
    clock.advance(60)
    with pytest.raises(Unauthenticated, match="expired"):
        await who(app, token)


async def test_roles_map_to_scopes(app: App, issuer: Issuer) -> None:
    async def role(**claims: Any) -> tuple[str | None, int]:
        caller = await who(app, issuer.token(**({"realm_access": None} | claims)))
        assert caller.person is not None
        assert caller.scopes == (ROLES[caller.person.role] if caller.person.role else frozenset())
        return caller.person.role, caller.authority

    assert await role() == (None, 0)
    assert await role(realm_access={"roles": ["viewer", "operator", "x"]}) == ("operator", 0)
    assert await role(realm_access={"roles": ["a2a-admin"]}) == ("admin", 255)
    assert await role(realm_access={"roles": ["a2a-user"]}) == ("user", 0)
    assert await role(resource_access={"agora": {"roles": ["admin"]}}) == ("admin", 255)
    assert await role(resource_access={"other": {"roles": ["admin"]}}) == (None, 0)
    assert await role(roles=["viewer"]) == ("viewer", 0)
    assert await role(groups=["admin", "/admin"]) == (None, 0)
    for nonsense in ("admin", {"admin": 1}, [["admin"]], 7, None):
        assert await role(realm_access={"roles": nonsense}) == (None, 0)
        assert await role(realm_access=nonsense, resource_access=nonsense, roles=nonsense and 7) == (None, 0)


async def test_token_may_request_fewer_scopes(app: App, issuer: Issuer) -> None:
    async def scopes(scope: str, role: str = "admin") -> set[str]:
        return set((await who(app, issuer.token(scope=scope, realm_access={"roles": [role]}))).scopes)

    assert await scopes("openid profile") == {"*"}
    assert await scopes("openid read:agents") == {"read:agents"}
    assert await scopes("read:agents write:tasks", "viewer") == {"read:agents"}
    assert (await who(app, issuer.token(scope="read:agents", realm_access={"roles": ["admin"]}))).authority == 0


async def test_every_scope_belongs_to_a_role(app: App) -> None:
    known = {operation.scope for operation in app.registry.operations if operation.scope}
    assert known - ROLES["operator"] <= {"admin", "meter:billing"}, (
        "an operator may do everything that needs no administrator"
    )
    assert ROLES["viewer"] <= ROLES["operator"]
    assert {scope for scope in known if scope.startswith("read:")} <= ROLES["viewer"]
    assert not [scope for scope in ROLES["viewer"] if not scope.startswith("read:")]


async def test_tokens_are_refused_without_a_provider(tmp_path: Path, clock: ManualClock, issuer: Issuer) -> None:
    app = App(make_settings(tmp_path / "other"), clock=clock)
    await app.start()
    for token in (issuer.token(), "ses_x.y"):
        with pytest.raises(Unauthenticated):
            await who(app, token)
    market = Market(app, clock)
    assert (await market.call(app.authenticator.anonymous, "auth.configuration")).enabled is False
    await app.stop()


@pytest.mark.parametrize(
    ("claims", "nonce", "is_taken"),
    [
        ({"aud": "agora", "nonce": "n1"}, "n1", True),
        ({"aud": ["agora", "other"], "azp": "agora", "nonce": "n1"}, "n1", True),
        ({"aud": "agora"}, None, True),  # of a refresh, which has none
        ({"aud": "agora", "nonce": "n2"}, "n1", False),
        ({"aud": "agora"}, "n1", False),
        ({"aud": "other", "nonce": "n1"}, "n1", False),
        ({"aud": ["agora", "other"], "azp": "other", "nonce": "n1"}, "n1", False),
    ],
)
def test_id_token_must_match_client_and_nonce(claims: dict[str, Any], nonce: str | None, is_taken: bool) -> None:
    token = verification.UnverifiedToken("RS256", "k1", "jwt", claims, "")
    if is_taken:
        verification.check_id_token(token, "agora", nonce)
        return
    with pytest.raises(Unauthenticated, match=r"of another sign-in|for another client"):
        verification.check_id_token(token, "agora", nonce)
