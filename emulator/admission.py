"""What AWS checks before it asks a container: names, component, variant, operation.

Refuses to know signatures and containers.
"""

import re
from collections.abc import Mapping

from emulator.endpoints import ContainerEndpoint, Endpoint
from emulator.errors import NO_CAPACITY_TEXT, Location, Refused, validation_error
from emulator.faults.base import Operation

PREFIX = "x-amzn-sagemaker-"
COMPONENT = PREFIX + "inference-component"
SESSION = PREFIX + "session-id"
#: Asks for a session; whole answers only.
NEW_SESSION = "NEW_SESSION"

_NAME = r"[a-zA-Z0-9](-*[a-zA-Z0-9])*"
_PRINTABLE = r"\S[\x20-\x7e]*"
#: The constraints of the service model: header, member name, longest value, pattern.
_CONSTRAINTS = (
    (COMPONENT, "inferenceComponentName", 63, r"[a-zA-Z0-9]([\-a-zA-Z0-9]*[a-zA-Z0-9])?"),
    (PREFIX + "target-variant", "targetVariant", 63, _NAME),
    (PREFIX + "target-container-hostname", "targetContainerHostname", 63, _NAME),
    (PREFIX + "target-model", "targetModel", 1024, _PRINTABLE),
    (PREFIX + "inference-id", "inferenceId", 64, _PRINTABLE),
    (PREFIX + "prefix-aware-id", "prefixAwareId", 64, _PRINTABLE),
    (SESSION, "sessionId", 256, rf"{NEW_SESSION}|{_NAME}"),
    (PREFIX + "custom-attributes", "customAttributes", 1024, r"[\x20-\x7e]*"),
    (PREFIX + "enable-explanations", "enableExplanations", 64, r".+"),
)


def check_names(endpoint: str, headers: Mapping[str, str]) -> None:
    """Checks names and headers against the service model.

    Raises:
        Refused: 400 `ValidationError`, naming the member that does not fit.
    """
    _check(endpoint, "endpointName", 63, _NAME)
    for header, member, longest, pattern in _CONSTRAINTS:
        value = headers.get(header)
        if value is not None:
            _check(value, member, longest, pattern)


def check_endpoint(
    endpoint: Endpoint, operation: Operation, headers: Mapping[str, str], location: Location
) -> None:
    """Checks that an endpoint can do what is asked.

    Raises:
        Refused: 400 `ValidationError`: component, variant, no copies, or streaming not supported.
    """
    _check_component(endpoint, location)
    if endpoint.asleep:
        raise validation_error(NO_CAPACITY_TEXT)
    variant = headers.get(PREFIX + "target-variant", endpoint.variant)
    if variant != endpoint.variant:
        raise validation_error(
            f"Variant {variant} not found for endpoint {location.endpoint} of account "
            f"{location.account}.",
            "NO_SUCH_VARIANT",
        )
    if operation == "stream" and headers.get(SESSION) == NEW_SESSION:
        _check(NEW_SESSION, "sessionId", 256, _NAME)
    if operation == "stream" and not endpoint.streaming:
        raise validation_error(
            f"Streaming is not supported: endpoint {location.endpoint} of account "
            f"{location.account} does not support InvokeEndpointWithResponseStream."
        )


def _check_component(endpoint: Endpoint, location: Location) -> None:
    known, asked = endpoint.inference_components, location.component
    if known and not asked:
        raise validation_error(
            "Inference Component Name header is required for endpoints to which you plan to "
            "deploy inference components. Please include Inference Component Name header or "
            "consider using SageMaker models.",
            "INFERENCE_COMPONENT_NAME_MISSING",
        )
    if known and asked not in known:
        raise _component_not_found(location)
    if asked and not known and not isinstance(endpoint, ContainerEndpoint):
        raise validation_error(
            "Inference Component Name header is not allowed for endpoints to which you dont plan "
            "to deploy inference components. Please remove Inference Component Name header or "
            "consider using inference components.",
            "INFERENCE_COMPONENT_NAME_NOT_ALLOWED",
        )


def _component_not_found(location: Location) -> Refused:
    return validation_error(
        f"Inference Component {location.component} of account {location.account} not found.",
        "NO_SUCH_INFERENCE_COMPONENT",
    )


def _check(value: str, member: str, longest: int, pattern: str) -> None:
    if len(value) > longest:
        constraint = f"Member must have length less than or equal to {longest}"
    elif not re.fullmatch(pattern, value):
        constraint = f"Member must satisfy regular expression pattern: ^{pattern}$"
    else:
        return
    raise validation_error(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy "
        f"constraint: {constraint}"
    )
