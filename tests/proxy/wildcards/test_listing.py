"""Discovery: what of an account is listed, what that bounds, and what a failure changes."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from proxy.registry import Registry
from tests.proxy.served import entry
from tests.proxy.wildcards.account import DENIED, THROTTLED, ScriptedAccount
from tests.proxy.wildcards.registries import assert_missing, endpoints, registry_of

LIVE = {"t-a": "InService", "t-b": "Updating"}


def discovering(account: ScriptedAccount, discover: Any = None, **params: Any) -> Registry:
    """Give a registry with `sm/*` for the endpoints `t-*`."""
    return registry_of(
        entry("sm/*", "sagemaker_chat/t-*", discover=discover or {}, **params), account=account
    )


async def refresh(models: Registry) -> list[str]:
    """Refresh everything once; give the events that were logged."""
    with capture_logs() as logs:
        for listing in models.listings:
            await listing.refresh()
    return [line["event"] for line in logs]


async def test_endpoints_that_serve_and_fit_are_listed() -> None:
    """Under the public names that reach them, sorted, each with AWS's word for its state."""
    other = ["Creating", "Deleting", "Failed", "OutOfService", "UpdateRollbackFailed"]
    account = ScriptedAccount(
        {
            "t-d": "SystemUpdating",
            "t-c": "RollingBack",
            **LIVE,
            **{f"t-x{number}": status for number, status in enumerate(other)},
            "u-a": "InService",
            "t-": "InService",
        }
    )
    models = discovering(account)
    assert models.models() == {}
    await refresh(models)
    assert list(models.models().items()) == [
        ("sm/a", "InService"),
        ("sm/b", "Updating"),
        ("sm/c", "RollingBack"),
        ("sm/d", "SystemUpdating"),
    ]
    assert account.calls == ["list_endpoints None"]


@pytest.mark.parametrize(
    ("discover", "names"),
    [
        ({"name_contains": "-b"}, ["sm/b"]),
        ({"tags": {"team": "x"}}, ["sm/a", "sm/c"]),
        ({"tags": {"team": "x", "stage": "prod"}}, ["sm/a"]),
        ({"tags": {"team": "z"}}, []),
    ],
)
async def test_names_and_tags_choose(discover: dict[str, Any], names: list[str]) -> None:
    """All of what is named must be true of an endpoint."""
    account = ScriptedAccount(
        {**LIVE, "t-c": "InService", "u-a": "InService"},
        tags={"t-a": {"team": "x", "stage": "prod"}, "t-b": {"team": "y"}, "t-c": {"team": "x"}},
    )
    models = discovering(account, discover)
    await refresh(models)
    assert list(models.models()) == names
    assert "list_tags arn:u-a" not in account.calls


async def test_components_stand_for_their_endpoint() -> None:
    """They are listed, and called, by endpoint and name; other endpoints as ever."""
    account = ScriptedAccount(
        {**LIVE, "t-c": "InService"},
        components={
            "t-a": {"one": "InService", "two": "Updating", "three": "Creating"},
            "t-c": {"dead": "Failed"},
        },
    )
    models = discovering(account, {"components": True})
    await refresh(models)
    assert models.models() == {
        "sm/a/one": "InService",
        "sm/a/two": "Updating",
        "sm/b": "Updating",
    }
    (member,) = models.pool("sm/a/one").members
    assert member.endpoint.target.endpoint == "t-a"
    assert member.endpoint.target.inference_component == "one"
    for name in ("sm/a", "sm/a/three", "sm/b/one", "sm/a/one/two", "sm/c", "sm/c/dead"):
        assert_missing(models, name)


async def test_the_list_bounds_what_is_reached() -> None:
    """What AWS did not show is not found, and what it shows no more is not found any more."""
    account = ScriptedAccount(dict(LIVE))
    models = discovering(account)
    await refresh(models)
    before = models.pool("sm/a")
    assert_missing(models, "sm/c")
    account.endpoints = {"t-a": "InService", "t-c": "InService"}
    await refresh(models)
    assert models.pool("sm/a") is before
    assert endpoints(models.pool("sm/c")) == ["t-c"]
    assert_missing(models, "sm/b")


async def test_both_bounds_hold() -> None:
    """What is listed is what AWS shows and the configuration allows; others cost no calls."""
    account = ScriptedAccount(dict(LIVE), tags={name: {"k": "v"} for name in LIVE})
    models = discovering(account, {"tags": {"k": "v"}}, allowed_endpoints=["t-a", "t-z"])
    await refresh(models)
    assert list(models.models()) == ["sm/a"]
    assert_missing(models, "sm/b")
    assert_missing(models, "sm/z")
    assert account.calls == ["list_endpoints None", "list_tags arn:t-a"]


@pytest.mark.parametrize("error", [None, DENIED, THROTTLED, KeyError("EndpointName")])
async def test_before_the_first_answer_only_the_configurations_names_are_served(
    error: Exception | None,
) -> None:
    """No answer opens nothing that nobody named, and closes nothing that somebody did."""
    account = ScriptedAccount(dict(LIVE), error=error)
    bounded = discovering(account, {"components": True}, allowed_endpoints=["t-a"])
    unbounded = discovering(account)
    if error is not None:
        await refresh(bounded)
        await refresh(unbounded)
    assert endpoints(bounded.pool("sm/a")) == ["t-a"]
    assert endpoints(bounded.pool("sm/a/part")) == ["t-a"]
    assert_missing(bounded, "sm/b")
    assert_missing(bounded, "sm/a/b/c")
    assert_missing(unbounded, "sm/a")
    assert bounded.models() == unbounded.models() == {}


@pytest.mark.parametrize("error", [DENIED, THROTTLED, ValueError("a bug")])
async def test_a_failure_keeps_what_was_found(error: Exception) -> None:
    """Not even a permission that is taken away may stop endpoints that serve."""
    account = ScriptedAccount(dict(LIVE))
    models = discovering(account)
    await refresh(models)
    account.error = error
    await refresh(models)
    assert list(models.models()) == ["sm/a", "sm/b"]
    assert endpoints(models.pool("sm/a")) == ["t-a"]


async def test_trouble_is_told_once_until_it_changes_or_ends() -> None:
    """A log that repeats itself every five minutes is not read; silence would hide a new cause."""
    account = ScriptedAccount(dict(LIVE), error=DENIED)
    models = discovering(account)
    assert await refresh(models) == ["discovery.denied"]
    assert await refresh(models) == []
    account.error = THROTTLED
    assert await refresh(models) == ["discovery.failed"]
    account.error = None
    assert await refresh(models) == ["discovery.changed"]
    assert await refresh(models) == []
    account.error = THROTTLED
    assert await refresh(models) == ["discovery.failed"]


async def test_a_missing_permission_is_named() -> None:
    """The operator reads which permission it takes, for which model, and what is served now."""
    models = discovering(ScriptedAccount(error=DENIED))
    with capture_logs() as logs:
        await models.listings[0].refresh()
    (line,) = logs
    assert line["log_level"] == "warning"
    assert line["model"] == "sm/*"
    assert "sagemaker:ListEndpoints" in line["needs"]
    assert line["serves"] == "nothing but allowed_endpoints"


async def test_a_name_is_listed_where_it_leads() -> None:
    """What an exact name or a longer pattern takes is not listed as something else."""
    account = ScriptedAccount({"t-a": "InService", "t-chat-b": "InService"})
    models = registry_of(
        entry("sm/*", "sagemaker_chat/t-*", discover={}),
        entry("sm/chat-*", "sagemaker_chat/*"),
        entry("sm/a", "sagemaker_chat/other"),
        account=account,
    )
    await refresh(models)
    assert models.models() == {"sm/a": None}


async def test_accounts_of_one_pattern_are_listed_together() -> None:
    """Each name once, with the first account's word; each served by the accounts that have it."""
    accounts = [ScriptedAccount({"a": "InService"}), ScriptedAccount({"a": "Updating"})]
    accounts[1].endpoints["b"] = "InService"
    one = registry_of(entry("sm/*", "sagemaker/*", discover={}), account=accounts[0])
    assert await refresh(one) == ["discovery.changed"]
    both = registry_of(
        entry("sm/*", "sagemaker/*", discover={}),
        entry("sm/*", "sagemaker/*", discover={"name_contains": "b"}),
        account=accounts[1],
    )
    await refresh(both)
    assert both.models() == {"sm/a": "Updating", "sm/b": "InService"}
    assert len(both.pool("sm/b").members) == 2
    assert len(both.pool("sm/a").members) == 1


async def test_cards_show_the_pattern_and_what_was_found() -> None:
    """An operator sees what serves where, discovered deployments with their state and own id."""
    account = ScriptedAccount({"t-a": "InService"}, components={"t-a": {"c": "InService"}})
    models = discovering(account, {"components": True})
    await refresh(models)
    pattern, found = models.cards()
    assert pattern["model_name"] == "sm/*"
    assert pattern["litellm_params"]["model"] == "sagemaker_chat/t-*"
    assert found["model_name"] == "sm/a/c"
    assert found["litellm_params"] == {
        "model": "sagemaker_chat/t-a",
        "aws_region_name": "eu-west-1",
        "model_id": "c",
    }
    (member,) = models.pool("sm/a/c").members
    assert found["model_info"] == {
        "id": member.endpoint.id,
        "format": "messages",
        "status": "InService",
    }
    member.endpoint.memory.reply_shapes.add("tgi")
    assert models.cards()[1]["model_info"]["reply_shapes"] == ["tgi"]
    assert {**found["litellm_params"]} == models.cards()[1]["litellm_params"]
