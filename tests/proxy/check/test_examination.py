"""Which questions a deployment leads to, and what unusual answers do; AWS is a script."""

from dataclasses import replace
from typing import Any

import pytest

from adapters.errors import UpstreamError
from proxy.check.examination import Examination
from proxy.check.finding import Finding
from proxy.check.row import Row, row_of
from proxy.deployments import deployments
from tests.proxy.served import config, entry

CALLER = "arn:aws:sts::111122223333:assumed-role/Gate/s"
ENDPOINT_ARN = "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/e"
ENDPOINT = {
    "EndpointStatus": "InService",
    "EndpointConfigName": "c",
    "EndpointArn": ENDPOINT_ARN,
    "ProductionVariants": [{"DeployedImages": [{"SpecifiedImage": "r/vllm:1"}]}],
}
CONFIG = {"ProductionVariants": [{"ModelName": "m"}]}
MODEL = {"PrimaryContainer": {"Image": "r/vllm:1"}}
COMPONENT = {
    "InferenceComponentName": "part",
    "InferenceComponentStatus": "InService",
    "EndpointName": "e",
    "RuntimeConfig": {"CurrentCopyCount": 1},
    "Specification": {"ModelName": "m"},
}
USUAL = {
    "describe_endpoint": ENDPOINT,
    "describe_endpoint_config": CONFIG,
    "describe_model": MODEL,
    "describe_component": COMPONENT,
    "simulate": "allowed",
    "scalable_target": {"MinCapacity": 0},
    "scaling_policies": [],
}
DENIED = UpstreamError("No.", code="AccessDeniedException", detail="AccessDeniedException: no")


class ScriptedPlane:
    """Answers each question from a table; an exception in it is raised."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {**USUAL, **answers}
        self.asked: list[tuple[Any, ...]] = []

    async def ask(self, operation: str, *arguments: Any) -> Any:
        self.asked.append((operation, *arguments))
        answer = self.answers[operation]
        if isinstance(answer, Exception):
            raise answer
        return answer


def row(**changes: Any) -> Row:
    """Give the row of a chat deployment, with changes."""
    model = entry("m", "sagemaker_chat/e", aws_region_name="eu-west-1")
    settings = config(model_list=[model])
    (made,) = deployments(settings, {})
    return replace(row_of(made, {}), **changes)


async def found(plane: ScriptedPlane, row: Row, caller: str | None = CALLER) -> list[Finding]:
    """Examine a deployment."""
    return await Examination(row, plane.ask, caller).findings()


async def test_the_native_path_needs_two_permissions() -> None:
    """A deployment on the native OpenAI path may call with a token as well as invoke."""
    plane = ScriptedPlane()
    await found(plane, row(transport="openai_path"))
    assert [each[1:] for each in plane.asked if each[0] == "simulate"] == [
        ("arn:aws:iam::111122223333:role/Gate", "sagemaker:InvokeEndpoint", ENDPOINT_ARN),
        ("arn:aws:iam::111122223333:role/Gate", "sagemaker:CallWithBearerToken", "*"),
    ]


async def test_a_component_needs_the_permission_too() -> None:
    """AWS looks at the endpoint and at the component: both are asked about, each once."""
    plane = ScriptedPlane()
    told = await found(plane, row(inference_component="part"))
    component = ENDPOINT_ARN.replace("endpoint/e", "inference-component/part")
    asked = [each[3] for each in plane.asked if each[0] == "simulate"]
    assert asked == [ENDPOINT_ARN, component]
    assert [each.level for each in told if each.check == "permission"] == ["ok"]
    plane = ScriptedPlane(simulate=DENIED)
    told = await found(plane, row(inference_component="part"))
    assert [each.level for each in told if each.check == "permission"] == ["unknown"]


async def test_permissions_without_the_endpoint() -> None:
    """An endpoint that may not be seen has its ARN worked out; without a caller nobody is asked."""
    plane = ScriptedPlane(describe_endpoint=DENIED)
    told = await found(plane, row(endpoint="E"))
    assert plane.asked[-1][-1] == ENDPOINT_ARN
    assert [(each.level, each.check) for each in told] == [
        ("unknown", "endpoint"),
        ("ok", "permission"),
    ]
    await found(nobody := ScriptedPlane(), row(), caller=None)
    assert "simulate" not in [each[0] for each in nobody.asked]


async def test_a_components_model_tells_the_image() -> None:
    """Where a component has no container of its own, its model's counts."""
    plane = ScriptedPlane(describe_endpoint_config={"ProductionVariants": [{}]})
    told = await found(plane, row(inference_component="part", format="tgi"))
    assert ("describe_model", "m") in plane.asked
    levels = {each.check: each.level for each in told}
    assert levels["format"] == "warning"
    assert levels["wake_up"] == "warning"


@pytest.mark.parametrize("model", [DENIED, {"Containers": [{"Image": "a"}, {"Image": "b"}]}])
async def test_a_variants_image_is_the_last_resort(model: Any) -> None:
    """A model that can't be read, or is a pipeline, leaves the image that the variant runs."""
    told = await found(ScriptedPlane(describe_model=model), row())
    assert Finding(level="ok", check="format", text="format messages suits vLLM") in told


async def test_no_image_no_word() -> None:
    """Without any image nothing is said about the format."""
    plane = ScriptedPlane(
        describe_endpoint={**ENDPOINT, "ProductionVariants": []}, describe_endpoint_config=DENIED
    )
    told = await found(plane, row())
    assert [each.check for each in told if each.check == "format"] == []


async def test_steady_components_are_left_alone() -> None:
    """A component that never sleeps needs no alarm, and its policies are not asked for."""
    plane = ScriptedPlane(scalable_target=None)
    await found(plane, row(inference_component="part"))
    assert "scaling_policies" not in [each[0] for each in plane.asked]
    denied = ScriptedPlane(scaling_policies=DENIED)
    told = await found(denied, row(inference_component="part"))
    assert [each.level for each in told if each.check == "wake_up"] == ["unknown"]
