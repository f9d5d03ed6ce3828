"""Names with a `*`: which entry serves them, where they lead, and what no name ever reaches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.base import COMPONENT_NAME
from adapters.errors import ConfigError, ModelNotFound
from proxy import deployments
from tests.proxy.served import config, entry
from tests.proxy.wildcards.registries import (
    ENVIRON,
    HOSTILE,
    assert_missing,
    endpoints,
    registry_of,
)

ANY = entry("sm/*", "sagemaker_chat/*")


@pytest.mark.parametrize(
    ("name", "model", "asked", "endpoint"),
    [
        ("sm/*", "sagemaker_chat/*", "sm/a", "a"),
        ("*", "sagemaker/*", "a-b", "a-b"),
        ("sm/*", "sagemaker/team-*-prod", "sm/a", "team-a-prod"),
        ("*-chat", "sagemaker/openai/llm-*", "a-chat", "llm-a"),
        ("s-*-m", "sagemaker_nova/*", "s-A1-m", "A1"),
        ("sm/*", "sagemaker/*", "sm/" + "a" * 63, "a" * 63),
    ],
)
def test_the_text_in_place_of_one_star_goes_in_place_of_the_other(
    name: str, model: str, asked: str, endpoint: str
) -> None:
    """The endpoint's name is the configuration's, with what the client wrote in the gap."""
    pool = registry_of(entry(name, model)).pool(asked)
    (member,) = pool.members
    target = member.endpoint.target
    assert (pool.model, target.model, target.endpoint) == (asked, asked, endpoint)
    host = "https://runtime.sagemaker.eu-west-1.amazonaws.com"
    assert target.invoke_url == f"{host}/endpoints/{endpoint}/invocations"
    assert target.stream_url == f"{target.invoke_url}-response-stream"


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
@pytest.mark.parametrize("model", ["sagemaker_chat/*", "sagemaker/*", "sagemaker/team-*-prod"])
def test_what_is_no_endpoint_is_not_found(model: str, text: str) -> None:
    """No name that SageMaker does not allow becomes an address, whatever stands around it."""
    inner = {"-a", "a-", "*"} if "team" in model else set[str]()
    models = registry_of(entry("sm/*", model))
    if text in inner - {"*"}:  # inside a name a hyphen is a character like others
        assert endpoints(models.pool(f"sm/{text}")) == [f"team-{text}-prod"]
    else:
        assert_missing(models, f"sm/{text}")


@given(st.text())
def test_every_address_is_one_that_sagemaker_allows(text: str) -> None:
    """Whatever a client asks for, it is not found, or leads to a name of letters and digits."""
    models = registry_of(entry("*", "sagemaker/*"), entry("sm/*", "sagemaker/a-*"))
    for name in (text, f"sm/{text}"):
        try:
            (endpoint,) = endpoints(models.pool(name))
        except ModelNotFound:
            continue
        assert COMPONENT_NAME.fullmatch(endpoint)


def test_exact_names_come_first_then_the_longest_pattern() -> None:
    """Whatever the order in the file; what the longest does not reach, no shorter one serves."""
    models = registry_of(
        entry("*", "sagemaker/any-*"),
        entry("sm/*", "sagemaker/sm-*"),
        entry("sm/chat-*", "sagemaker/chat-*", allowed_endpoints=["chat-a"]),
        entry("sm/chat-a-exact", "sagemaker/exact"),
    )
    assert endpoints(models.pool("sm/chat-a-exact")) == ["exact"]
    assert endpoints(models.pool("sm/chat-a")) == ["chat-a"]
    assert endpoints(models.pool("sm/a")) == ["sm-a"]
    assert endpoints(models.pool("a")) == ["any-a"]
    assert_missing(models, "sm/chat-b")


def test_of_patterns_of_equal_length_the_first_decides() -> None:
    """The configuration's order settles it."""
    models = registry_of(entry("a*", "sagemaker/first-*"), entry("*b", "sagemaker/second-*"))
    assert endpoints(models.pool("a1b")) == ["first-1b"]


def test_the_list_of_endpoints_bounds_what_is_reached() -> None:
    """It names endpoints, not public names; its `*` stands for any text, also none."""
    models = registry_of(entry("sm/*", "sagemaker/t-*", allowed_endpoints=["t-a", "t-b*", "*-z-*"]))
    for name in ("a", "b", "b1", "1-z-2"):
        assert endpoints(models.pool(f"sm/{name}")) == [f"t-{name}"]
    for name in ("c", "a1", "t-a", "z", "A"):
        assert_missing(models, f"sm/{name}")


def test_entries_of_one_pattern_are_one_model_where_both_reach() -> None:
    """Two regions share the load of the endpoints that both have."""
    models = registry_of(
        entry("sm/*", "sagemaker/*", allowed_endpoints=["a", "b"]),
        entry("sm/*", "sagemaker/*", allowed_endpoints=["b"], aws_region_name="eu-west-2"),
    )
    assert [each.endpoint.target.region for each in models.pool("sm/b").members] == [
        "eu-west-1",
        "eu-west-2",
    ]
    assert len(models.pool("sm/a").members) == 1


def test_a_model_is_made_once_and_the_least_wanted_goes_first() -> None:
    """What an endpoint has shown of itself stays while it is asked for; memory stays bounded."""
    models = registry_of(ANY)
    first = models.pool("sm/a")
    second = models.pool("sm/b")
    assert models.pool("sm/a") is first
    for number in range(1023):
        models.pool(f"sm/x{number}")
    assert models.pool("sm/a") is first
    again = models.pool("sm/b")
    assert again is not second
    assert again.members[0].endpoint.id == second.members[0].endpoint.id
    assert again.members[0].live is second.members[0].live, "as long as somebody has it"
    assert again.members[0].endpoint.invoker is second.members[0].endpoint.invoker


def test_ids_are_the_same_every_time_and_differ_by_name_and_entry() -> None:
    """Logs and headers tell deployments apart across restarts and evictions."""
    named = {**entry("n/*", "sagemaker/*"), "model_info": {"id": "mine", "mode": "chat"}}

    def ids() -> list[str]:
        models = registry_of(ANY, ANY, named)
        pools = [models.pool(name) for name in ("sm/a", "sm/b", "n/a")]
        return [member.endpoint.id for pool in pools for member in pool.members]

    first = ids()
    assert len(set(first)) == 5
    assert ids() == first


@pytest.mark.parametrize(
    ("params", "key"),
    [
        ({"model": "sagemaker/-*"}, "model"),
        ({"model": "sagemaker/" + "a" * 63 + "*"}, "model"),
        ({"model": "sagemaker/a_*"}, "model"),
        ({"format": "tgj"}, "format"),
        ({"temperature": []}, "temperature"),
        ({"aws_access_key_id": "AKID"}, "aws_access_key_id"),
    ],
)
def test_what_can_never_work_is_refused_at_start(params: dict[str, Any], key: str) -> None:
    """An entry is checked although nobody knows yet which endpoints it will serve."""
    settings = config(model_list=[entry("sm/*", **{"model": "sagemaker/*", **params})])
    (fault,) = deployments.faults(settings, ENVIRON)
    assert fault.path == ("model_list", 0, "litellm_params", key)
    with pytest.raises(ConfigError):
        deployments.wildcards(settings, ENVIRON)


def test_settings_hold_for_every_endpoint(tmp_path: Path) -> None:
    """Defaults, times and the template are the entry's; the template's file is read once."""
    template = tmp_path / "template.jinja"
    template.write_text("{% for m in messages %}<{{ m.content }}>{% endfor %}")
    settings = {"top_k": 5, "timeout": 7, "chat_template": str(template), "body_model": "endpoint"}
    models = registry_of(entry("sm/*", "sagemaker/*", **settings))
    template.unlink()
    (member,) = models.pool("sm/a").members
    target = member.endpoint.target
    assert (member.times.total, target.defaults, target.body_model) == (7, {"top_k": 5}, "a")
    assert target.prompt is not None
    assert target.prompt.render([{"role": "user", "content": "Hi"}]) == "<Hi>"


def test_an_endpoints_name_chooses_its_template_and_dialect() -> None:
    """What an endpoint's name decides is decided by the name that a client gave."""
    models = registry_of(entry("sm/*", "sagemaker/*"))
    (plain,) = models.pool("sm/a").members
    (llama,) = models.pool("sm/meta-llama-3-8b-instruct").members
    (voyage,) = models.pool("sm/voyage-2").members
    assert plain.endpoint.target.prompt is None
    assert llama.endpoint.target.prompt is not None
    assert plain.endpoint.format.embedding is not voyage.endpoint.format.embedding


def test_the_start_names_the_risk_of_a_wildcard_without_bounds() -> None:
    """Whoever may call can then call every endpoint whose name fits, which nobody listed."""
    models = [
        ANY,
        entry("a/*", "sagemaker/*", allowed_endpoints=["*"]),
        entry("b/*", "sagemaker/*", discover={}),
        entry("c/*", "sagemaker/*", mock_response="x"),
        entry("exact", "sagemaker_chat/e"),
    ]
    settings = config(model_list=models)
    exact, *lines = deployments.describe(settings, ENVIRON)
    assert exact.model == "exact"
    assert [line.model for line in lines if line.unbounded] == ["sm/*"]
    assert (lines[0].endpoint, lines[0].plain_prompt) == ("*", False)
