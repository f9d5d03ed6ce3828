"""`sagegate token`: a bearer token for SageMaker's native OpenAI path, for an operator's own calls.

A composition root: the configuration's model, the identity that serves it, and the recipe. Prints
the token and nothing else on standard output.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import MutableMapping
from dataclasses import replace

import click

from adapters.deployment.compose import network
from adapters.errors import ConfigError, UpstreamError
from adapters.sagemaker.bearer import LIFE_SECONDS, MAX_SECONDS, mint_token
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.network import Network
from adapters.sagemaker.settings import AwsSettings
from proxy.cannot_start import CannotStart
from proxy.config_option import ConfigOption
from proxy.quiet import quiet
from proxy.start import Source


@click.command()
@click.option(
    "-c",
    "--config",
    cls=ConfigOption,
    envvar="CONFIG_FILE_PATH",
    metavar="FILE",
    required=True,
    help="config.yaml, or s3://BUCKET/KEY",
)
@click.option("-m", "--model", required=True, help="The public name of a model that it serves.")
@click.option(
    "--expires_in",
    type=click.IntRange(1, MAX_SECONDS),
    default=LIFE_SECONDS,
    show_default=True,
    help="Seconds that the token holds, but never longer than the credentials behind it.",
)
@click.option("--lenient", is_flag=True, help="Unknown keys and unset variables only warn.")
def token(*, config: str, model: str, expires_in: int, lenient: bool) -> None:
    """Print a bearer token for SageMaker's native OpenAI path.

    It is made from the credentials that the model is served with, without a call to SageMaker, and
    holds in the model's region only. Whoever has it can invoke whatever these credentials may.

    Exit codes: 0 there it is, 1 it can't be made, 2 wrong arguments, such as an unknown model.
    """
    try:
        aws, way = _settings(Source(config=config, lenient=lenient), model, os.environ)
        with quiet():
            minted = asyncio.run(_minted(aws, way, expires_in))
    except ConfigError as error:
        raise CannotStart(str(error)) from error
    except UpstreamError as error:
        raise CannotStart(f"{error.message} ({error.detail})") from error
    click.echo(minted)


def _settings(
    source: Source, model: str, environ: MutableMapping[str, str]
) -> tuple[AwsSettings, Network]:
    """Give the region and the identity of a model's first deployment, and the way to AWS.

    Raises:
        ConfigError: the configuration can't be used.
        CannotUse: it has no such model.
        CannotStart: the model is one without AWS.
    """
    from proxy.check.subject import asked_for  # noqa: PLC0415 - formats load only when needed
    from proxy.deployments import entries  # noqa: PLC0415 - as above
    from proxy.policies import policies  # noqa: PLC0415 - as above

    loaded = source.load(environ)
    environ.update(loaded.exports)
    for notice in loaded.notices:
        click.echo(notice, err=True)
    built = entries(loaded.config, environ)
    served = asked_for(built, policies(loaded.config).aliases.get(model, model))
    named = [each.deployment.composed for each in served]
    ssl_verify = loaded.config.litellm_settings.ssl_verify
    way = network(environ, ssl_verify=ssl_verify)
    if named[0].mock_response is not None:
        raise CannotStart(f"--model {model}: its answers are mock_response, without AWS")
    if len({replace(each.aws, base_url=None, transport="openai_path") for each in named}) > 1:
        first = named[0].target
        click.echo(
            f"{model} has several identities or regions: the token is for the first, "
            f"{first.endpoint} in {first.region}",
            err=True,
        )
    return named[0].aws, way


async def _minted(aws: AwsSettings, way: Network, seconds: int) -> str:
    credentials = await Identities(way).provider(aws).current()
    return mint_token(credentials, aws.region, time.time(), seconds)
