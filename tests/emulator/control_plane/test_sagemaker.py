from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.emulator.callers import REGION
from tests.emulator.control_plane.conftest import CONFIGURATION, ClientOf

AWS_REGISTRY = f"763104351884.dkr.ecr.{REGION}.amazonaws.com/"
ENDPOINTS: Any = CONFIGURATION["endpoints"]


def refused(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """Code and text of a botocore error."""
    error: Any = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_endpoint(client: ClientOf) -> None:
    """An endpoint tells its status, its variant and the image that runs there."""
    answer = client("sagemaker").describe_endpoint(EndpointName="plain")
    assert answer["EndpointStatus"] == "InService"
    assert answer["EndpointArn"] == f"arn:aws:sagemaker:{REGION}:111122223333:endpoint/plain"
    (variant,) = answer["ProductionVariants"]
    assert variant["VariantName"] == "AllTraffic"
    assert variant["DeployedImages"][0]["SpecifiedImage"].startswith(AWS_REGISTRY + "vllm:")
    assert variant["CurrentInstanceCount"] == 1
    assert "AsyncInferenceConfig" not in answer
    assert answer["CreationTime"].year == 2025


def test_states(client: ClientOf) -> None:
    """Status, serverless and asynchronous configuration are as they were set."""
    sagemaker = client("sagemaker")
    assert sagemaker.describe_endpoint(EndpointName="static")["EndpointStatus"] == "Updating"
    failed = sagemaker.describe_endpoint(EndpointName="old-chat")
    assert failed["EndpointStatus"] == "UpdateRollbackFailed"
    assert failed["FailureReason"]
    small = sagemaker.describe_endpoint(EndpointName="small")
    assert small["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 3072
    assert "OutputConfig" in small["AsyncInferenceConfig"]


@pytest.mark.parametrize(
    ("endpoint", "image", "environment"),
    [
        ("plain", AWS_REGISTRY + "vllm:", {"SM_VLLM_MODEL": "org/model"}),
        ("static", AWS_REGISTRY + "djl-inference:", {"OPTION_ROLLING_BATCH": "disable"}),
        (
            "old-chat",
            AWS_REGISTRY + "huggingface-pytorch-tgi-inference:",
            {"MESSAGES_API_ENABLED": "true"},
        ),
        ("own", f"111122223333.dkr.ecr.{REGION}.amazonaws.com/mine:1", {}),
    ],
)
def test_model(client: ClientOf, endpoint: str, image: str, environment: dict[str, str]) -> None:
    """The configuration leads to the model, and the model to image and variables."""
    sagemaker = client("sagemaker")
    name = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    model = config["ProductionVariants"][0]["ModelName"]
    container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
    assert container["Image"].startswith(image)
    assert container["Environment"] == environment


def test_configuration(client: ClientOf) -> None:
    """A serverless variant has no instances; a variant of components has no model."""
    sagemaker = client("sagemaker")
    small = sagemaker.describe_endpoint_config(EndpointConfigName="small-config")
    assert "ServerlessConfig" in small["ProductionVariants"][0]
    assert "InstanceType" not in small["ProductionVariants"][0]
    sleeps = sagemaker.describe_endpoint_config(EndpointConfigName="sleeps-config")
    assert "ModelName" not in sleeps["ProductionVariants"][0]
    routing = sleeps["ProductionVariants"][0]["RoutingConfig"]
    assert routing["RoutingStrategy"] == "PREFIX_AWARE"


def test_component(client: ClientOf) -> None:
    """A component tells its endpoint, its copies and its image; asleep it is still in service."""
    answer = client("sagemaker").describe_inference_component(InferenceComponentName="second")
    assert answer["EndpointName"] == "sleeps"
    assert answer["InferenceComponentStatus"] == "InService"
    assert answer["RuntimeConfig"] == {"DesiredCopyCount": 0, "CurrentCopyCount": 0}
    image = answer["Specification"]["Container"]["DeployedImage"]["SpecifiedImage"]
    assert "vllm" in image


def test_asleep_refuses_calls(client: ClientOf) -> None:
    """A component without copies answers a call as AWS does when there is no capacity."""
    with pytest.raises(ClientError) as caught:
        client("sagemaker-runtime").invoke_endpoint(
            EndpointName="sleeps", InferenceComponentName="sleeper", Body=b"{}"
        )
    code, text = refused(caught)
    assert code == "ValidationError"
    assert text.startswith("Inference Component has no capacity")


@pytest.mark.parametrize(
    ("operation", "parameter", "name"),
    [
        ("describe_endpoint", "EndpointName", "nowhere"),
        ("describe_endpoint_config", "EndpointConfigName", "plain"),
        ("describe_endpoint_config", "EndpointConfigName", "nowhere-config"),
        ("describe_model", "ModelName", "sleeps-model"),
        ("describe_inference_component", "InferenceComponentName", "nowhere"),
    ],
)
def test_missing(client: ClientOf, operation: str, parameter: str, name: str) -> None:
    """What does not exist is a ValidationException in AWS's words."""
    with pytest.raises(ClientError) as caught:
        getattr(client("sagemaker"), operation)(**{parameter: name})
    code, text = refused(caught)
    assert code == "ValidationException"
    assert text.startswith("Could not find ")
    assert name in text


def test_lists_come_in_pages(client: ClientOf) -> None:
    """Pages follow each other by their tokens, and lose and repeat nothing."""
    pages = (
        client("sagemaker")
        .get_paginator("list_endpoints")
        .paginate(PaginationConfig={"PageSize": 3})
    )
    found = [[row["EndpointName"] for row in page["Endpoints"]] for page in pages]
    assert [len(page) for page in found] == [3, 3, 2]
    assert [name for page in found for name in page] == list(ENDPOINTS)


def test_list_filters(client: ClientOf) -> None:
    """Endpoints are filtered by name and status, components by endpoint and variant."""
    sagemaker = client("sagemaker")
    named = sagemaker.list_endpoints(NameContains="st", StatusEquals="InService")["Endpoints"]
    assert [row["EndpointName"] for row in named] == ["stuck", "steady"]
    components = sagemaker.list_inference_components(
        EndpointNameEquals="sleeps", VariantNameEquals="AllTraffic"
    )["InferenceComponents"]
    assert [row["InferenceComponentName"] for row in components] == ["sleeper", "second"]


def test_tags(client: ClientOf) -> None:
    """An endpoint's tags are listed under its ARN; others have none."""
    sagemaker = client("sagemaker")
    arn = f"arn:aws:sagemaker:{REGION}:111122223333:endpoint/"
    tags = sagemaker.list_tags(ResourceArn=arn + "plain")["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "search", "stage": "prod"}
    assert sagemaker.list_tags(ResourceArn=arn + "nowhere")["Tags"] == []


@pytest.mark.parametrize("given", [{"SortBy": "Name"}, {"NextToken": "x"}])
def test_nothing_is_passed_over(client: ClientOf, given: dict[str, str]) -> None:
    """A parameter that is not emulated, or can't be used, is refused."""
    with pytest.raises(ClientError) as caught:
        client("sagemaker").list_endpoints(**given)
    assert refused(caught)[0] == "ValidationException"
