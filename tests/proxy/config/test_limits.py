"""Rate limits and Redis in the configuration, and what comes of them in answers."""

from __future__ import annotations

import sys

import pytest

from proxy.deployments import faults
from proxy.model_names import unknown_names
from proxy.policies import redis_settings
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.config.workbench import Workbench
from tests.proxy.served import CHAT, COMPLETION, config, served

MODEL = """\
model_list:
  - {model_name: m, litellm_params: {model: sagemaker/e, aws_region_name: eu-west-1}}
"""


@pytest.mark.parametrize(
    ("keys", "url"),
    [
        ("redis_url: 'rediss://user:p@redis.internal:7000/2'", None),
        ("redis_host: redis.internal", "redis://redis.internal:6379/0"),
        (
            "redis_host: h, redis_port: 7000, redis_password: 'p@:/', redis_db: 3",
            "redis://:p%40%3A%2F@h:7000/3",
        ),
        ("redis_host: '::1', redis_port: 7000", "redis://[::1]:7000/0"),
    ],
)
def test_redis_by_url_or_by_parts(bench: Workbench, keys: str, url: str | None) -> None:
    """Both say the same; no representation shows the password."""
    loaded = bench.load(f"{MODEL}router_settings: {{{keys}}}\n")
    redis = redis_settings(loaded.config)
    assert redis is not None
    assert redis.url == url or (url is None and redis.url in keys)
    assert redis.fail_open
    assert "p@" not in repr(loaded.config) + repr(redis)
    assert loaded.notices == ()


def test_without_redis_limits_are_this_machines_own(bench: Workbench) -> None:
    """No key, no Redis."""
    assert redis_settings(bench.load(MODEL).config) is None


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("redis_url: 'http://redis'", "expected redis://"),
        ("redis_url: 'redis://h:x'", "expected redis://"),
        ("redis_url: 'redis://h', redis_db: 1", "redis_url already says"),
        ("redis_port: 1", "need redis_host"),
        ("limits_without_redis: maybe", "limits_without_redis: expected"),
        ("model_group_limits: {m: {rpm: 0}}", "rpm"),
        ("model_group_limits: {m: {rmp: 1}}", "model_group_limits.m.rmp: unknown key"),
    ],
)
def test_what_is_wrong_is_told(bench: Workbench, keys: str, problem: str) -> None:
    """A limit that would not hold is an error at start."""
    text = f"{MODEL}router_settings: {{{keys}}}\n"
    assert problem in "\n".join(bench.problems(text))


def test_limits_of_models_that_do_not_exist_are_told(bench: Workbench) -> None:
    """A limit of a misspelt name would hold for nobody."""
    limits = "{m: {rpm: 1}, other: {rpm: 1}}"
    loaded = bench.load(f"{MODEL}router_settings: {{model_group_limits: {limits}}}\n")
    (fault,) = unknown_names(loaded.config)
    assert fault.path == ("router_settings", "model_group_limits", "other")


def test_a_limit_of_an_alias_is_told(bench: Workbench) -> None:
    """Requests count for the model behind it: a limit of the alias alone would hold for nobody."""
    keys = "{model_group_alias: {other: m}, model_group_limits: {other: {rpm: 1}}}"
    loaded = bench.load(f"{MODEL}router_settings: {keys}\n")
    (fault,) = unknown_names(loaded.config)
    assert fault.path == ("router_settings", "model_group_limits", "other")
    assert "'m'" in fault.message


@pytest.mark.parametrize(
    "keys",
    [
        "model_group_limits: {'team/*': {rpm: 1}}",
        "model_group_retry_policy: {'team/*': {TimeoutErrorRetries: 1}}",
        "fallbacks: [{'team/*': [m]}]",
        "fallbacks: [{m: ['team/*']}]",
        "default_fallbacks: ['team/*']",
        "model_group_alias: {other: 'team/*'}",
    ],
)
def test_a_wildcards_own_name_is_told_where_it_would_do_nothing(
    bench: Workbench, keys: str
) -> None:
    """What holds for a model is found by the model's own name; a wildcard's is nobody's."""
    wildcard = "{model_name: team/*, litellm_params: {model: sagemaker/*}}"
    loaded = bench.load(f"{MODEL}  - {wildcard}\nrouter_settings: {{{keys}}}\n")
    (fault,) = unknown_names(loaded.config)
    assert "stands for many models" in fault.message


def test_redis_without_its_package_is_told(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install is said at the start, not by the first request."""
    loaded = bench.load(f"{MODEL}router_settings: {{redis_host: h}}\n")
    assert faults(loaded.config, {}) == []
    monkeypatch.setitem(sys.modules, "redis", None)
    (fault,) = faults(loaded.config, {})
    assert fault.path == ("router_settings", "redis_host")
    assert "pip install 'sagegate[redis]'" in fault.message


async def test_a_model_at_its_limit_answers_429() -> None:
    """With the time until it would pass, the numbers in OpenAI's headers, and nothing asked."""
    script = ScriptedInvoker(replies=[COMPLETION] * 3)
    limits = {"chat": {"rpm": 2, "tpm": 5000}}
    async with served(script, config(router_settings={"model_group_limits": limits})) as client:
        for left in ("1", "0"):
            answer = await client.post("/v1/chat/completions", json=CHAT)
            assert answer.status_code == 200
            assert answer.headers["x-ratelimit-limit-requests"] == "2"
            assert answer.headers["x-ratelimit-remaining-requests"] == left
            assert answer.headers["x-ratelimit-limit-tokens"] == "5000"
        refused = await client.post("/v1/chat/completions", json=CHAT)
    assert refused.status_code == 429
    assert 55 <= int(refused.headers["retry-after"]) <= 61
    error = refused.json()["error"]
    assert error["type"] == "rate_limit_error"
    assert error["message"].startswith("Limit reached for model chat: 2 requests per minute.")
    assert len(script.calls) == 2
