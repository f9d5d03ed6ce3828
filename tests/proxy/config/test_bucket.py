"""Configurations that are objects of S3, with moto's server in S3's place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

import boto3
import pytest
from moto.server import ThreadedMotoServer

from adapters.errors import UpstreamError
from adapters.sagemaker.bucket import LARGEST, read_object
from adapters.sagemaker.network import DIRECT
from adapters.sagemaker.settings import read_aws_settings
from proxy.config.load import Loaded, load_config
from proxy.config.problems import ConfigProblems
from tests.proxy.config.workbench import MODEL

BUCKET = "configurations"
REGION = "eu-west-1"
KEYS: Mapping[str, str] = MappingProxyType(
    {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "example-secret"}
)
OBJECTS = {
    "team/config.yaml": f"include: [more.yaml]\n{MODEL}",
    "team/more.yaml": "litellm_settings: {drop_params: true}\n",
    "loop.yaml": f"include: [team/../loop.yaml]\n{MODEL}",
    "broken.yaml": "model_list: 7\n",
    "latin.yaml": b"# \xff\n",
}


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    """A server of moto's with a bucket of configurations."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    s3 = boto3.client("s3", endpoint_url=url, region_name=REGION, **KEYS)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key, text in OBJECTS.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=text)
    s3.put_object(Bucket=BUCKET, Key="large.yaml", Body=b" " * (LARGEST + 1))
    s3.close()
    yield url
    server.stop()


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, moto: str) -> dict[str, str]:
    """The variables of a process whose S3 is moto's; AWS's own chain reads the real ones."""
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    variables = {name.upper(): value for name, value in KEYS.items()}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return {**variables, "AWS_ENDPOINT_URL_S3": moto, "AWS_REGION": REGION}


def load(key: str, environ: Mapping[str, str], bucket: str = BUCKET) -> Loaded:
    return load_config(f"s3://{bucket}/{key}", environ)


def test_a_configuration_is_read_with_what_it_includes(environ: dict[str, str]) -> None:
    """An `include` is an object relative to the one that names it."""
    loaded = load("team/config.yaml", environ)
    assert [each.model_name for each in loaded.config.model_list] == ["m"]
    assert loaded.config.litellm_settings.drop_params


@pytest.mark.parametrize(
    ("key", "bucket", "line"),
    [
        ("gone.yaml", BUCKET, "s3://configurations/gone.yaml: there is no such object"),
        ("a.yaml", "nowhere", "s3://nowhere/a.yaml: there is no such bucket"),
        ("", BUCKET, "s3://configurations/: expected s3://BUCKET/KEY"),
        ("broken.yaml", BUCKET, "s3://configurations/broken.yaml:1:1: model_list: expected a list"),
        ("latin.yaml", BUCKET, "s3://configurations/latin.yaml: is not UTF-8 text"),
        (
            "large.yaml",
            BUCKET,
            "s3://configurations/large.yaml: can't be read: it has 8388609 bytes, more than 8 MiB",
        ),
        (
            "loop.yaml",
            BUCKET,
            "s3://configurations/loop.yaml:1:11: include[0]: the file includes itself",
        ),
    ],
)
def test_what_cant_be_used_is_one_line(
    environ: dict[str, str], key: str, bucket: str, line: str
) -> None:
    """Each is told at its place, as a file's problems are."""
    with pytest.raises(ConfigProblems) as caught:
        load(key, environ, bucket)
    assert caught.value.lines == (line,)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """An S3 that gives one answer and closes; its URL."""

    async def give(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(give, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_denied_object_names_the_permission(environ: dict[str, str]) -> None:
    """What AWS denies is told with what is missing; nothing of the credentials is in it."""
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    head = b"HTTP/1.1 403 Forbidden\r\ncontent-length: %d\r\n\r\n" % len(body)
    async with answering(head + body) as url:
        denied = {**environ, "AWS_ENDPOINT_URL_S3": url}
        with pytest.raises(ConfigProblems, match="AWS denies it: s3:GetObject") as caught:
            await asyncio.to_thread(load, "team/config.yaml", denied)
    assert "example-secret" not in str(caught.value)


def test_an_s3_that_is_away_is_one_line(environ: dict[str, str]) -> None:
    """No answer is a line as well, and no traceback."""
    away = {**environ, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}
    with pytest.raises(ConfigProblems, match=r"^s3://configurations/a.yaml: can't be read: End"):
        load("a.yaml", away)


def test_settings_that_are_wrong_are_one_line(environ: dict[str, str]) -> None:
    """A variable that can't be used is told as the document's problem."""
    with pytest.raises(ConfigProblems, match=r"^s3://configurations/a.yaml: can't be read: "):
        load("a.yaml", {**environ, "AWS_ACCESS_KEY_ID": "x", "AWS_ROLE_NAME": "no-arn"})


async def test_an_object_that_breaks_off_is_a_failure(environ: dict[str, str]) -> None:
    """Half a configuration is none."""
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nmodel_list:") as url:
        settings = read_aws_settings({}, environ)
        with pytest.raises(UpstreamError) as caught:
            await read_object("b", "k", settings, DIRECT, {"AWS_ENDPOINT_URL": url})
    assert caught.value.detail == "the object broke off"
