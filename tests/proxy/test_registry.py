"""The registry: what only the adapters know is checked at start, with its place."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.errors import ConfigError, ModelNotFound
from proxy import deployments, registry
from proxy.config.schema import ProxyConfig
from proxy.policies import Policies
from proxy.routing.live import LiveState
from tests.adapters.scripted import ScriptedInvoker
from tests.proxy.served import config, entry, served

SESSION = "X-Amzn-SageMaker-Session-Id"
ENVIRON = {"AWS_REGION": "eu-west-1"}
KEYS = {"aws_access_key_id": "AKIDONE", "aws_secret_access_key": "secret"}


def one(model: str = "sagemaker/e", **params: Any) -> ProxyConfig:
    return config(model_list=[entry("m", model, **params)])


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"model": "sagemaker/a_b"}, "model"),
        ({"model": "sagemaker/" + "a" * 64}, "model"),
        ({"model_id": "a/b"}, "model_id"),
        ({"format": "tgj"}, "format"),
        ({"aws_access_key_id": "AKID"}, "aws_access_key_id"),
        ({"aws_region_name": "Ireland!"}, "aws_region_name"),
        ({"max_tokens": "lots"}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"temperature": [1]}, "temperature"),
        ({"stream": True}, "stream"),
        ({"extra_headers": {"X-Other": "a"}}, "X-Other"),
        (
            {"extra_headers": {"X-Amzn-SageMaker-Session-Id": "a\r\nb"}},
            "X-Amzn-SageMaker-Session-Id",
        ),
        ({"extra_body": {"messages": []}}, "messages"),
    ],
)
def test_faults_have_a_path(settings: dict[str, Any], key: str) -> None:
    """What can't work is refused at start, naming the key, not at the first request."""
    (fault,) = deployments.faults(one(**{"model": "sagemaker/e", **settings}), ENVIRON)
    assert fault.path[:3] == ("model_list", 0, "litellm_params")
    assert fault.path[-1] == key
    with pytest.raises(ConfigError):
        deployments.deployments(one(**{"model": "sagemaker/e", **settings}), ENVIRON)


def test_the_faults_of_all_deployments_are_told_at_once() -> None:
    """An operator repairs a file in one go, not one entry after another."""
    models = [entry(name, f"sagemaker/{name}") for name in ("a_b", "good", "c_d")]
    found = deployments.faults(config(model_list=models), ENVIRON)
    assert [fault.path[1] for fault in found] == [0, 2]


def test_a_number_that_json_can_not_hold_is_refused_at_start() -> None:
    """Such a default would break every request."""
    (fault,) = deployments.faults(one(own_parameter=2**80), ENVIRON)
    assert "written as JSON" in fault.message


def test_numbers_may_come_as_text() -> None:
    """`os.environ/NAME` gives text: OpenAI's numbers are read out of it, other values stay."""
    settings = one(temperature="0", max_tokens="80", top_k="5", stop="1")
    (deployment,) = deployments.deployments(settings, ENVIRON)
    assert deployment.target.defaults == {
        "temperature": 0.0,
        "max_tokens": 80,
        "top_k": "5",
        "stop": "1",
    }


@pytest.mark.parametrize(
    ("model", "key"),
    [
        ("sagemaker/my-Cohere-embed", "texts"),
        ("sagemaker/voyage-2", "input"),
        ("sagemaker/x", "inputs"),
    ],
)
async def test_a_vendors_name_chooses_the_embedding_dialect(model: str, key: str) -> None:
    """As with LiteLLM, endpoints named after Cohere or Voyage are asked as those want it."""
    script = ScriptedInvoker(replies=[{"surprise": 1}])
    async with served(script, one(model)) as client:
        await client.post("/embeddings", json={"model": "m", "input": "a"})
    assert key in script.bodies[0]


def test_ids_are_derived_from_what_a_deployment_is() -> None:
    """An id stays when other entries come and go, and differs with the identity; none repeats."""
    first = entry("m", "sagemaker/e", **KEYS)
    second = entry("m", "sagemaker/e", **{**KEYS, "aws_access_key_id": "AKIDTWO"})
    own = {**entry("m", "sagemaker/e"), "model_info": {"id": "mine"}}
    both = deployments.deployments(config(model_list=[first, second, own, second]), ENVIRON)
    alone = deployments.deployments(config(model_list=[second]), ENVIRON)
    ids = [each.id for each in both]
    assert len(set(ids)) == 4
    assert alone[0].id == ids[1]
    assert ids[2] == "mine"


def test_times_come_from_the_nearest_setting() -> None:
    """The model's own, the router's, then the general one; a stream's falls back to the whole's."""
    cases: list[tuple[dict[str, Any], dict[str, Any], tuple[float, float]]] = [
        ({}, {}, (600, 600)),
        ({"timeout": 5}, {}, (5, 5)),
        ({"stream_timeout": 3}, {"router_settings": {"timeout": 9}}, (9, 3)),
        ({}, {"router_settings": {"stream_timeout": 2}}, (600, 2)),
        ({}, {"litellm_settings": {"request_timeout": 7}}, (7, 7)),
    ]
    for params, sections, expected in cases:
        settings = config(model_list=[entry("m", "sagemaker/e", **params)], **sections)
        (deployment,) = deployments.deployments(settings, ENVIRON)
        assert (deployment.times.total, deployment.times.of_stream(600).idle) == expected


def test_the_banner_describes_each_deployment() -> None:
    """Operators see what serves where, and a region that nobody named."""
    settings = config(
        model_list=[entry("a", "sagemaker/e", **KEYS), entry("b", "sagemaker_chat/f")]
    )
    first, second = deployments.describe(settings, {})
    assert (first.model, first.endpoint, first.format) == ("a", "e", "huggingface")
    assert first.identity == "static keys"
    assert (second.format, second.identity) == ("messages", "default AWS chain")
    assert (second.region, second.region_assumed) == ("us-west-2", True)


def test_a_field_is_permitted_where_every_deployment_permits_it() -> None:
    """Clients of a group may choose only what each of its deployments lets them choose."""
    open_one = entry("m", "sagemaker/e", configurable_clientside_auth_params=["model_id"])
    for models, expected in (
        ([open_one, open_one], {"model_id"}),
        ([open_one, entry("m", "sagemaker/e")], set()),
    ):
        built = deployments.deployments(config(model_list=models), ENVIRON)
        made = registry.build(
            built,
            lambda _: ScriptedInvoker(),
            live=LiveState(),
            policies=Policies(),
            report=lambda _: None,
        )
        assert made.pool("m").permitted_fields == expected
        with pytest.raises(ModelNotFound):
            made.pool("n")
