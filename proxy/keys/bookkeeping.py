"""From a call that has ended to what it has cost."""

from __future__ import annotations

import time
from typing import Final

from proxy.keys.spend import SpendLog
from proxy.keys.spending import Spending
from proxy.routing.call import Call, Report

#: What the database has room for.
_LONGEST: Final = 300


def keeping_books(report: Report, spending: Spending) -> Report:
    """Give a report that also counts what a call has cost."""

    def tell(call: Call) -> None:
        report(call)
        spending.note(_log_of(call))

    return tell


def _log_of(call: Call) -> SpendLog:
    prompt, completion = call.used
    now, seconds = time.time(), time.monotonic() - call.started
    return SpendLog(
        request_id=call.origin.id or call.id[:64],
        digest=call.key,
        alias=call.caller,
        task=call.task,
        model=(call.group or call.model)[:_LONGEST],
        deployment=(call.deployment or "")[:_LONGEST],
        started_at=now - seconds,
        ended_at=now,
        prompt_tokens=prompt,
        completion_tokens=completion,
        spend=call.cost or 0.0,
        outcome=call.outcome,
    )
