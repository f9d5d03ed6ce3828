"""The `X-Amzn-SageMaker-*` headers that a caller of SageMaker chooses: names and forms.

Knows AWS's table; refuses to know who chooses which header, and how it is signed.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
and its streaming twin, which lacks some.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.value import value

#: What all these headers' names begin with, in lower case.
PREFIX: Final = "x-amzn-sagemaker-"
CUSTOM_ATTRIBUTES: Final = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID: Final = "X-Amzn-SageMaker-Inference-Id"
PREFIX_AWARE_ID: Final = "X-Amzn-SageMaker-Prefix-Aware-Id"

#: Opens a session, and gives its id in the answer; not for streams.
_NEW_SESSION: Final = "NEW_SESSION"

_NAME: Final = r"[a-zA-Z0-9](-*[a-zA-Z0-9])*"
_VISIBLE: Final = r"[\x21-\x7e][\x20-\x7e]*"


@value(frozen=True, slots=True, kw_only=True)
class SignedHeader:
    """One header and the values that it may have."""

    name: str
    #: The setting of the same meaning, under `litellm_params`.
    setting: str
    #: The longest value, in characters.
    most: int
    pattern: re.Pattern[str]
    #: The form, in words.
    form: str
    #: InvokeEndpoint takes it, and its streaming twin does not.
    whole_answers_only: bool = False

    def accepts(self, value: str) -> bool:
        """Whether AWS takes the value."""
        # The length first: a pattern may look at a long text many times over.
        return len(value) <= self.most and self.pattern.fullmatch(value) is not None

    def prevents_streaming(self, value: str) -> bool:
        """Whether a call with this value can't be a streaming one."""
        return self.whole_answers_only or value == _NEW_SESSION


def _named(name: str, setting: str) -> SignedHeader:
    return SignedHeader(
        name=name,
        setting=setting,
        most=63,
        pattern=re.compile(_NAME),
        form="at most 63 letters, digits and hyphens, with a letter or digit at both ends",
    )


def _free(name: str, setting: str, most: int, *, whole_answers_only: bool = False) -> SignedHeader:
    return SignedHeader(
        name=name,
        setting=setting,
        most=most,
        pattern=re.compile(_VISIBLE),
        form=f"at most {most} printable ASCII characters, the first of them no space",
        whole_answers_only=whole_answers_only,
    )


#: By their names in lower case. The inference component is none of them: `model_id` has its own
#: rules.
SIGNED_HEADERS: Final = {
    header.name.lower(): header
    for header in (
        _free(CUSTOM_ATTRIBUTES, "custom_attributes", 1024),
        _free("X-Amzn-SageMaker-Target-Model", "target_model", 1024, whole_answers_only=True),
        _named("X-Amzn-SageMaker-Target-Variant", "target_variant"),
        _named("X-Amzn-SageMaker-Target-Container-Hostname", "target_container"),
        SignedHeader(
            name="X-Amzn-SageMaker-Session-Id",
            setting="session_id",
            most=256,
            pattern=re.compile(rf"{_NEW_SESSION}|{_NAME}"),
            form=f"{_NEW_SESSION}, or at most 256 letters, digits and hyphens, with a letter or "
            "digit at both ends",
        ),
        _free(PREFIX_AWARE_ID, "prefix_aware_id", 64),
        _free(INFERENCE_ID, "inference_id", 64),
        _free(
            "X-Amzn-SageMaker-Enable-Explanations",
            "enable_explanations",
            64,
            whole_answers_only=True,
        ),
    )
}
