"""The application on one page: what is built at start, what requests pass, what is served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any, Protocol

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from adapters.base import Invoker
from adapters.errors import GatewayError
from adapters.sagemaker.connections import Connections
from adapters.sagemaker.network import Network, read_network
from adapters.sagemaker.settings import AwsSettings
from proxy import deployments, registry
from proxy.auth.keyring import Keyring
from proxy.auth.static_keys import static_keys
from proxy.config.schema import GeneralSettings, ProxyConfig
from proxy.door import Door, DoorCloses
from proxy.errors import on_gateway_error, on_http_exception
from proxy.gateway import Gateway
from proxy.middleware import BodyLimit, CallIdentity
from proxy.policies import policies
from proxy.routes import ROUTES
from proxy.routes.table import Route
from proxy.routing.live import LiveState
from proxy.telemetry import logs
from proxy.wildcards.catalogue import Catalogue
from proxy.wildcards.watch import refreshed

_MEGABYTE = 1024 * 1024
_LOOPBACK_ORIGIN = r"https?://(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?"


class WayToAws(Protocol):
    """Invokers for deployments, and the credentials behind them."""

    def invoker(self, settings: AwsSettings) -> Invoker:
        """Give the invoker for one deployment."""
        ...

    def catalogue(self, settings: AwsSettings, environ: Mapping[str, str]) -> Catalogue:
        """Give the account behind one deployment, at the address that AWS's variables name."""
        ...

    async def prepare(self) -> None:
        """Get ready for the first request."""
        ...


#: Opens the way to AWS for the application's life.
Opener = Callable[[], AbstractAsyncContextManager[WayToAws]]


@asynccontextmanager
async def open_connections(network: Network) -> AsyncIterator[WayToAws]:
    """Open the way to SageMaker Runtime: connections and credentials, shared by all deployments."""
    connections = Connections(network)
    try:
        yield connections
    finally:
        await connections.aclose()


def create_app(
    config: ProxyConfig,
    *,
    environ: Mapping[str, str],
    master_key: SecretStr | None = None,
    opener: Opener | None = None,
    processes: int = 1,
) -> FastAPI:
    """Build the application for one configuration.

    Args:
        config: The configuration, checked.
        environ: The process's environment.
        master_key: The administrator's key; None where none is configured.
        opener: The way to AWS; None opens connections to it.
        processes: How many serve the configuration together.

    Raises:
        ConfigError: the configuration names what does not exist.
    """
    general = config.general_settings
    ready = deployments.deployments(config, environ)
    network = read_network(environ, ssl_verify=config.litellm_settings.ssl_verify)
    open_way = opener or partial(open_connections, network)
    patterns = deployments.wildcards(config, environ)
    rules, live = policies(config, processes), LiveState()
    door = None if rules.door is None else Door(live.door, rules.door)
    keyring = Keyring(
        master_key,
        keys=static_keys(config.keys),
        header=general.litellm_key_header_name,
        public_paths=general.public_routes,
        any_host=general.dangerously_permit_weak_or_unset_master_key,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with open_way() as aws:
            catalogue_for = partial(aws.catalogue, environ=environ)
            families = registry.families(patterns, aws.invoker, catalogue_for, live, rules)
            models = registry.build(
                ready,
                aws.invoker,
                live=live,
                policies=rules,
                report=logs.report_call,
                families=families,
            )
            await aws.prepare()
            async with refreshed(models.listings):
                yield {"gateway": Gateway(models, keyring, door)}

    app = FastAPI(
        title="sagegate",
        summary="The OpenAI-compatible gateway for Amazon SageMaker",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(GatewayError, on_gateway_error)
    app.add_exception_handler(HTTPException, on_http_exception)
    app.add_middleware(DoorCloses)
    app.add_middleware(
        BodyLimit,  # pyright: ignore[reportArgumentType] - the added keyword hides the protocol
        max_bytes=int(general.max_request_size_mb * _MEGABYTE),
    )
    app.add_middleware(CallIdentity)
    app.add_middleware(CORSMiddleware, **_cors(general, key_required=keyring.key_required))
    for route in ROUTES:
        _mount(app, route)
    return app


def _mount(app: FastAPI, route: Route) -> None:
    """Serve a route under each of its paths; what can be got can also be asked about."""
    for path in route.paths:
        app.add_api_route(
            path,
            route.serve,
            methods=[route.method],
            summary=route.summary,
            description=route.description,
            response_model=None,
            openapi_extra=route.documentation(path),
            include_in_schema=route.listed and "{model:path}" not in path,
        )
        if route.method == "GET":
            app.add_api_route(path, route.serve, methods=["HEAD"], include_in_schema=False)


def _cors(general: GeneralSettings, *, key_required: bool) -> dict[str, Any]:
    """Give the origins whose pages may call: without a key, only those of this machine."""
    rules: dict[str, Any] = {
        "allow_methods": ["*"],
        "allow_headers": ["*"],
        "expose_headers": ["*"],
    }
    if general.allowed_origins is not None:
        return {**rules, "allow_origins": list(general.allowed_origins)}
    if key_required:
        return {**rules, "allow_origins": ["*"]}
    return {**rules, "allow_origin_regex": _LOOPBACK_ORIGIN}
