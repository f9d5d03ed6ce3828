"""Roles and web identities, through AWS's own library and a token service on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.errors import UpstreamError
from adapters.sagemaker.credentials import CredentialProvider, Credentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.settings import read_aws_settings
from tests.adapters.sagemaker.metadata import Metadata, triple
from tests.sts_server import CALLER, ROLE, Sts, minted

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl"


def provider(
    identities: Identities,
    sts: Sts,
    params: Mapping[str, object],
    environ: Mapping[str, str] | None = None,
) -> CredentialProvider:
    """Give the provider of a deployment that assumes the role."""
    settings = {"aws_region_name": "eu-west-1", "aws_sts_endpoint": sts.url, **params}
    return identities.provider(read_aws_settings(settings, environ or {}))


def session(number: int) -> Credentials:
    """Give the keys of STS's n-th session."""
    return Credentials(*minted(number))


async def test_role_with_keys(sts: Sts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys sign for the region, and no token of the environment joins them (I5, I6)."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", "ambient-token")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ambient-bearer")
    identities = Identities()
    role = provider(identities, sts, {**KEYS, "aws_role_name": ROLE})
    assert await role.current() == session(1)
    asked = sts.only()
    assert asked.action == "AssumeRole"
    assert asked.parameters == {"RoleArn": ROLE, "RoleSessionName": identities.session_name}
    assert asked.scope.split("/")[::2] == ["AKIDEXAMPLE", "eu-west-1", "aws4_request"]
    assert asked.scope.split("/")[3] == "sts"
    assert "x-amz-security-token" not in asked.headers
    assert "ambient" not in repr(asked)


async def test_everything_that_a_role_may_say(sts: Sts) -> None:
    """External id, tags, session name and the keys' own token are sent as they are."""
    role = provider(
        Identities(),
        sts,
        {
            **KEYS,
            "aws_session_token": "own-token",
            "aws_role_name": ROLE,
            "aws_session_name": "my.gateway@home",
            "aws_external_id": "tenant:42/a",
            "aws_session_tags": {"team": "search", "cost center": "7"},
        },
    )
    await role.prepare()
    assert sts.only().parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": "my.gateway@home",
        "ExternalId": "tenant:42/a",
        "Tags.member.1.Key": "team",
        "Tags.member.1.Value": "search",
        "Tags.member.2.Key": "cost center",
        "Tags.member.2.Value": "7",
    }
    assert sts.only().headers["x-amz-security-token"] == "own-token"


async def test_role_with_a_profile(
    sts: Sts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A profile's keys sign, also beside other keys in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AMBIENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "ambient")
    (tmp_path / "credentials").write_text(
        "[ops]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = secret\n"
    )
    role = provider(Identities(), sts, {"aws_role_name": ROLE, "aws_profile_name": "ops"})
    assert await role.current() == session(1)
    assert sts.only().signer == "AKIDPROFILE"


async def test_role_with_the_chain(sts: Sts, metadata: Metadata) -> None:
    """Without keys and profile, what AWS's chain has signs, with its token."""
    identities = Identities()
    role = provider(identities, sts, {"aws_role_name": ROLE})
    chain = provider(identities, sts, {})
    assert await role.current() == session(1)
    assert await chain.current() == triple(1)
    assert metadata.asked == 1
    assert sts.actions() == ["GetCallerIdentity", "AssumeRole"]
    assert {asked.signer for asked in sts.asked} == {triple(1).access_key}
    assert {asked.headers["x-amz-security-token"] for asked in sts.asked} == {triple(1).token}


async def test_role_of_a_profile(sts: Sts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile's own role is assumed with its source profile, by AWS's rules for such files."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", sts.url)
    (tmp_path / "config").write_text(
        f"[profile outer]\nrole_arn = {ROLE}\nsource_profile = inner\nexternal_id = tenant-1\n"
        "[profile inner]\naws_access_key_id = AKIDINNER\naws_secret_access_key = secret\n"
    )
    profile = provider(Identities(), sts, {"aws_profile_name": "outer"})
    assert await profile.current() == session(1)
    asked = sts.only()
    assert (asked.signer, asked.parameters["ExternalId"]) == ("AKIDINNER", "tenant-1")
    assert asked.scope.split("/")[2] == "eu-west-1", "the deployment's, where the file has none"


async def test_edited_profile(sts: Sts, tmp_path: Path) -> None:
    """A profile's file that was edited counts from the next refresh on (I12)."""
    file = tmp_path / "credentials"
    text = "[ops]\naws_access_key_id = AKIDONE\naws_secret_access_key = s\naws_session_token = t\n"
    file.write_text(text)
    profile = provider(Identities(), sts, {"aws_profile_name": "ops"})
    stale = await profile.current()
    file.write_text(text.replace("AKIDONE", "AKIDTWO"))
    assert await profile.current() == stale
    assert await profile.renew(stale) == Credentials("AKIDTWO", "s", "t")


async def test_missing_profile(sts: Sts) -> None:
    """A profile that is not there is no credentials, and the log says which."""
    with pytest.raises(UpstreamError) as caught:
        await provider(Identities(), sts, {"aws_profile_name": "nobody"}).current()
    assert caught.value.code == "credentials_unavailable"
    assert "nobody" in str(caught.value.detail)


@pytest.mark.parametrize("form", ["raw", "path", "oidc/file", "oidc/env", "oidc/env_path"])
async def test_web_identity(sts: Sts, tmp_path: Path, form: str) -> None:
    """All five forms give the token; the call is unsigned and says nothing else (I7)."""
    file = tmp_path / "a token"
    file.write_text(f"{TOKEN}\n")
    given = {
        "raw": TOKEN,
        "path": str(file),
        "oidc/file": f"oidc/file/{file}",
        "oidc/env": "oidc/env/POD_TOKEN",
        "oidc/env_path": "oidc/env_path/POD_TOKEN_FILE",
    }
    environ = {"POD_TOKEN": TOKEN, "POD_TOKEN_FILE": str(file)}
    identities = Identities()
    params = {
        **KEYS,
        "aws_role_name": ROLE,
        "aws_web_identity_token": given[form],
        "aws_external_id": "tenant-1",
    }
    role = provider(identities, sts, params, environ)
    assert await role.current() == session(1)
    asked = sts.only()
    assert asked.action == "AssumeRoleWithWebIdentity"
    assert asked.parameters == {
        "RoleArn": ROLE,
        "RoleSessionName": identities.session_name,
        "WebIdentityToken": TOKEN,
    }
    assert "authorization" not in asked.headers


async def test_rotated_token_file(sts: Sts, tmp_path: Path) -> None:
    """The file is read at each refresh, so a token that was replaced is used (I7)."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    params = {
        "aws_role_name": ROLE,
        "aws_web_identity_token": str(file),
        "aws_session_name": "pod",
    }
    role = provider(Identities(), sts, params)
    stale = await role.current()
    file.write_text(f"{TOKEN}2")
    assert await role.renew(stale) == session(2)
    tokens = [asked.parameters["WebIdentityToken"] for asked in sts.asked]
    assert tokens == [TOKEN, f"{TOKEN}2"]
    assert {asked.parameters["RoleSessionName"] for asked in sts.asked} == {"pod"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "it has 0 characters"),
        (b"x" * 20_001, "it has 20001 characters"),
        (b"to\xffken", "not plain ASCII"),
    ],
)
async def test_unusable_token_file(
    sts: Sts, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """A file without a token is told by its fault, never by its content; STS is not asked."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    params = {"aws_role_name": ROLE, "aws_web_identity_token": str(file)}
    with pytest.raises(UpstreamError) as caught:
        await provider(Identities(), sts, params).current()
    assert caught.value.code == "web_identity_token_unavailable"
    assert reason in str(caught.value.detail)
    assert "xxx" not in str(caught.value.detail)
    assert sts.asked == []


async def test_same_role_is_not_assumed(sts: Sts, metadata: Metadata) -> None:
    """Who is the role already signs as it is; STS is asked who that is once a lifetime (I8)."""
    sts.caller = CALLER
    role = provider(Identities(), sts, {"aws_role_name": ROLE})
    stale = await role.current()
    assert stale == triple(1)
    assert await role.renew(stale) == triple(2)
    assert metadata.asked == 2
    assert sts.actions() == ["GetCallerIdentity"]


@pytest.mark.parametrize(
    "caller",
    [
        CALLER.replace("invoke-models", "other"),
        CALLER.replace("111122223333", "444455556666"),
        CALLER.replace("arn:aws:", "arn:aws-cn:"),
        "nonsense",
    ],
)
@pytest.mark.usefixtures("metadata")
async def test_another_role_is_assumed(sts: Sts, caller: str) -> None:
    """Another partition, account or name is another role."""
    sts.caller = caller
    assert await provider(Identities(), sts, {"aws_role_name": ROLE}).current() == session(1)


@pytest.mark.usefixtures("metadata")
async def test_unknown_caller_is_no_obstacle(sts: Sts) -> None:
    """Where STS does not say who the caller is, the role is assumed, and the question stays."""
    sts.refusals = [(403, "AccessDenied", "no")]
    role = provider(Identities(), sts, {"aws_role_name": ROLE})
    assert await role.current() == session(1)
    assert await role.renew(session(1)) == session(2)
    assert sts.actions() == ["GetCallerIdentity", "AssumeRole"] * 2


@pytest.mark.usefixtures("metadata")
async def test_tags_need_a_session_of_their_own(sts: Sts) -> None:
    """Session tags come with AssumeRole only: then even the same role is assumed."""
    sts.caller = CALLER
    params = {"aws_role_name": ROLE, "aws_session_tags": {"team": "search"}}
    assert await provider(Identities(), sts, params).current() == session(1)
    assert sts.actions() == ["AssumeRole"]


async def test_stale_source_is_renewed(sts: Sts, metadata: Metadata) -> None:
    """Where STS refuses the source's keys as expired, they are fetched once more, and used."""
    role = provider(
        Identities(), sts, {"aws_role_name": ROLE, "aws_session_tags": '{"team": "search"}'}
    )
    sts.refusals = [(403, "ExpiredToken", "The security token included in the request is expired")]
    assert await role.current() == session(1)
    assert [asked.signer for asked in sts.asked] == [triple(1).access_key, triple(2).access_key]
    assert metadata.asked == 2


async def test_stale_static_keys_are_not_tried_again(sts: Sts) -> None:
    """Keys of the configuration have no successor: one call, and AWS's name for the reason."""
    sts.refusals = [(403, "ExpiredToken", "expired")]
    with pytest.raises(UpstreamError) as caught:
        await provider(Identities(), sts, {**KEYS, "aws_role_name": ROLE}).current()
    assert caught.value.code == "ExpiredToken"
    assert len(sts.asked) == 1
