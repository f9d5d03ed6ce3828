"""What the configuration makes of each deployment: what serving would do, without doing it.

Knows the configuration only; nothing is sent, and nothing secret is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import unquote, urlsplit

from adapters.base import Json
from adapters.signed_headers import CUSTOM_ATTRIBUTES, PREFIX_AWARE_ID
from proxy.check.finding import Finding
from proxy.config.deployment import DeploymentParams
from proxy.deployments import Deployment

#: Where the region comes from when nobody names one.
ASSUMED = "assumed"
#: Also the hosts of VPC endpoints: `vpce-….runtime.sagemaker.us-east-1.vpce.amazonaws.com`.
_REGION_IN_HOST = re.compile(r"\bruntime(?:-fips)?\.sagemaker(?:-fips)?\.([a-z0-9-]+)\.")
#: No template is known.
PLAIN = "none"
#: In the order in which they count.
_REGION_VARIABLES = ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
#: Settings that are a prompt template of one's own.
_OWN_PROMPT = ("roles", "initial_prompt_value", "final_prompt_value", "chat_template")
#: Tasks without a prompt.
_NO_PROMPT = ("embedding", "rerank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One deployment, as an operator wants to see it."""

    model: str
    endpoint: str
    inference_component: str | None
    #: Where whole answers are asked for.
    url: str
    host: str
    region: str
    #: `configuration`, the variable's name, `profile`, or `assumed`.
    region_from: str
    format: str
    #: What the model string begins with.
    route: str
    #: `invocations`, or `openai_path`.
    transport: str
    #: `own`, `family`, `none`, or `container`, which lays messages out itself.
    prompt: str
    #: Where the credentials come from.
    identity: str
    stream_mode: str
    #: The names of further headers.
    headers: tuple[str, ...]
    #: What the prefix id is made of, `from_key` or `from_prompt_cache_key`, if it is made.
    prefix_aware_id: str | None
    mode: str | None
    #: Answers come from `mock_response`, without AWS.
    mock: bool
    max_payload_bytes: int
    #: The name with the `*` through which it is served; the wildcard's own row has it as `model`.
    wildcard: str | None = None
    #: A wildcard through which any endpoint whose name fits can be called.
    unbounded: bool = False

    @property
    def stands_for_many(self) -> bool:
        """Whether it is a wildcard's own row."""
        return self.wildcard == self.model

    def findings(self) -> tuple[Finding, ...]:
        """Tell what was assumed, for nobody said it, and what does not fit together."""
        found = [*self._region_findings(), *self._address_findings()]
        if self.unbounded:
            found.append(
                Finding(
                    level="hint",
                    check="discovery",
                    text="every endpoint of the account and region whose name fits can be called",
                    advice="Set allowed_endpoints or discover.",
                )
            )
        if self.prompt == PLAIN and not self.stands_for_many:
            found.append(
                Finding(
                    level="hint",
                    check="prompt",
                    text="no prompt template is known: messages are joined with newlines",
                    advice="Set hf_model_name or chat_template.",
                )
            )
        return tuple(found)

    def _region_findings(self) -> Iterator[Finding]:
        if self.region_from == ASSUMED:
            yield Finding(
                level="warning",
                check="region",
                text=f"no region is named: {self.region} is assumed",
                advice="Set aws_region_name, or AWS_REGION in the environment.",
            )

    def _address_findings(self) -> Iterator[Finding]:
        there = _REGION_IN_HOST.search(self.host)
        if there is not None and there[1] != self.region:
            yield Finding(
                level="warning",
                check="region",
                text=f"the host is in {there[1]}, and calls are signed for {self.region}",
                advice=f"Set aws_region_name: {there[1]}",
            )
        called = _endpoint_in(self.url)
        if called not in {None, self.endpoint}:
            yield Finding(
                level="warning",
                check="endpoint",
                text=f"the base URL calls {called}, and the model names {self.endpoint}",
                advice="Name the same endpoint in both, or leave the path out of the base URL.",
            )

    def document(self) -> Json:
        """Give it for machines."""
        return {**asdict(self), "headers": list(self.headers)}


def row_of(
    deployment: Deployment, environ: Mapping[str, str], *, wildcard: str | None = None
) -> Row:
    """Give a deployment's row.

    Args:
        deployment: The deployment, which may be a wildcard.
        environ: The process's environment.
        wildcard: The wildcard that made it.
    """
    target, params, composed = deployment.target, deployment.params, deployment.composed
    return Row(
        model=deployment.model,
        endpoint=params.address.endpoint,
        inference_component=target.inference_component,
        url=_url(deployment),
        host=urlsplit(target.invoke_url).netloc,
        region=target.region,
        region_from=_region_from(params, environ, assumed=composed.aws.region_assumed),
        format=deployment.format.name,
        route=f"{params.address.route}/",
        # Not every version can choose the transport.
        transport=getattr(composed.aws, "transport", "invocations"),
        prompt=_prompt(deployment),
        identity=deployment.identity,
        stream_mode=deployment.stream_mode,
        headers=_headers(deployment),
        prefix_aware_id=target.header_sources.prefix_id,
        mode=deployment.info.mode,
        mock=composed.mock_response is not None,
        max_payload_bytes=target.max_payload_bytes,
        wildcard=deployment.model if params.wildcard else wildcard,
        unbounded=deployment.unbounded,
    )


def _endpoint_in(url: str) -> str | None:
    """Give the endpoint that a URL calls; None where its path is not as AWS's are."""
    called = re.search(r"/endpoints/([^/]+)/", url)
    return called and unquote(called[1])


def _url(deployment: Deployment) -> str:
    """Give the address; a wildcard's has its `*` in the place of the stand-in."""
    target, written = deployment.target, deployment.params.address.endpoint
    return target.invoke_url.replace(f"/{target.endpoint}/", f"/{written}/")


def _headers(deployment: Deployment) -> tuple[str, ...]:
    target = deployment.target
    sources = target.header_sources
    made = ((PREFIX_AWARE_ID, sources.prefix_id), (CUSTOM_ATTRIBUTES, sources.traceparent))
    return (*(name for name, _ in target.headers), *(name for name, source in made if source))


def _region_from(params: DeploymentParams, environ: Mapping[str, str], *, assumed: bool) -> str:
    if params.aws_region_name is not None:
        return "configuration"
    variable = next((name for name in _REGION_VARIABLES if environ.get(name)), None)
    return variable or (ASSUMED if assumed else "profile")


def _prompt(deployment: Deployment) -> str:
    params = deployment.params
    if deployment.composed.mock_response is not None:
        return "container"
    if params.address.route != "sagemaker" or deployment.info.mode in _NO_PROMPT:
        return "container"
    if deployment.target.prompt is None:
        return PLAIN
    own = any(getattr(params, name) is not None for name in _OWN_PROMPT)
    return "own" if own or params.hf_model_name in params.custom_prompt_dict else "family"
