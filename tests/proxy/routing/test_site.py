"""What has a gate of its own, and what shares one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.base import Origin
from proxy.deployments import deployments
from proxy.routing.live import LiveState
from proxy.routing.site import Site
from tests.proxy.routing.sleepy import Sleepy, member, new_call
from tests.proxy.served import config, entry

ENVIRON = {"AWS_REGION": "eu-west-1"}
KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "s" * 40}


def site(model: str = "sagemaker_chat/e/c", **params: Any) -> Site:
    """The site of a deployment as it is configured."""
    (one,) = deployments(config(model_list=[entry("m", model, **params)]), ENVIRON)
    return one.site


@pytest.mark.parametrize(
    "same",
    [
        site(),
        site("sagemaker/e", model_id="c"),
        site(transport="openai_path"),
        site(temperature=0.5, timeout=1),
    ],
)
def test_one_component_is_one_site(same: Site) -> None:
    """However it is addressed, called and set up."""
    live = LiveState()
    gate = live.gates.of(site())
    assert live.gates.of(same) is gate
    assert list(live.gates) == [gate]


@pytest.mark.parametrize(
    "other",
    [
        site("sagemaker_chat/e/d"),
        site("sagemaker_chat/e"),
        site("sagemaker_chat/f/c"),
        site(aws_region_name="us-east-1"),
        site(sagemaker_base_url="https://vpce.example.com"),
        site(target_variant="v"),
        site(**KEYS),
    ],
)
def test_what_starts_by_itself_is_another(other: Site) -> None:
    """Another component, variant, region or account has nothing to do with this one's start."""
    assert other != site()


def test_a_request_may_choose_a_part() -> None:
    """A header, or component, that the client may choose leads to a gate of its own."""
    target = "x-amzn-sagemaker-target-model"
    one = member(Sleepy(), clients=frozenset({target}))
    chosen = Origin(headers=((target, "m.tar.gz"), ("x-amzn-sagemaker-session-id", "s")))
    refused = Origin(headers=(("x-amzn-sagemaker-target-variant", "v"),))
    assert one.gate_of(new_call()) is one.gate
    assert one.gate_of(new_call(origin=refused)) is one.gate
    assert one.gate_of(new_call(component="c")).site.component == "c"
    other = one.gate_of(new_call(origin=chosen))
    assert other.site.targets == {(target, "m.tar.gz")}
    assert one.gate_of(new_call(origin=chosen)) is other
