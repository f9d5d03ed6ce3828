"""The entries of `model_list`, made ready: all that an endpoint needs but the way to AWS.

Knows the configuration and who is called what; what a deployment is made of, `compose` knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Final

from adapters.base import Format, Invoker, Json, StreamMode, Target
from adapters.deployment.compose import Composed, InvokerFor, aws_settings, compose, network
from adapters.deployment.headers import ClientHeaders
from adapters.errors import ConfigError
from adapters.value import value
from proxy.auth.custom_auth import load_custom_auth
from proxy.auth.static_keys import static_keys
from proxy.banner import ModelLine
from proxy.cache.opening import check as check_cache
from proxy.config.deployment import DeploymentParams
from proxy.config.schema import ModelEntry, ModelInfo, ProxyConfig
from proxy.config.wildcard import may_fit
from proxy.jwt.opening import check_tokens
from proxy.model_names import unknown_names
from proxy.policies import check_limits, times
from proxy.progress import Progress, silent
from proxy.route_names import unknown_routes
from proxy.routing.site import Site, targets_of
from proxy.routing.times import Times
from proxy.tracing.opening import check as check_traces

#: Checks a wildcard's settings before any endpoint's name is known.
STAND_IN: Final = "x"


@value(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One entry of `model_list`, checked: all that an endpoint needs but the way to AWS.

    A wildcard's is checked with `STAND_IN` for its `*`; `proxy.wildcards` makes those that serve.
    """

    id: str
    #: The public name; a wildcard's pattern.
    model: str
    composed: Composed
    #: Composes the same with another name and other parameters.
    composer: Callable[[str, DeploymentParams], Composed] = field(repr=False, compare=False)
    params: DeploymentParams
    info: ModelInfo
    times: Times

    @property
    def target(self) -> Target:
        """Where requests go."""
        return self.composed.target

    @property
    def site(self) -> Site:
        """What starts as one with it."""
        aws, target = self.composed.aws, self.target
        return Site(
            endpoint=target.endpoint,
            component=target.inference_component,
            targets=targets_of(target.headers),
            region=aws.region,
            base_url=aws.base_url,
            identity=aws.identity.mark,
        )

    @property
    def format(self) -> Format:
        """The dialect spoken there."""
        return self.composed.format

    @property
    def stream_mode(self) -> StreamMode:
        """Whether it streams."""
        return self.composed.stream_mode

    @property
    def fingerprint(self) -> str:
        """What changes with any setting that an answer may depend on; alike in all processes."""
        aws = self.composed.aws
        where = (aws.region, aws.base_url, aws.identity.mark)
        dropping = self.target.parameters.drop_unsupported
        return repr((self.params.model_dump_json(), where, dropping))

    @property
    def identity(self) -> str:
        """Where the credentials come from, such as `static keys`."""
        if self.composed.mock_response is not None:
            return "none: mock_response"
        return self.composed.aws.identity.title

    def invoker(self, invoker_for: InvokerFor) -> Invoker:
        """Give the way there."""
        return self.composed.invoker(invoker_for)

    @property
    def unbounded(self) -> bool:
        """Whether it is a wildcard through which any endpoint whose name fits can be called."""
        bounds = (self.params.allowed_endpoints, self.params.discover, self.composed.mock_response)
        return self.params.wildcard and all(bound is None for bound in bounds)

    def card(self) -> Json:
        """Give what clients may know of it: no credential, no address."""
        params: Json = {"model": self.params.model, "aws_region_name": self.target.region}
        if self.target.inference_component is not None:
            params["model_id"] = self.target.inference_component
        info = self.info.model_dump(exclude_none=True)
        return {
            "model_name": self.model,
            "litellm_params": params,
            "model_info": {**info, "id": self.id, "format": self.format.name},
        }


def faults(
    config: ProxyConfig,
    environ: Mapping[str, str],
    folder: Path | None = None,
    progress: Progress = silent,
) -> list[ConfigError]:
    """Give what only the adapters find wrong: endpoint names, formats, credentials, defaults.

    Each error has the path of the key at fault; there is at most one for each deployment.
    """
    settings = config.litellm_settings
    checks: list[Callable[[], object]] = [
        partial(network, environ, ssl_verify=settings.ssl_verify),
        partial(check_cache, settings, environ),
        partial(check_limits, config),
        partial(check_traces, config.litellm_settings, environ),
        partial(static_keys, config.keys),
        partial(check_tokens, config.general_settings),
        partial(load_custom_auth, config.general_settings.custom_auth, folder),
    ]
    found = [error for check in checks if (error := _fault(check))]
    with progress("checking models", len(config.model_list)) as done:
        for index, entry in enumerate(config.model_list):
            if error := _fault(partial(_at, config, index, environ, taken=set())):
                found.append(error)
            done(entry.model_name)
    return [*unknown_names(config), *unknown_routes(config.general_settings), *found]


def _fault(check: Callable[[], object]) -> ConfigError | None:
    try:
        check()
    except ConfigError as error:
        return error
    return None


def deployments(config: ProxyConfig, environ: Mapping[str, str]) -> tuple[Deployment, ...]:
    """Give the configuration's deployments in its order, but for its wildcards.

    Raises:
        ConfigError: with the path of the key at fault.
    """
    return tuple(each for each in entries(config, environ) if not each.params.wildcard)


def wildcards(config: ProxyConfig, environ: Mapping[str, str]) -> tuple[Deployment, ...]:
    """Give the deployments that stand for many, in the configuration's order.

    Raises:
        ConfigError: with the path of the key at fault.
    """
    return tuple(each for each in entries(config, environ) if each.params.wildcard)


def entries(config: ProxyConfig, environ: Mapping[str, str]) -> tuple[Deployment, ...]:
    """Give all deployments, wildcards among them, in the configuration's order.

    Raises:
        ConfigError: with the path of the key at fault.
    """
    ids = {entry.model_info.id for entry in config.model_list if entry.model_info.id}
    return tuple(_at(config, index, environ, taken=ids) for index in range(len(config.model_list)))


def _at(
    config: ProxyConfig, index: int, environ: Mapping[str, str], *, taken: set[str]
) -> Deployment:
    """Give one entry's deployment; an error gets the entry's place in front of its own."""
    try:
        return _deployment(config, config.model_list[index], environ, taken)
    except ConfigError as error:
        path = ("model_list", index, "litellm_params", *error.path)
        raise ConfigError(error.message, path=path) from error


def describe(config: ProxyConfig, environ: Mapping[str, str]) -> list[ModelLine]:
    """Give what the start-up banner says of each deployment: wildcards come last."""
    built = sorted(entries(config, environ), key=lambda each: each.params.wildcard)
    return [
        ModelLine(
            model=each.model,
            endpoint=each.params.address.endpoint,
            component=each.target.inference_component,
            format=each.format.name,
            identity=each.identity,
            region=each.target.region,
            region_assumed=each.composed.aws.region_assumed,
            external_id_unused=each.composed.aws.external_id_unused,
            plain_prompt=_has_plain_prompt(each),
            unbounded=each.unbounded,
        )
        for each in built
    ]


def _has_plain_prompt(deployment: Deployment) -> bool:
    return (
        deployment.composed.writes_prompts
        and not deployment.params.wildcard
        and deployment.composed.mock_response is None
        and deployment.target.prompt is None
        and deployment.info.mode not in {"embedding", "rerank"}
    )


def _deployment(
    config: ProxyConfig, entry: ModelEntry, environ: Mapping[str, str], taken: set[str]
) -> Deployment:
    params = entry.litellm_params
    settings, router = config.litellm_settings, config.router_settings
    named = params.model_copy(update={"model": params.model.replace("*", STAND_IN)})
    aws = aws_settings(params, environ)
    clients = ClientHeaders(
        allowed=params.allowed_client_headers, forwarded=_forwards(config, entry.model_name)
    )

    def composer(model: str, params: DeploymentParams) -> Composed:
        return compose(
            model, params.address, params, aws, drop_params=settings.drop_params, clients=clients
        )

    composed = composer(entry.model_name, named)
    _check_reach(params)
    return Deployment(
        id=entry.model_info.id or _derived_id(entry, composed, taken),
        model=entry.model_name,
        composed=composed,
        composer=composer,
        params=params,
        info=entry.model_info,
        times=times(
            params,
            total=params.timeout or router.timeout or settings.request_timeout,
            stream=params.stream_timeout or router.stream_timeout,
        ),
    )


def _check_reach(params: DeploymentParams) -> None:
    """Refuse a wildcard with one endpoint's URL, and an entry of its list that allows nothing.

    Raises:
        ConfigError: with the entry's path.
    """
    key = params.complete_url_key
    if params.wildcard and key is not None:
        raise ConfigError(
            "the URL of one endpoint: every name would call it; leave out what follows the host",
            path=(key,),
        )
    for index, allowed in enumerate(params.allowed_endpoints or ()):
        if not may_fit(params.address.endpoint, allowed):
            raise ConfigError(
                f"allows nothing: the model's endpoints are {params.address.endpoint!a}",
                path=("allowed_endpoints", index),
            )


def _forwards(config: ProxyConfig, model: str) -> bool:
    """Whether the configuration forwards clients' headers to a model."""
    named = config.litellm_settings.model_group_settings.forward_client_headers_to_llm_api
    return config.general_settings.forward_client_headers_to_llm_api or any(
        fnmatchcase(model, pattern) for pattern in named
    )


def _derived_id(entry: ModelEntry, composed: Composed, taken: set[str]) -> str:
    """Give an id that stays the same when other entries come and go, and note that it is taken."""
    params, aws = entry.litellm_params, composed.aws
    where = (aws.region, aws.base_url, params.model_id)
    parts = (entry.model_name, params.model, *where, aws.identity.mark)
    number = 0
    while True:
        text = repr((*parts, params.format, number))
        derived = hashlib.sha256(text.encode()).hexdigest()[:16]
        if derived not in taken:
            taken.add(derived)
            return derived
        number += 1
