"""Roles, web identities and profiles: the gateway process, a token service, and the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.conftest import StartGateway
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway, error_of
from tests.live.leaks import (
    ACCOUNT,
    REGION,
    TEMPORARY_KEY,
    TEMPORARY_SECRET,
    TEMPORARY_TOKEN,
    assert_log_is_clean,
)
from tests.sts_server import ROLE, Sts, Triple, minted, serve_sts

WEB_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJsaXZlIn0.bGl2ZS1zaWduYXR1cmU"
EXTERNAL_ID = "tenant-of-the-live-test"
PROFILE_SECRET = "profile/secret/of/the/live/test"
NEVER_LOGGED = (WEB_TOKEN, EXTERNAL_ID, PROFILE_SECRET, "arn:aws", "aws-bearer", *minted(1)[1:])
CONFIGURATION = """\
model_list:
  - model_name: by-keys
    litellm_params: {{model: sagemaker_chat/chat, litellm_credential_name: keys}}
  - model_name: by-keys-too
    litellm_params: {{model: sagemaker_chat/chat, litellm_credential_name: keys}}
  - model_name: by-token
    litellm_params:
      model: sagemaker_chat/chat
      aws_role_name: {role}
      aws_web_identity_token: oidc/env_path/POD_TOKEN_FILE
      aws_session_name: pod
  - model_name: by-profile
    litellm_params: {{model: sagemaker_chat/chat, aws_profile_name: outer}}
  - model_name: stale
    litellm_params:
      model: sagemaker_chat/chat
      aws_role_name: {role}-stale
      aws_profile_name: inner
  - model_name: denied
    litellm_params: {{model: sagemaker_chat/chat, aws_role_name: {role}-denied}}
credential_list:
  - credential_name: keys
    credential_values:
      aws_role_name: {role}
      aws_external_id: {external_id}
      aws_session_tags: {{team: search}}
      aws_access_key_id: os.environ/LISTED_KEY
      aws_secret_access_key: os.environ/LISTED_SECRET
router_settings:
  default_litellm_params:
    sagemaker_base_url: {url}
    aws_sts_endpoint: {sts}
    aws_region_name: {region}
"""
PROFILES = f"""\
[profile outer]
role_arn = {ROLE}
source_profile = inner
[profile inner]
aws_access_key_id = AKIDINNER
aws_secret_access_key = {PROFILE_SECRET}
"""


@dataclass
class Mint:
    """Gives keys that the emulator knows, but for the roles that are to fail at first."""

    sts: Sts

    def __call__(self, number: int) -> Triple:
        roles = [asked.parameters["RoleArn"] for asked in self.sts.asked if "RoleArn" in asked.form]
        if roles[-1].endswith("-stale") and roles.count(roles[-1]) == 1:
            return minted(number)
        return TEMPORARY_KEY, TEMPORARY_SECRET, TEMPORARY_TOKEN


@pytest.fixture(scope="module")
def sts() -> Iterator[Sts]:
    """A token service that denies one of the roles."""
    with serve_sts() as service:
        service.mint = Mint(service)
        service.denied = "-denied"
        yield service


@pytest.fixture(scope="module")
def roles(
    start: StartGateway,
    emulator_process: Emulated,
    sts: Sts,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Gateway]:
    """A talkative gateway with an identity for each model."""
    folder: Path = tmp_path_factory.mktemp("identities")
    (folder / "token").write_text(WEB_TOKEN)
    (folder / "config").write_text(PROFILES)
    text = CONFIGURATION.format(
        role=ROLE, url=emulator_process.url, sts=sts.url, region=REGION, external_id=EXTERNAL_ID
    )
    with start(
        text,
        "--detailed_debug",
        LISTED_KEY="AKIDLISTED",
        LISTED_SECRET="listed/secret",
        POD_TOKEN_FILE=str(folder / "token"),
        AWS_CONFIG_FILE=str(folder / "config"),
        AWS_ENDPOINT_URL_STS=sts.url,
        AWS_ACCESS_KEY_ID="AKIDAMBIENT",
        AWS_SECRET_ACCESS_KEY="ambient",
        AWS_SESSION_TOKEN="ambient-token",
        AWS_BEARER_TOKEN_BEDROCK="aws-bearer",
    ) as gateway:
        yield gateway


@pytest.mark.parametrize("model", ["by-keys", "by-keys-too", "by-token", "by-profile"])
def test_every_identity_signs(roles: Gateway, emulated: Emulated, model: str) -> None:
    """The session's key and token sign both operations, and AWS's check of it succeeds."""
    assert roles.chat(model).status_code == 200
    assert roles.stream(model).done
    for entry in emulated.requests("chat"):
        assert entry["headers"]["x-amz-security-token"] == TEMPORARY_TOKEN
        assert f"Credential={TEMPORARY_KEY}/" in entry["headers"]["authorization"]
        assert f"/{REGION}/sagemaker/" in entry["headers"]["authorization"]


def test_one_session_for_equal_identities(roles: Gateway, sts: Sts) -> None:
    """At start each identity is asked for once, by whom the configuration says (I5, I8)."""
    roles.chat("by-keys")
    by_keys = [asked for asked in sts.asked if asked.signer == "AKIDLISTED"]
    assert len(by_keys) == 1
    assert by_keys[0].parameters["ExternalId"] == EXTERNAL_ID
    assert by_keys[0].parameters["RoleSessionName"].startswith("sagegate-")
    assert "x-amz-security-token" not in by_keys[0].headers
    (by_token,) = [asked for asked in sts.asked if "WebIdentityToken" in asked.form]
    assert by_token.parameters["WebIdentityToken"] == WEB_TOKEN
    assert by_token.parameters["RoleSessionName"] == "pod"


def test_refused_keys_are_replaced(roles: Gateway, emulated: Emulated) -> None:
    """A client never sees that AWS called temporary keys invalid: new ones are fetched."""
    assert roles.chat("stale").status_code == 200
    signed = [entry["headers"]["authorization"] for entry in emulated.unchecked("chat")]
    keys = [header.partition("Credential=")[2].partition("/")[0] for header in signed]
    assert len(keys) == 2
    assert keys[0].startswith("ASIAMINTED")
    assert keys[1] == TEMPORARY_KEY


def test_refused_role(roles: Gateway, emulated: Emulated) -> None:
    """A role that may not be assumed is a 502 with AWS's name; the others are served (I3)."""
    answer = roles.chat("denied")
    assert answer.status_code == 502
    assert error_of(answer)["code"] == "AccessDenied"
    assert answer.headers["x-should-retry"] == "false"
    assert emulated.requests("chat") == []
    assert roles.chat("by-keys").status_code == 200


def test_operators_see_names_only(roles: Gateway) -> None:
    """The banner names roles and profiles; nothing tells an account, a key or a token (K3)."""
    for line in (
        "identity role invoke-models",
        "identity web identity, role invoke-models",
        "identity profile outer",
    ):
        assert line in roles.process.out
    said = roles.process.out + roles.process.err
    assert_log_is_clean(said)
    assert roles.process.wait_for_line("credentials.missing", "AccessDenied")
    # What AWS says of a denial names who was denied what: the operator needs it, but the accounts.
    (denial,) = {line for line in said.splitlines() if "credentials.missing" in line}
    assert "sts:AssumeRole on arn:aws:iam::************:role/teams/invoke-models-denied" in denial
    assert ACCOUNT not in said
    rest = [line for line in said.splitlines() if "AccessDenied" not in line]
    assert not [line for line in rest for text in NEVER_LOGGED if text in line]


def test_clients_see_no_identity(roles: Gateway) -> None:
    """Listings show the region, and nothing of who signs."""
    for path in ("/model/info", "/v1/models"):
        text = roles.http.get(path).text
        for secret in ("arn:", "aws_role", "invoke-models", EXTERNAL_ID, "111122223333"):
            assert secret not in text, (path, secret)
