"""A deployment's AWS settings, and the identities that come of them."""

import pytest

from adapters.errors import ConfigError
from adapters.sagemaker.credentials import Credentials, StaticCredentials
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.identity import Ambient, Keys
from adapters.sagemaker.refreshing import RefreshingCredentials
from adapters.sagemaker.settings import AwsSettings, read_aws_settings

KEYS = {"aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
AMBIENT = {
    "AWS_ACCESS_KEY_ID": "AMBIENT",
    "AWS_SECRET_ACCESS_KEY": "ambient",
    "AWS_SESSION_TOKEN": "ambient",
    "AWS_BEARER_TOKEN_BEDROCK": "bedrock",
}


@pytest.mark.parametrize(
    ("params", "environ", "region"),
    [
        (
            {"aws_region_name": "eu-west-1"},
            {"AWS_REGION_NAME": "a", "AWS_REGION": "b", "AWS_DEFAULT_REGION": "c"},
            "eu-west-1",
        ),
        ({}, {"AWS_REGION_NAME": "a", "AWS_REGION": "b", "AWS_DEFAULT_REGION": "c"}, "a"),
        ({"aws_region_name": None}, {"AWS_REGION": "b", "AWS_DEFAULT_REGION": "c"}, "b"),
        ({}, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "c"}, "c"),
    ],
)
def test_region_order(params: dict[str, object], environ: dict[str, str], region: str) -> None:
    """The configuration's region wins; the environment's follow in one fixed order."""
    settings = read_aws_settings(params, environ)
    assert settings == AwsSettings(region=region)


def test_assumed_region_is_flagged() -> None:
    """Where nobody names a region, us-west-2 serves, and says that it was assumed."""
    assert read_aws_settings({}, {}) == AwsSettings(region="us-west-2", region_assumed=True)


@pytest.mark.parametrize("region", ["eu_west_1", "EU-WEST-1", "x.evil.example/", "a b", "a\n"])
def test_bad_region(region: str) -> None:
    """A region that could change the host is refused, wherever it comes from."""
    for params, environ in (({"aws_region_name": region}, {}), ({}, {"AWS_REGION": region})):
        with pytest.raises(ConfigError) as caught:
            read_aws_settings(params, environ)
        assert caught.value.path == ("aws_region_name",)


def test_explicit_keys_never_meet_an_ambient_token() -> None:
    """Keys of the configuration stand alone; no token of the environment joins them (I5, I6)."""
    settings = read_aws_settings(KEYS, AMBIENT)
    assert settings.identity == Keys(Credentials("AKIDEXAMPLE", "secret", None))


def test_explicit_token() -> None:
    """A token of the configuration goes with its keys."""
    settings = read_aws_settings({**KEYS, "aws_session_token": "token"}, AMBIENT)
    assert settings.identity == Keys(Credentials("AKIDEXAMPLE", "secret", "token"))


def test_no_keys_mean_the_default_chain() -> None:
    """Ambient keys are the default chain's business: botocore reads them, with their token."""
    assert read_aws_settings({}, AMBIENT).identity == Ambient()


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"aws_access_key_id": "AKIDEXAMPLE"}, "aws_access_key_id"),
        ({"aws_secret_access_key": "hush-hush"}, "aws_secret_access_key"),
        ({"aws_session_token": "hush-hush"}, "aws_session_token"),
        ({**KEYS, "aws_session_token": ""}, "aws_session_token"),
        ({**KEYS, "aws_secret_access_key": "hush-hush\n"}, "aws_secret_access_key"),
        ({**KEYS, "aws_secret_access_key": "hush hush"}, "aws_secret_access_key"),
        ({**KEYS, "aws_access_key_id": "AKIDé"}, "aws_access_key_id"),
        ({**KEYS, "aws_access_key_id": 12}, "aws_access_key_id"),
        ({"api_base": "no url"}, "api_base"),
        ({"base_url": "https://h/?hush-hush"}, "base_url"),
    ],
)
def test_bad_values_name_their_key(params: dict[str, object], key: str) -> None:
    """What is wrong is said by key and never by value: it may be a secret."""
    with pytest.raises(ConfigError) as caught:
        read_aws_settings(params, AMBIENT)
    assert caught.value.path == (key,)
    assert key in caught.value.message
    assert "hush" not in caught.value.message


@pytest.mark.parametrize("key", ["sagemaker_base_url", "api_base", "base_url"])
def test_base_url_keys(key: str) -> None:
    """Three keys name the base URL; other parameters are not looked at."""
    params = {key: "http://127.0.0.1:8080", "temperature": 0.5, "aws_other": 7}
    assert read_aws_settings(params, {}).base_url == "http://127.0.0.1:8080"


def test_base_url_order() -> None:
    """The most particular key wins."""
    params = {"base_url": "http://c", "api_base": "http://b", "sagemaker_base_url": "http://a"}
    assert read_aws_settings(params, {}).base_url == "http://a"


def test_ambient_endpoint_urls_come_after_the_models_own() -> None:
    """AWS's own variables are heard, the service's before the general one, unless switched off."""
    general = {"AWS_ENDPOINT_URL": "http://g"}
    both = {**general, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": "http://s"}
    assert read_aws_settings({}, general).base_url == "http://g"
    assert read_aws_settings({}, both).base_url == "http://s"
    assert read_aws_settings({"api_base": "http://own"}, both).base_url == "http://own"
    ignored = {**both, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}
    assert read_aws_settings({}, ignored).base_url is None
    with pytest.raises(ConfigError, match="AWS_ENDPOINT_URL is not"):
        read_aws_settings({}, {"AWS_ENDPOINT_URL": "ftp://x"})


def test_settings_show_no_secret() -> None:
    """The printed form of settings has no key, secret or token in it (K5)."""
    settings = read_aws_settings({**KEYS, "aws_session_token": "token-text"}, {})
    for secret in ("AKIDEXAMPLE", "secret,", "'secret'", "token-text"):
        assert secret not in repr(settings)


async def test_equal_identities_share_a_provider() -> None:
    """Deployments with equal keys share one provider; a different token is a different identity."""
    identities = Identities()
    one = identities.provider(read_aws_settings({**KEYS, "aws_region_name": "eu-west-1"}, {}))
    same = identities.provider(read_aws_settings(KEYS, {}))
    other = identities.provider(read_aws_settings({**KEYS, "aws_session_token": "t"}, {}))
    chain = identities.provider(read_aws_settings({}, {}))
    assert one is same
    assert other is not one
    assert isinstance(one, StaticCredentials)
    assert isinstance(chain, RefreshingCredentials)
    assert chain is identities.provider(read_aws_settings({}, AMBIENT))
    assert set(identities.providers) == {one, other, chain}
    await one.prepare()
    assert await one.current() == Credentials("AKIDEXAMPLE", "secret", None)
    assert await other.current() == Credentials("AKIDEXAMPLE", "secret", "t")


@pytest.mark.parametrize("name", ["invocations", "openai_path"])
def test_transport(name: str) -> None:
    """The transport is the configuration's; without one, invocations."""
    assert read_aws_settings({"transport": name}, {}).transport == name
    assert read_aws_settings({}, {}).transport == "invocations"


def test_unknown_transport() -> None:
    """Nothing else is a transport."""
    with pytest.raises(ConfigError) as caught:
        read_aws_settings({"transport": "auto"}, {})
    assert caught.value.path == ("transport",)
