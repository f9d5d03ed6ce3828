"""Who calls: one identity in one region, and what AWS says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.base import Json
from proxy.check.finding import Finding
from proxy.check.judgement.permission import partition_of


@dataclass(slots=True, kw_only=True)
class Caller:
    """One identity in one region, and what AWS says of it."""

    identity: str
    region: str
    models: list[str] = field(default_factory=list)
    account: str | None = None
    arn: str | None = None
    clock_skew_seconds: float | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def unusable(self) -> bool:
        """Whether AWS refuses all that is signed in its name."""
        return any(each.check == "identity" and each.level == "failure" for each in self.findings)

    def document(self) -> Json:
        """Give it for machines."""
        return {
            "identity": self.identity,
            "region": self.region,
            "models": self.models,
            "account": self.account,
            "arn": self.arn,
            "partition": None if self.arn is None else partition_of(self.arn),
            "clock_skew_seconds": self.clock_skew_seconds,
            "findings": [each.document() for each in self.findings],
        }
