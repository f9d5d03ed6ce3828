"""Where the first credentials come from: each of AWS's sources, and a role assumed from each.

The keys that the emulator verified tell who signed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.conftest import StartGateway, emulating
from tests.live.emulated import Emulated
from tests.live.gateway import Gateway
from tests.live.leaks import REGION, assert_log_is_clean
from tests.metadata_server import CONTAINER_TOKEN, MetadataService, serve_metadata
from tests.sts_server import CALLER, ROLE, Sts, Triple, minted, serve_sts

#: The machine's, the container's or the variables' own keys.
FIRST = 90
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJsaXZlIn0.bGl2ZS1zaWduYXR1cmU"
CONFIGURATION = """\
model_list:
  - model_name: ambient
    litellm_params: {{model: sagemaker_chat/chat}}
  - model_name: native
    litellm_params: {{model: sagemaker_chat/chat, transport: openai_path}}
  - model_name: same
    litellm_params: {{model: sagemaker_chat/chat, aws_role_name: {role}}}
  - model_name: chained
    litellm_params: {{model: sagemaker_chat/chat, litellm_credential_name: tenant}}
credential_list:
  - credential_name: tenant
    credential_values:
      aws_role_name: {role}-of-a-tenant
      aws_external_id: tenant-7
      aws_session_name: gateway
      aws_session_tags: {{team: search, stage: live}}
      aws_sts_endpoint: {sts}
router_settings:
  default_litellm_params: {{sagemaker_base_url: {url}, aws_region_name: {region}}}
"""


@dataclass
class Machine:
    """What stands around a gateway."""

    sts: Sts
    metadata: MetadataService
    folder: Path

    def file(self, name: str, text: str) -> str:
        """Give the path of a file with this text."""
        path = self.folder / name
        path.write_text(text)
        return str(path)


Variables = dict[str, str]


def irsa(machine: Machine) -> Variables:
    """A pod's service account; the role is the one that the model `same` names."""
    return {"AWS_ROLE_ARN": ROLE, "AWS_WEB_IDENTITY_TOKEN_FILE": machine.file("pod", TOKEN)}


def ecs(machine: Machine) -> Variables:
    """A container whose token is a variable."""
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": machine.metadata.container_url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": CONTAINER_TOKEN,
    }


def eks(machine: Machine) -> Variables:
    """A pod with EKS Pod Identity: the token is in a file."""
    return {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": machine.metadata.container_url,
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": machine.file("container", CONTAINER_TOKEN),
    }


def imds(machine: Machine) -> Variables:
    """An instance whose metadata service is elsewhere."""
    return {
        "AWS_EC2_METADATA_DISABLED": "false",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": machine.metadata.url,
    }


def variables(_: Machine) -> Variables:
    """Temporary keys in AWS's own variables."""
    key, secret, token = minted(FIRST)
    return {
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
    }


def profile(machine: Machine) -> Variables:
    """A profile with a role that another profile's keys assume."""
    text = (
        f"[profile outer]\nrole_arn = {ROLE}\nsource_profile = inner\nexternal_id = of-the-file\n"
        "[profile inner]\naws_access_key_id = AKIDINNER\naws_secret_access_key = inner/secret\n"
    )
    return {"AWS_CONFIG_FILE": machine.file("config", text), "AWS_PROFILE": "outer"}


def profile_of_a_container(machine: Machine) -> Variables:
    """A profile with a role that the container's own role assumes."""
    text = f"[profile task]\nrole_arn = {ROLE}\ncredential_source = EcsContainer\n"
    return {
        **ecs(machine),
        "AWS_CONFIG_FILE": machine.file("config", text),
        "AWS_PROFILE": "task",
    }


@dataclass(frozen=True)
class Source:
    """A source of credentials, and what STS is asked before any role of ours is assumed."""

    variables: Callable[[Machine], Variables]
    #: Operation and signer.
    first: tuple[tuple[str, str], ...]
    #: The number of the keys that it gives.
    gives: int
    #: Whether the chain is known to be the role without asking.
    known: bool = False


SOURCES = {
    "irsa": Source(irsa, (("AssumeRoleWithWebIdentity", ""),), 1, known=True),
    "ecs": Source(ecs, (), FIRST),
    "eks": Source(eks, (), FIRST),
    "imds": Source(imds, (), FIRST),
    "variables": Source(variables, (), FIRST),
    "profile": Source(profile, (("AssumeRole", "AKIDINNER"),), 1),
    "profile-ecs": Source(profile_of_a_container, (("AssumeRole", minted(FIRST)[0]),), 1),
}


def known(triple: Triple) -> dict[str, str]:
    """A triple as the emulator's configuration has it."""
    return dict(zip(("access_key", "secret_key", "session_token"), triple, strict=True))


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """An emulator that knows every key that is given here, each with its own token."""
    settings = {
        "regions": [REGION],
        "credentials": [known(minted(number)) for number in (*range(1, 9), FIRST)],
        "endpoints": {"chat": {"kind": "messages"}},
    }
    with emulating(tmp_path_factory.mktemp("verifier"), settings) as emulated:
        yield emulated


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A token service whose callers are sessions of the role, and the metadata services."""
    with serve_sts() as sts, serve_metadata(minted(FIRST)) as metadata:
        sts.caller = CALLER
        yield Machine(sts, metadata, tmp_path)


@pytest.fixture(params=SOURCES)
def source(request: pytest.FixtureRequest) -> Source:
    """One source after the other."""
    return SOURCES[request.param]


@pytest.fixture
def gateway(
    start: StartGateway, verifier: Emulated, machine: Machine, source: Source
) -> Iterator[Gateway]:
    """A talkative gateway on that machine."""
    verifier.forget()
    text = CONFIGURATION.format(role=ROLE, sts=machine.sts.url, url=verifier.url, region=REGION)
    there = {"AWS_ENDPOINT_URL_STS": machine.sts.url, **source.variables(machine)}
    with start(text, "--detailed_debug", **there) as gateway:
        yield gateway
    said = gateway.process.out + gateway.process.err
    assert_log_is_clean(said)
    for secret in (TOKEN, CONTAINER_TOKEN, "tenant-7", "inner/secret", *minted(FIRST)[1:]):
        assert secret not in said


def signers(verifier: Emulated) -> list[str]:
    """Whose keys the emulator has verified, in order, since it was asked last."""
    entries = verifier.requests("chat")
    verifier.forget()
    assert [entry["outcome"][:3] for entry in entries] == ["200"] * len(entries)
    return [key_of(entry["headers"]["authorization"]) for entry in entries]


def key_of(authorization: str) -> str:
    """The access key in a signature, or in what the emulator tells of a token."""
    return authorization.partition("Credential=")[2].partition("/")[0]


def test_who_signs(gateway: Gateway, verifier: Emulated, machine: Machine, source: Source) -> None:
    """The source's own keys sign both transports and its own role; a tenant's role is assumed.

    STS is asked no more than that, and gets external id, session name and tags (I5, I8).
    """
    own = minted(source.gives)[0]
    for name in ("ambient", "native", "same"):
        assert gateway.chat(name).status_code == 200
        assert gateway.stream(name).done
        assert signers(verifier) == [own, own], name
    assert gateway.chat("chained").status_code == 200
    assert signers(verifier) == [minted(len(source.first) + 1)[0]]

    asked = [(each.action, each.signer) for each in machine.sts.asked]
    assert asked[: len(source.first)] == list(source.first)
    rest = sorted(asked[len(source.first) :])
    assert rest == [("AssumeRole", own)] + [("GetCallerIdentity", own)] * (not source.known)
    (tenant,) = (
        each.parameters for each in machine.sts.asked if each.form.get("ExternalId") == "tenant-7"
    )
    assert tenant["RoleArn"] == f"{ROLE}-of-a-tenant"
    assert tenant["RoleSessionName"] == "gateway"
    tags = {tenant[f"Tags.member.{n}.Key"]: tenant[f"Tags.member.{n}.Value"] for n in (1, 2)}
    assert tags == {"team": "search", "stage": "live"}


@pytest.mark.parametrize("source", [SOURCES["irsa"]], ids=["irsa"])
@pytest.mark.parametrize("model", ["ambient", "native"])
def test_a_pods_token_is_read_again(
    gateway: Gateway, verifier: Emulated, machine: Machine, model: str
) -> None:
    """At a refresh the token's file is read anew: it was replaced meanwhile (I7)."""
    machine.file("pod", f"{TOKEN}2")
    asked = len(machine.sts.asked)
    verifier.fault("chat", "expired_token", times=1)
    assert gateway.chat(model).status_code == 200
    keys = [key_of(entry["headers"]["authorization"]) for entry in verifier.requests("chat")]
    assert keys == [minted(1)[0], minted(machine.sts.sessions)[0]]
    (renewed,) = machine.sts.asked[asked:]
    assert renewed.action == "AssumeRoleWithWebIdentity"
    assert renewed.parameters["WebIdentityToken"] == f"{TOKEN}2"


@pytest.mark.parametrize("source", [SOURCES["ecs"]], ids=["ecs"])
@pytest.mark.parametrize("model", ["native", "chained"])
def test_new_keys_are_fetched(
    gateway: Gateway, verifier: Emulated, machine: Machine, model: str
) -> None:
    """Keys that AWS calls expired are fetched again where they come from, once (I6)."""
    machine.metadata.triple = minted(5)
    machine.sts.sessions = 4
    verifier.fault("chat", "expired_token", times=1)
    assert gateway.chat(model).status_code == 200
    entries = verifier.requests("chat")
    assert [entry["outcome"][:3] for entry in entries] == ["403", "200"]
    assert key_of(entries[1]["headers"]["authorization"]) == minted(5)[0]
    assert gateway.chat(model).status_code == 200
    assert len(verifier.requests("chat")) == 3
