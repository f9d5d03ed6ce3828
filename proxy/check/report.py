"""All that the doctor found, for machines: one document, and one number for the shell.

The document's keys are a promise: they stand in docs/operations.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from adapters.base import Json
from proxy.check.caller import Caller
from proxy.check.finding import Finding, count
from proxy.check.row import Row
from proxy.check.trial import Trial

#: Exit codes; click adds 2 for wrong arguments.
FINE: Final = 0
FOUND_FAULTS: Final = 1

#: Grows when a key changes its meaning or goes.
_FORM: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A deployment and what was found."""

    row: Row
    #: What AWS was asked about.
    findings: tuple[Finding, ...] = ()
    trial: Trial | None = None

    @property
    def all_findings(self) -> tuple[Finding, ...]:
        """Everything: what the configuration leaves open, AWS's answers, the call's outcome."""
        tried = () if self.trial is None else (self.trial.finding(),)
        return (*self.row.findings(), *self.findings, *tried)

    def document(self) -> Json:
        """Give it for machines."""
        return {
            **self.row.document(),
            "findings": [each.document() for each in self.all_findings],
            "invoke": None if self.trial is None else self.trial.document(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole of it."""

    patients: tuple[Patient, ...]
    callers: tuple[Caller, ...] = ()
    notices: tuple[str, ...] = ()
    #: Warnings count as failures.
    strict: bool = False
    problems: tuple[str, ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """What the shell is told."""
        found = list(self.findings())
        bad = count(found, "failure") + (count(found, "warning") if self.strict else 0)
        return FOUND_FAULTS if bad or self.problems else FINE

    def findings(self) -> Iterator[Finding]:
        """Give everything that was found, of identities and deployments."""
        for caller in self.callers:
            yield from caller.findings
        for patient in self.patients:
            yield from patient.all_findings

    def summary(self) -> Json:
        """Count what was found."""
        found = list(self.findings())
        return {
            "deployments": len(self.patients),
            "failures": count(found, "failure"),
            "warnings": count(found, "warning"),
            "unknown": count(found, "unknown"),
        }

    def document(self) -> Json:
        """Give it for machines."""
        return {
            "form": _FORM,
            "ok": self.exit_code == FINE,
            "exit_code": self.exit_code,
            "configuration": {
                "ok": not self.problems,
                "problems": list(self.problems),
                "notices": list(self.notices),
            },
            "identities": [each.document() for each in self.callers],
            "deployments": [each.document() for each in self.patients],
            "summary": self.summary(),
        }
