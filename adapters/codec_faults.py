"""What goes wrong inside a codec, and whose fault it is: the container's reply, or the format.

Codecs read what containers send without asking at each step whether it is there: tripping over a
reply is how they say that its contents are wrong. Whatever else they raise is a fault of their own.
"""

from __future__ import annotations

import logging
from typing import Final, NoReturn

from adapters.errors import FormatFailed, GatewayError, MalformedReply

#: What a codec may trip over when a container's reply has the right keys with the wrong contents.
_SHAPE_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_log = logging.getLogger(__name__)


def not_written(error: Exception) -> NoReturn:
    """Raise what a codec raised while it wrote, as an error of our tree.

    Raises:
        FormatFailed: it was something else.
    """
    if isinstance(error, GatewayError):
        raise error
    raise _failed("request") from error


def not_read(error: Exception, request_id: str) -> NoReturn:
    """Raise what a codec raised while it read, as an error of our tree, with AWS's id of the call.

    Raises:
        MalformedReply: the reply's contents are not what its keys promise.
        FormatFailed: the codec raised something that no reply is to blame for.
    """
    fault = fault_of_a_reply(error, request_id)
    if fault is error:
        raise error
    raise fault from error


def fault_of_a_reply(error: Exception, request_id: str) -> GatewayError:
    """Give what a codec raised while it read as an error of our tree, with AWS's id of the call."""
    if isinstance(error, GatewayError):
        error.request_id = error.request_id or request_id
        return error
    fault: GatewayError
    if isinstance(error, _SHAPE_FAULTS):
        fault = MalformedReply(
            "The container's answer has an unexpected shape.", request_id=request_id
        )
    else:
        fault = _failed("answer", request_id)
    fault.__cause__ = error
    return fault


class reading_a_reply:  # noqa: N801 - used like a function, as `contextlib.suppress` is
    """Let a codec read; what leaves the block is as `not_read` has it."""

    __slots__ = ("_request_id",)

    def __init__(self, request_id: str) -> None:
        self._request_id = request_id

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Judge how it ended."""
        if isinstance(error, Exception):
            not_read(error, self._request_id)


def _failed(what: str, request_id: str | None = None) -> FormatFailed:
    """Give the error for a codec that broke; what it tripped over is for the log alone."""
    _log.exception("format.failed")
    return FormatFailed(
        f"The model's format failed on this {what}: that is a fault of the format, which the "
        "model's configuration chooses (setting 'format').",
        request_id=request_id,
    )
