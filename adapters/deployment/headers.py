"""Which `X-Amzn-SageMaker-*` headers a deployment's calls carry, and who says so.

Knows the settings that become headers and how they may meet; what each header may hold,
`adapters.signed_headers` knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, get_args

from adapters.base import Header, HeaderSources, PrefixSource, StreamMode
from adapters.deployment.settings import Settings
from adapters.errors import ConfigError
from adapters.signed_headers import (
    CUSTOM_ATTRIBUTES,
    INFERENCE_ID,
    PREFIX_AWARE_ID,
    SIGNED_HEADERS,
    SignedHeader,
)
from adapters.spelling import nearest
from adapters.value import value

#: Settings that become a header.
HEADER_SETTINGS: Final = tuple(header.setting for header in SIGNED_HEADERS.values())

#: What clients may send where the configuration forwards clients' headers without naming them:
#: these choose neither what runs nor where.
FORWARDED: Final = (
    CUSTOM_ATTRIBUTES,
    "X-Amzn-SageMaker-Session-Id",
    PREFIX_AWARE_ID,
)

_PREFIX_SOURCES: Final[dict[str, PrefixSource]] = {name: name for name in get_args(PrefixSource)}
#: The custom attributes that come from each request.
FROM_TRACEPARENT: Final = "from_traceparent"
#: Values that are no text for a header but say where one comes from, by header.
_SOURCES: Final[dict[str, tuple[str, ...]]] = {
    PREFIX_AWARE_ID: tuple(_PREFIX_SOURCES),
    CUSTOM_ATTRIBUTES: (FROM_TRACEPARENT,),
}
_ALLOWED: Final = "allowed_client_headers"


@value(frozen=True, slots=True, kw_only=True)
class ClientHeaders:
    """Which headers clients may send.

    Args:
        allowed: Named by the deployment itself.
        forwarded: Whether those of `FORWARDED` are let through too, where the deployment does not
            set them itself.
    """

    allowed: Sequence[str] = ()
    forwarded: bool = False


@value(frozen=True, slots=True)
class Headers:
    """A deployment's headers, checked."""

    fixed: tuple[Header, ...]
    sources: HeaderSources
    #: The setting that lets no call stream, if there is one.
    streaming_prevented_by: tuple[str, ...] | None

    def stream_mode(self, wanted: StreamMode) -> StreamMode:
        """Give the deployment's stream mode.

        Raises:
            ConfigError: it is to stream, and a header does not exist on the streaming operation.
        """
        if self.streaming_prevented_by is None:
            return wanted
        if wanted == "real":
            raise ConfigError(
                "SageMaker does not take this for streaming calls: leave stream_mode: real out, "
                "and streams are cut from whole answers",
                path=self.streaming_prevented_by,
            )
        return "fake"


def headers(settings: Settings, clients: ClientHeaders) -> Headers:
    """Give a deployment's headers.

    Raises:
        ConfigError: SageMaker takes no such header or value, or two settings set the same one;
            `path` is the setting's.
    """
    fixed: dict[str, Header] = {}
    prevented: tuple[str, ...] | None = None
    for header in SIGNED_HEADERS.values():
        if header.name in _SOURCES:
            _check_source(header, getattr(settings, header.setting))
    for header, text, path in (*_extra(settings), *_from_settings(settings)):
        if not header.accepts(text):
            raise ConfigError(f"expected {header.form}", path=path)
        if header.name in fixed:
            raise ConfigError(
                f"{header.name} is set twice, and {header.setting} is the same setting: keep one "
                "of them",
                path=path,
            )
        fixed[header.name] = (header.name, text)
        if header.prevents_streaming(text):
            prevented = path
    return Headers(tuple(fixed.values()), _sources(settings, clients, fixed), prevented)


_Configured = tuple[SignedHeader, str, tuple[str, ...]]


def _from_settings(settings: Settings) -> Iterator[_Configured]:
    for header in SIGNED_HEADERS.values():
        value = getattr(settings, header.setting)
        if isinstance(value, str) and not _is_source(header, value):
            yield header, value, (header.setting,)


def _is_source(header: SignedHeader, value: str) -> bool:
    return value in _SOURCES.get(header.name, ())


def _check_source(header: SignedHeader, value: str | None) -> None:
    """Refuse what is nearly the name of a source: sent as it is, it would be one text for all."""
    names = _SOURCES[header.name]
    meant = None if value in names else nearest(value or "", names)
    if meant is not None:
        raise ConfigError(
            f"is sent as it is, unless it is one of {', '.join(names)} (did you mean {meant}?)",
            path=(header.setting,),
        )


def _extra(settings: Settings) -> Iterator[_Configured]:
    for name, text in settings.extra_headers.items():
        path = ("extra_headers", name)
        yield _known(name, path), text, path


def _known(name: str, path: tuple[str | int, ...]) -> SignedHeader:
    header = SIGNED_HEADERS.get(name.lower())
    if header is None:
        names = ", ".join(each.name for each in SIGNED_HEADERS.values())
        meant = nearest(name.lower(), SIGNED_HEADERS)
        hint = "" if meant is None else f" (did you mean {SIGNED_HEADERS[meant].name}?)"
        raise ConfigError(
            f"SageMaker takes no header {name!r} here{hint}; it takes {names}, and model_id names "
            "the inference component",
            path=path,
        )
    return header


def _sources(settings: Settings, clients: ClientHeaders, fixed: dict[str, Header]) -> HeaderSources:
    prefix_id = _PREFIX_SOURCES.get(settings.prefix_aware_id or "")
    traceparent = settings.custom_attributes == FROM_TRACEPARENT
    made = {PREFIX_AWARE_ID: prefix_id is not None, CUSTOM_ATTRIBUTES: traceparent}
    for header in SIGNED_HEADERS.values():
        if made.get(header.name) and header.name in fixed:
            raise ConfigError(
                f"extra_headers sets {header.name} too: keep one of them", path=(header.setting,)
            )
    own = {*fixed, *(name for name, is_made in made.items() if is_made)}
    return HeaderSources(
        inference_id=settings.inference_id is True and INFERENCE_ID not in fixed,
        prefix_id=prefix_id,
        traceparent=traceparent,
        client=frozenset(name.lower() for name in _clients(clients, own)),
    )


def _clients(clients: ClientHeaders, own: set[str]) -> Iterator[str]:
    """Give the names of the headers that clients may send: never one that the deployment sets."""
    for index, name in enumerate(clients.allowed):
        path = (_ALLOWED, index)
        header = _known(name, path)
        if header.name == INFERENCE_ID:
            raise ConfigError(
                "the inference id is the gateway's own: clients may send x-litellm-call-id, which "
                "the log has beside it",
                path=path,
            )
        if header.name in own:
            raise ConfigError(
                f"{header.setting} sets this header already: keep one of them", path=path
            )
        yield header.name
    if clients.forwarded:
        yield from (name for name in FORWARDED if name not in own)
