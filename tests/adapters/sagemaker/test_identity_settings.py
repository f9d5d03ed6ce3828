"""Who signs, by a deployment's settings and the environment: order, groups, limits."""

from __future__ import annotations

import re

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.credentials import Credentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.identity import (
    AMBIENT,
    Identity,
    Keys,
    Profile,
    Role,
    RoleArn,
    Sts,
    WebIdentity,
    WebToken,
)
from adapters.sagemaker.settings import read_aws_settings
from tests.sts_server import ROLE

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
STATIC = Keys(Credentials("AKIDEXAMPLE", "secret"))
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl"
REGION = {"aws_region_name": "eu-west-1"}
STS = Sts("eu-west-1")
AMBIENT_KEYS = {
    "AWS_ACCESS_KEY_ID": "AMBIENT",
    "AWS_SECRET_ACCESS_KEY": "ambient",
    "AWS_SESSION_TOKEN": "ambient",
}


def arn(text: str = ROLE) -> RoleArn:
    """Read a role's ARN."""
    parsed = RoleArn.parse(text)
    assert parsed is not None
    return parsed


def identity(params: dict[str, object], environ: dict[str, str] | None = None) -> Identity:
    """Give the identity that settings make."""
    return read_aws_settings({**REGION, **params}, environ or {}).identity


WEB = WebIdentity(arn=arn(), token=WebToken(text=TOKEN), sts=STS)
ROLE_NAME: dict[str, object] = {"aws_role_name": ROLE}
PROFILE: dict[str, object] = {"aws_profile_name": "ops"}
WEB_TOKEN: dict[str, object] = {"aws_web_identity_token": TOKEN}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({**WEB_TOKEN, **ROLE_NAME, **PROFILE, **KEYS}, WEB),
        ({**ROLE_NAME, **PROFILE, **KEYS}, Role(arn=arn(), source=STATIC, sts=STS)),
        ({**ROLE_NAME, **PROFILE}, Role(arn=arn(), source=Profile("ops"), sts=STS)),
        (ROLE_NAME, Role(arn=arn(), source=AMBIENT, sts=STS)),
        ({**PROFILE, **KEYS}, Profile("ops")),
        ({"aws_profile_name": "the ops' own Prüfung"}, Profile("the ops' own Prüfung")),
        (KEYS, STATIC),
        ({}, AMBIENT),
    ],
)
def test_order(params: dict[str, object], expected: Identity) -> None:
    """Web identity, role with keys, with profile, with the chain; profile; keys; the chain."""
    assert identity(params) == expected
    assert identity(params, AMBIENT_KEYS) == expected


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"AWS_ROLE_NAME": ROLE}, Role(arn=arn(), source=AMBIENT, sts=STS)),
        (
            {
                "AWS_ROLE_NAME": ROLE,
                "AWS_PROFILE_NAME": "ops",
                "AWS_SESSION_NAME": "session",
                "AWS_EXTERNAL_ID": "id",
                "AWS_SESSION_TAGS": '{"a": "b"}',
            },
            Role(
                arn=arn(),
                source=Profile("ops"),
                sts=STS,
                session_name="session",
                external_id="id",
                tags=(("a", "b"),),
            ),
        ),
        ({"AWS_ROLE_NAME": ROLE, "AWS_WEB_IDENTITY_TOKEN": TOKEN}, WEB),
        ({"AWS_PROFILE_NAME": "ops"}, Profile("ops")),
        ({"AWS_SESSION_NAME": "session", "AWS_EXTERNAL_ID": "id"}, AMBIENT),
        ({"AWS_BEARER_TOKEN_BEDROCK": "bearer"}, AMBIENT),
        ({"AWS_ROLE_NAME": ""}, AMBIENT),
    ],
)
def test_environment_as_a_group(environ: dict[str, str], expected: Identity) -> None:
    """A deployment that says nothing is who the environment says, keys there being the chain's."""
    assert identity({}, {**AMBIENT_KEYS, **environ}) == expected


@pytest.mark.parametrize("params", [KEYS, PROFILE, ROLE_NAME])
def test_environment_completes_nothing(params: dict[str, object]) -> None:
    """What a deployment began is not filled up from the environment."""
    environ = {
        **AMBIENT_KEYS,
        "AWS_ROLE_NAME": ROLE.replace("invoke", "other"),
        "AWS_PROFILE_NAME": "other",
        "AWS_SESSION_NAME": "other",
        "AWS_EXTERNAL_ID": "other",
        "AWS_WEB_IDENTITY_TOKEN": TOKEN,
    }
    assert identity(params, environ) == identity(params)


@pytest.mark.parametrize(
    ("params", "environ", "expected"),
    [
        ({}, {}, Sts("eu-west-1")),
        (
            {"aws_sts_endpoint": "https://sts.eu-central-1.amazonaws.com"},
            {"AWS_STS_ENDPOINT": "https://other"},
            Sts("eu-central-1", "https://sts.eu-central-1.amazonaws.com"),
        ),
        (
            {"aws_sts_endpoint": "https://vpce-0.sts.us-gov-west-1.vpce.amazonaws.com/"},
            {},
            Sts("us-gov-west-1", "https://vpce-0.sts.us-gov-west-1.vpce.amazonaws.com/"),
        ),
        (
            {"aws_sts_endpoint": "https://sts.amazonaws.com"},
            {},
            Sts("us-east-1", "https://sts.amazonaws.com"),
        ),
        (
            {},
            {"AWS_STS_ENDPOINT": "http://a", "AWS_ENDPOINT_URL_STS": "http://b"},
            Sts("eu-west-1", "http://a"),
        ),
        (
            {},
            {"AWS_ENDPOINT_URL_STS": "http://b", "AWS_ENDPOINT_URL": "http://c"},
            Sts("eu-west-1", "http://b"),
        ),
        (
            {},
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"},
            Sts("eu-west-1", "http://127.0.0.1:4566"),
        ),
        (
            {},
            {"AWS_ENDPOINT_URL": "http://c", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            Sts("eu-west-1"),
        ),
    ],
)
def test_where_sts_is(params: dict[str, object], environ: dict[str, str], expected: Sts) -> None:
    """The setting, then the variables; the signature's region is the endpoint's own."""
    role = identity({**ROLE_NAME, **params}, environ)
    assert isinstance(role, Role)
    assert role.sts == expected


POD = {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token"}


@pytest.mark.parametrize(
    ("more", "environ", "same"),
    [
        ({}, POD, True),
        ({"aws_external_id": "id", "aws_session_name": "session"}, POD, True),
        ({}, {**POD, "AWS_ROLE_ARN": ROLE.replace("/teams/", "/")}, True),
        ({}, {**POD, "AWS_ROLE_ARN": ROLE.replace("invoke", "other")}, False),
        ({}, {**POD, "AWS_ROLE_ARN": ROLE.replace("1111", "9999")}, False),
        ({}, {**POD, "AWS_ROLE_ARN": ROLE.replace("arn:aws:", "arn:aws-cn:")}, False),
        ({}, {"AWS_ROLE_ARN": ROLE}, False),
        ({}, {**POD, **AMBIENT_KEYS}, False),
        ({}, {**POD, "AWS_PROFILE": "ops"}, False),
        ({"aws_session_tags": {"a": "b"}}, POD, False),
        (KEYS, POD, False),
    ],
)
def test_a_pods_own_role(more: dict[str, object], environ: dict[str, str], same: bool) -> None:
    """The role of the pod's service account is not assumed again; any other one is (I8)."""
    assert (identity({**ROLE_NAME, **more}, environ) == AMBIENT) is same


@pytest.mark.parametrize(
    ("given", "token"),
    [
        (TOKEN, WebToken(text=TOKEN)),
        (
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwb2QifQ.",
            WebToken(text="eyJhbGciOiJub25lIn0.eyJzdWIiOiJwb2QifQ."),
        ),
        ("ewogImFsZyI6ICJSUzI1NiJ9.e30.c2ln", WebToken(text="ewogImFsZyI6ICJSUzI1NiJ9.e30.c2ln")),
        ("/var/run/secrets/token.with.dots", WebToken(file="/var/run/secrets/token.with.dots")),
        ("oidc/file//run/token", WebToken(file="/run/token")),
        ("oidc/env/RAW", WebToken(text="opaque")),
        ("oidc/env_path/POD", WebToken(file="/run/pod")),
    ],
)
def test_token_forms(given: str, token: WebToken) -> None:
    """Three parts of base64url are the token itself, an absolute path its file."""
    found = identity(
        {**ROLE_NAME, "aws_web_identity_token": given}, {"RAW": "opaque", "POD": "/run/pod"}
    )
    assert isinstance(found, WebIdentity)
    assert found.token == token


@pytest.mark.parametrize(
    "given",
    [
        "tokens/hush",
        "./hush",
        "~/hush",
        "hush",
        "C:\\hush",
        "hush.hush",
        "tokens.hush.txt",
        "a.b.c.hush",
        ".hush.hush",
        "hush..x",
        "a.hush.c=",
        "Atza|hush",
        "oidc/hush",
        "oidc/file/tokens/hush",
        "oidc/env_path/RELATIVE",
    ],
)
def test_what_is_no_token(given: str) -> None:
    """Anything else is refused at start, with what is expected, and never with the value."""
    with pytest.raises(ConfigError) as caught:
        identity({**ROLE_NAME, "aws_web_identity_token": given}, {"RELATIVE": "tokens/hush"})
    assert caught.value.path == ("aws_web_identity_token",)
    assert re.search("absolute path|oidc/env/NAME", caught.value.message)
    assert "hush" not in caught.value.message


@pytest.mark.parametrize(
    ("params", "key"),
    [
        (WEB_TOKEN, "aws_web_identity_token"),
        ({"aws_session_name": "hush"}, "aws_session_name"),
        ({"aws_external_id": "hush", **KEYS}, "aws_external_id"),
        ({"aws_session_tags": {"hush": "hush"}, **PROFILE}, "aws_session_tags"),
        ({**ROLE_NAME, "aws_access_key_id": "hush"}, "aws_access_key_id"),
        ({**ROLE_NAME, "aws_session_token": "hush"}, "aws_session_token"),
        ({"aws_role_name": "hush"}, "aws_role_name"),
        ({"aws_role_name": ROLE.replace("111122223333", "hush")}, "aws_role_name"),
        ({"aws_role_name": ROLE.replace("arn:aws:", "arn:gcp:")}, "aws_role_name"),
        ({"aws_role_name": ROLE.replace("role/", "user/")}, "aws_role_name"),
        ({"aws_role_name": f"{ROLE}{'x' * 64}"}, "aws_role_name"),
        ({**ROLE_NAME, "aws_session_name": "h"}, "aws_session_name"),
        ({**ROLE_NAME, "aws_session_name": "hush/hush"}, "aws_session_name"),
        ({**ROLE_NAME, "aws_session_name": "h" * 65}, "aws_session_name"),
        ({**ROLE_NAME, "aws_external_id": "h"}, "aws_external_id"),
        ({**ROLE_NAME, "aws_external_id": "hush!"}, "aws_external_id"),
        ({**ROLE_NAME, "aws_external_id": "h" * 1225}, "aws_external_id"),
        ({**ROLE_NAME, **WEB_TOKEN, "aws_session_tags": {"hush": "x"}}, "aws_session_tags"),
        ({**ROLE_NAME, "aws_web_identity_token": "oidc/google/hush"}, "aws_web_identity_token"),
        ({**ROLE_NAME, "aws_web_identity_token": "oidc/file/hush"}, "aws_web_identity_token"),
        ({**ROLE_NAME, "aws_web_identity_token": "oidc/env/HUSH"}, "aws_web_identity_token"),
        ({**ROLE_NAME, "aws_web_identity_token": "oidc/env_path/"}, "aws_web_identity_token"),
        ({**ROLE_NAME, "aws_sts_endpoint": "ftp://hush"}, "aws_sts_endpoint"),
        ({**ROLE_NAME, "aws_sts_endpoint": "https://u:hush@host"}, "aws_sts_endpoint"),
        ({**ROLE_NAME, "aws_sts_endpoint": "https://host:hush"}, "aws_sts_endpoint"),
    ],
)
def test_what_is_wrong_is_told_by_its_key(params: dict[str, object], key: str) -> None:
    """Half a group and AWS's limits are told at start, by key and never by value."""
    with pytest.raises(ConfigError) as caught:
        identity(params, AMBIENT_KEYS)
    assert caught.value.path == (key,)
    assert key in caught.value.message
    assert "hush" not in caught.value.message.lower()


@pytest.mark.parametrize(
    "tags",
    [
        {"a": "1", "b c": ""},
        [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": ""}],
        '{"a": "1", "b c": ""}',
        '[{"Key": "a", "Value": "1"}, {"Value": "", "Key": "b c"}]',
    ],
)
def test_tag_forms(tags: object) -> None:
    """Tags are a mapping, AWS's list, or either as JSON text."""
    role = identity({**ROLE_NAME, "aws_session_tags": tags})
    assert isinstance(role, Role)
    assert role.tags == (("a", "1"), ("b c", ""))


@pytest.mark.parametrize(
    "tags",
    [
        "team=search",
        7,
        {"a": 1},
        {"": "x"},
        {"a" * 129: "x"},
        {"a": "x" * 257},
        {"aws:a": "x"},
        {"AWS:a": "x"},
        {"a": "x;y"},
        {"a": "1", "A": "2"},
        {f"key{n}": "x" for n in range(51)},
        [{"Key": "a"}],
        ["a"],
    ],
)
def test_bad_tags(tags: object) -> None:
    """AWS's rules for tags are checked at start."""
    with pytest.raises(ConfigError) as caught:
        identity({**ROLE_NAME, "aws_session_tags": tags})
    assert caught.value.path == ("aws_session_tags",)


ONE = {
    **ROLE_NAME,
    **KEYS,
    "aws_session_name": "session",
    "aws_external_id": "id",
    "aws_session_tags": {"a": "b"},
    "aws_sts_endpoint": "http://sts",
}


@pytest.mark.parametrize(
    "change",
    [
        {"aws_role_name": f"{ROLE}-2"},
        {"aws_access_key_id": "AKIDOTHER"},
        {"aws_secret_access_key": "other"},
        {"aws_session_token": "token"},
        {"aws_session_name": "other"},
        {"aws_external_id": "other"},
        {"aws_session_tags": {"a": "c"}},
        {"aws_sts_endpoint": "http://other"},
        {"aws_region_name": "eu-west-2"},
        {"aws_web_identity_token": TOKEN},
    ],
)
def test_every_input_sets_identities_apart(change: dict[str, object]) -> None:
    """Equal inputs share a provider; one that differs in any input does not (I8, I9)."""
    identities = Identities()
    if "aws_web_identity_token" in change:
        change = {**change, "aws_session_tags": None}
    one = identities.provider(read_aws_settings({**REGION, **ONE}, {}))
    same = identities.provider(read_aws_settings({**REGION, **ONE}, {}))
    other = identities.provider(read_aws_settings({**REGION, **ONE, **change}, {}))
    assert one is same
    assert other is not one


def test_a_provider_lives_as_long_as_its_users() -> None:
    """Identities that nobody uses any more are let go, so that ever new ones cost nothing."""
    identities = Identities()
    provider = identities.provider(read_aws_settings({**REGION, **KEYS}, {}))
    assert provider in identities.providers
    del provider
    assert len(identities.providers) == 0


@pytest.mark.parametrize(
    ("params", "title"),
    [
        ({}, "default AWS chain"),
        (KEYS, "static keys"),
        (PROFILE, "profile ops"),
        (ONE, "role invoke-models"),
        ({**ROLE_NAME, **WEB_TOKEN}, "web identity, role invoke-models"),
    ],
)
def test_what_an_operator_sees(params: dict[str, object], title: str) -> None:
    """The title has names only; no printed form has a secret or an account in it (K5)."""
    found = identity(params)
    assert found.title == title
    shown = f"{found!r} {found.mark}"
    for secret in ("secret", TOKEN, "111122223333", "'id'", "'b'"):
        assert secret not in shown
