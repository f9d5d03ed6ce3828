"""The command `emulate`: arguments in, a served emulator out, and a few lines on what it serves."""

import errno
import ipaddress
import sys
from pathlib import Path
from typing import Any

import click

from emulator.app import create_app
from emulator.server import Server, listen
from emulator.settings import Settings, SettingsError, load, parse


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option("--port", default=8765, type=click.IntRange(0, 65535), help="0 picks a free one.")
@click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="YAML file with endpoints, credentials and faults; without it, demo endpoints.",
)
@click.option("--container", metavar="URL", help="Real container that serves the other endpoints.")
@click.option("--region", metavar="REGION", help="The only region to accept signatures for.")
@click.option("--access-key", metavar="KEY", help="The only access key to accept.")
@click.option("--secret", metavar="SECRET", help="The secret of --access-key.")
def emulate(
    *,
    host: str,
    port: int,
    path: Path | None,
    container: str | None,
    region: str | None,
    access_key: str | None,
    secret: str | None,
) -> None:
    """Run a SageMaker Runtime on this machine, for demos, tests and CI."""
    try:
        settings = _settings(path, container, region, access_key, secret)
    except SettingsError as fault:
        raise click.ClickException(str(fault)) from fault
    try:
        listener = listen(host, port)
    except OSError as fault:
        raise click.ClickException(_explain(fault, host, port)) from fault
    app = create_app(settings)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{listener.getsockname()[1]}"
    click.echo("\n".join(announcement(settings, url, exposed=not _is_loopback(host))))
    sys.stdout.flush()
    Server(app).serve_until_told(listener)


def _settings(
    path: Path | None,
    container: str | None,
    region: str | None,
    access_key: str | None,
    secret: str | None,
) -> Settings:
    """The file's settings, with the command line's in their place."""
    if (access_key is None) != (secret is None):
        raise SettingsError("--access-key and --secret belong together")
    given: dict[str, Any] = {}
    if container is not None:
        given["container"] = container
    if region is not None:
        given["regions"] = (region,)
    if access_key is not None:
        given["credentials"] = ({"access_key": access_key, "secret_key": secret},)
    settings = parse(given, "command line")
    return settings if path is None else load(path, given)


def _explain(fault: OSError, host: str, port: int) -> str:
    if fault.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is taken: choose another with --port"
    return f"can't listen on port {port} of {host}: {fault.strerror}"


def announcement(settings: Settings, url: str, *, exposed: bool) -> list[str]:
    """The lines that tell what is served at `url`, and how to reach it."""
    credential = settings.credentials[0]
    lines = [f"Emulating SageMaker Runtime on {url}, region {', '.join(settings.regions)}"]
    lines += [f"  {name:24} {_describe(each)}" for name, each in settings.endpoints.items()]
    if settings.container is not None:
        lines.append(f"  {'every other endpoint':24} {settings.container}")
    if exposed:
        lines.append("Whoever reaches this address can read the requests and script faults.")
    lines += [
        "Point a client at it:",
        f"  export AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME={url}",
        f"  export AWS_REGION={settings.regions[0]} AWS_DEFAULT_REGION={settings.regions[0]}",
        f"  export AWS_ACCESS_KEY_ID={credential.access_key}",
        f"  export AWS_SECRET_ACCESS_KEY={credential.secret_key.get_secret_value()}",
    ]
    if credential.session_token:
        lines.append(f"  export AWS_SESSION_TOKEN={credential.session_token}")
    return lines


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _describe(endpoint: Any) -> str:
    notes = [endpoint.kind]
    if endpoint.kind == "container":
        notes.append(str(endpoint.container))
    if not endpoint.streaming:
        notes.append("no streaming")
    if endpoint.inference_components:
        notes.append("components: " + ", ".join(endpoint.inference_components))
    return ", ".join(notes)
