"""What goes wrong inside a codec, and whose fault it is: the container's reply, or the format.

Codecs read what containers send without asking at each step whether it is there: tripping over a
reply is how they say that its contents are wrong. Whatever else they raise is a fault of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from adapters.errors import FormatFailed, GatewayError, MalformedReply

#: What a codec may trip over when a container's reply has the right keys with the wrong contents.
_SHAPE_FAULTS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

_log = logging.getLogger(__name__)


@contextmanager
def writing_a_request() -> Iterator[None]:
    """Let a codec write; what leaves the block is of our tree.

    Raises:
        FormatFailed: it raised something else.
    """
    try:
        yield
    except GatewayError:
        raise
    except Exception as error:
        raise _failed("request") from error


@contextmanager
def reading_a_reply(request_id: str) -> Iterator[None]:
    """Let a codec read; what leaves the block is of our tree, and has AWS's id of the call.

    Raises:
        MalformedReply: the reply's contents are not what its keys promise.
        FormatFailed: the codec raised something that no reply is to blame for.
    """
    try:
        yield
    except Exception as error:
        fault = fault_of_a_reply(error, request_id)
        if fault is error:
            raise
        raise fault from error


def fault_of_a_reply(error: Exception, request_id: str) -> GatewayError:
    """Give what a codec raised while it read as an error of our tree, with AWS's id of the call.

    For whoever reads so often that entering a block would cost more than the reading.
    """
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


def _failed(what: str, request_id: str | None = None) -> FormatFailed:
    """Give the error for a codec that broke; what it tripped over is for the log alone."""
    _log.exception("format.failed")
    return FormatFailed(
        f"The model's format failed on this {what}: that is a fault of the format, which the "
        "model's configuration chooses (setting 'format').",
        request_id=request_id,
    )
