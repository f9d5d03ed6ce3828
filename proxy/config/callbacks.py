"""`callbacks` and its kin: names of what hears of calls.

Knows which names LiteLLM has; refuses to load anything.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

from adapters.deployment.values import Text
from adapters.spelling import nearest

#: Metrics are always on, traces by this name.
PROMETHEUS: Final = "prometheus"
OTEL: Final = "otel"
BUILT_IN: Final = frozenset({PROMETHEUS, OTEL})
CALLBACK_LISTS: Final = frozenset({"callbacks", "success_callback", "failure_callback"})

_RECORDERS = """agentops argilla arize arize_phoenix athina aws_sqs azure_sentinel azure_storage
    braintrust cloudzero datadog datadog_cost_management datadog_llm_observability deepeval dynamodb
    email focus galileo gcs_bucket gcs_pubsub generic_api greenscale helicone humanloop lago
    langfuse langfuse_otel langsmith langtrace levo literalai logfire lunary mlflow openmeter opik
    pagerduty posthog promptlayer resend_email s3 s3_v2 sendgrid_email sentry slack smtp_email sqs
    supabase traceloop vantage wandb weave_otel webhook weights_biases"""
#: LiteLLM's integrations that only write down what happens: without them nothing is let through.
RECORDERS: Final = frozenset(_RECORDERS.split())


def _one_or_many(said: Any) -> Any:
    return [said] if isinstance(said, str) else said


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        module, dot, attribute = name.rpartition(".")
        if name in BUILT_IN:
            continue
        near = nearest(name, (*BUILT_IN, *RECORDERS))
        if not dot:
            hint = f" (did you mean {near}?)" if near else ""
            raise ValueError(f"expected prometheus, otel, or module.attr for one of your own{hint}")
        if not all(part.isidentifier() for part in (*module.split("."), attribute)):
            raise ValueError("expected module.attr, such as my_callbacks.audit")
    return names


#: One name, or a list of them.
CallbackNames = Annotated[tuple[Text, ...], BeforeValidator(_one_or_many), AfterValidator(_names)]
