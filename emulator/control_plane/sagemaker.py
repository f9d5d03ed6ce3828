"""SageMaker's operations that describe and list endpoints and what they are made of.

Each endpoint has one variant, one configuration and, unless it has inference components, one model;
their names are the endpoint's with an ending.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.control_plane.asked import CREATED, Answer, Asked, invalid, operation
from emulator.control_plane.images import environment_of, image_of
from emulator.endpoints import Endpoint

_TIMES = {"CreationTime": CREATED, "LastModifiedTime": CREATED}
_CONFIG, _MODEL = "-config", "-model"
#: Entries on a page, unless a call says.
_PAGE = 10


def _describe_endpoint(asked: Asked) -> Answer:
    name = asked.required("EndpointName")
    endpoint = _endpoint(asked, name, "endpoint")
    failed = {"FailureReason": "Failed on request."} if "Failed" in endpoint.status else {}
    return {
        **_summary(asked, name, endpoint),
        "EndpointConfigName": name + _CONFIG,
        "ProductionVariants": [_running_variant(asked, endpoint)],
        **_asynchronous(endpoint),
        **failed,
    }


def _running_variant(asked: Asked, endpoint: Endpoint) -> Answer:
    variant: Answer = {
        "VariantName": endpoint.variant,
        "CurrentWeight": 1.0,
        "DesiredWeight": 1.0,
        "RoutingConfig": {"RoutingStrategy": endpoint.routing_strategy},
    }
    if endpoint.serverless:
        variant["CurrentServerlessConfig"] = {"MemorySizeInMB": 3072, "MaxConcurrency": 5}
    else:
        variant |= {"CurrentInstanceCount": 1, "DesiredInstanceCount": 1}
    if not endpoint.inference_components:
        variant["DeployedImages"] = [_deployed(asked, endpoint)]
    return variant


def _describe_endpoint_config(asked: Asked) -> Answer:
    name = asked.required("EndpointConfigName")
    endpoint = _endpoint(asked, name, "endpoint configuration", _CONFIG)
    variant: Answer = {
        "VariantName": endpoint.variant,
        "InitialVariantWeight": 1.0,
        "RoutingConfig": {"RoutingStrategy": endpoint.routing_strategy},
    }
    if not endpoint.inference_components:
        variant["ModelName"] = name.removesuffix(_CONFIG) + _MODEL
    if endpoint.serverless:
        variant["ServerlessConfig"] = {"MemorySizeInMB": 3072, "MaxConcurrency": 5}
    else:
        variant |= {"InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
    return {
        "EndpointConfigName": name,
        "EndpointConfigArn": asked.arn("sagemaker", f"endpoint-config/{name}"),
        "ProductionVariants": [variant],
        "CreationTime": CREATED,
        **_asynchronous(endpoint),
    }


def _describe_model(asked: Asked) -> Answer:
    name = asked.required("ModelName")
    endpoint = _endpoint(asked, name, "model", _MODEL)
    container = {
        "Image": image_of(endpoint, asked.identity.region, asked.account),
        "Mode": "SingleModel",
        "Environment": environment_of(endpoint),
    }
    return {
        "ModelName": name,
        "ModelArn": asked.arn("sagemaker", f"model/{name}"),
        "PrimaryContainer": container,
        "ExecutionRoleArn": f"arn:aws:iam::{asked.account}:role/emulator",
        "CreationTime": CREATED,
    }


def _describe_component(asked: Asked) -> Answer:
    wanted = asked.required("InferenceComponentName")
    for name, endpoint in _components(asked):
        if wanted in endpoint.inference_components:
            container = {
                "DeployedImage": _deployed(asked, endpoint),
                "Environment": environment_of(endpoint),
            }
            copies = {"DesiredCopyCount": endpoint.copies, "CurrentCopyCount": endpoint.copies}
            return {
                **_component(asked, wanted, name, endpoint),
                "Specification": {"Container": container},
                "RuntimeConfig": copies,
            }
    arn = asked.arn("sagemaker", f"inference-component/{wanted}")
    raise invalid(f'Could not find inference component "{arn}".')


def _list_endpoints(asked: Asked) -> Answer:
    rows = (_summary(asked, *each) for each in asked.runtime.settings.endpoints.items())
    kept = _kept(asked, rows, "EndpointName", {"StatusEquals": "EndpointStatus"})
    return _page(asked, "Endpoints", kept)


def _list_components(asked: Asked) -> Answer:
    rows = (
        _component(asked, component, name, endpoint)
        for name, endpoint in _components(asked)
        for component in endpoint.inference_components
    )
    equal = {
        "StatusEquals": "InferenceComponentStatus",
        "EndpointNameEquals": "EndpointName",
        "VariantNameEquals": "VariantName",
    }
    kept = _kept(asked, rows, "InferenceComponentName", equal)
    return _page(asked, "InferenceComponents", kept)


def _list_tags(asked: Asked) -> Answer:
    arn = asked.required("ResourceArn")
    for name, endpoint in asked.runtime.settings.endpoints.items():
        if arn == asked.arn("sagemaker", f"endpoint/{name}"):
            tags = [{"Key": key, "Value": value} for key, value in endpoint.tags.items()]
            return _page(asked, "Tags", tags)
    return _page(asked, "Tags", [])


OPERATIONS = {
    "DescribeEndpoint": operation(_describe_endpoint, "EndpointName"),
    "DescribeEndpointConfig": operation(_describe_endpoint_config, "EndpointConfigName"),
    "DescribeInferenceComponent": operation(_describe_component, "InferenceComponentName"),
    "DescribeModel": operation(_describe_model, "ModelName"),
    "ListEndpoints": operation(_list_endpoints, "NameContains StatusEquals MaxResults NextToken"),
    "ListInferenceComponents": operation(
        _list_components,
        "NameContains StatusEquals EndpointNameEquals VariantNameEquals MaxResults NextToken",
    ),
    "ListTags": operation(_list_tags, "ResourceArn MaxResults NextToken"),
}


def _endpoint(asked: Asked, name: str, kind: str, ending: str = "") -> Endpoint:
    """The endpoint that something with such a name belongs to.

    Raises:
        Fault: 400: there is none, with the ARN in the text as AWS has it.
    """
    found = asked.runtime.find(name.removesuffix(ending)) if name.endswith(ending) else None
    if found is None or (ending == _MODEL and found.endpoint.inference_components):
        arn = asked.arn("sagemaker", f"{kind.replace(' configuration', '-config')}/{name}")
        raise invalid(f'Could not find {kind} "{arn}".')
    return found.endpoint


def _summary(asked: Asked, name: str, endpoint: Endpoint) -> Answer:
    return {
        "EndpointName": name,
        "EndpointArn": asked.arn("sagemaker", f"endpoint/{name}"),
        "EndpointStatus": endpoint.status,
        **_TIMES,
    }


def _components(asked: Asked) -> Iterator[tuple[str, Endpoint]]:
    endpoints = asked.runtime.settings.endpoints.items()
    return ((name, each) for name, each in endpoints if each.inference_components)


def _component(asked: Asked, component: str, name: str, endpoint: Endpoint) -> Answer:
    return {
        "InferenceComponentName": component,
        "InferenceComponentArn": asked.arn("sagemaker", f"inference-component/{component}"),
        "InferenceComponentStatus": "InService",
        "EndpointName": name,
        "EndpointArn": asked.arn("sagemaker", f"endpoint/{name}"),
        "VariantName": endpoint.variant,
        **_TIMES,
    }


def _deployed(asked: Asked, endpoint: Endpoint) -> Answer:
    image = image_of(endpoint, asked.identity.region, asked.account)
    return {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": CREATED}


def _asynchronous(endpoint: Endpoint) -> Answer:
    if not endpoint.asynchronous:
        return {}
    return {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://emulator/"}}}


def _kept(
    asked: Asked, rows: Iterable[Answer], name: str, equal: Mapping[str, str]
) -> list[Answer]:
    """The rows that fit every filter of a call."""
    given = asked.parameters
    part = given.get("NameContains", "")
    return [
        row
        for row in rows
        if part in row[name]
        and all(given[key] == row[member] for key, member in equal.items() if key in given)
    ]


def _page(asked: Asked, key: str, rows: list[Any]) -> Answer:
    size, start = asked.parameters.get("MaxResults", _PAGE), asked.parameters.get("NextToken", "0")
    if not isinstance(size, int) or size < 1 or not str(start).isdecimal():
        raise invalid("MaxResults or NextToken can't be used.")
    end = int(start) + size
    more = {"NextToken": str(end)} if end < len(rows) else {}
    return {key: rows[int(start) : end], **more}
