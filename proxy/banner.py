"""What start-up says on the terminal: where the gateway listens, who may call, what serves where.

Pure text; knows no registry, no configuration and no secrets.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapters.value import value

_SHOWN = 20


@value(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """One deployment, as an operator wants to see it."""

    #: The public name.
    model: str
    endpoint: str
    region: str
    #: The container dialect, such as `tgi`.
    format: str
    #: Where the credentials come from, such as `static keys`.
    identity: str
    #: Nobody named the region.
    region_assumed: bool = False
    #: An external id is configured beside a web identity's token.
    external_id_unused: bool = False
    #: No prompt template is known: what messages say is joined with newlines.
    plain_prompt: bool = False
    #: Any endpoint whose name fits can be called.
    unbounded: bool = False
    #: The inference component, if requests name one.
    component: str | None = None


def banner(address: str, models: Sequence[ModelLine], *, key_required: bool) -> str:
    """Give the lines to print.

    Args:
        address: The base URL that the gateway answers on.
        models: All deployments; the first twenty are shown.
        key_required: Whether callers need a key.
    """
    access = "required on every call" if key_required else "not required: none is configured"
    lines = [f"sagegate serves {address}", f"  docs  {address}/docs", f"  key   {access}"]
    rows = [_row(line) for line in models[:_SHOWN]]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if rows else []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"  {'  '.join(cells)}".rstrip())
    if len(models) > _SHOWN:
        lines.append(f"  ... and {len(models) - _SHOWN} more, {len(models)} in all")
    return "\n".join(lines)


def hints(models: Sequence[ModelLine]) -> list[str]:
    """Give a line for each thing that was assumed or has no effect, with the models."""
    assumed = [line for line in models if line.region_assumed]
    unused = [line for line in models if line.external_id_unused]
    plain = [line for line in models if line.plain_prompt]
    unbounded = [line for line in models if line.unbounded]
    lines = []
    if assumed:
        lines.append(f"no region is named: {assumed[0].region} is assumed for {_names(assumed)}")
    if unused:
        lines.append(
            "aws_external_id has no effect beside aws_web_identity_token (AWS takes none there): "
            f"{_names(unused)}"
        )
    if plain:
        lines.append(
            "no prompt template is known: messages are joined with newlines for "
            f"{_names(plain)} (set hf_model_name or chat_template)"
        )
    if unbounded:
        lines.append(
            "every endpoint of the account and region whose name fits can be called through "
            f"{_names(unbounded)} (set allowed_endpoints or discover)"
        )
    return lines


def _names(models: Sequence[ModelLine]) -> str:
    names = list(dict.fromkeys(line.model for line in models))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _row(line: ModelLine) -> tuple[str, str, str, str]:
    component = f" [{line.component}]" if line.component else ""
    return (
        line.model,
        f"-> {line.endpoint}{component} in {line.region}",
        f"format {line.format}",
        f"identity {line.identity}",
    )
