"""Asks AWS about each identity and each deployment, and lets the judgements speak.

A composition root: brings deployments, identities and the control plane together. Each question is
asked once however many deployments it concerns, and only a few are open at a time. No answer, or
a refusal, is a finding like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from adapters.base import Json
from adapters.errors import GatewayError
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.identities import Identities
from proxy.check.examination import Examination
from proxy.check.finding import Finding
from proxy.check.judgement.clock import clock
from proxy.check.judgement.permission import partition_of
from proxy.check.judgement.refusal import refusal
from proxy.check.row import Row
from proxy.deployments import Deployment

#: Questions that are open at a time.
_AT_ONCE: Final = 4
_NOT_ASKED: Final = Finding(
    level="unknown", check="aws", text="could not check anything: the identity can't be used"
)

#: Hears of each deployment that is done.
Progress = Callable[[str], None]


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


class Questions:
    """A control plane that is asked everything once only."""

    def __init__(self, plane: ControlPlane, places: asyncio.Semaphore) -> None:
        self._plane = plane
        self._places = places
        self._asked: dict[tuple[Any, ...], asyncio.Task[Any]] = {}

    @property
    def clock_skew(self) -> float | None:
        """Seconds that this machine's clock is ahead of AWS's."""
        return self._plane.clock_skew

    def ask(self, operation: str, *arguments: Any) -> Awaitable[Any]:
        """Ask the control plane's method of that name.

        Raises:
            GatewayError: the method's own.
        """
        key = (operation, *arguments)
        if key not in self._asked:
            self._asked[key] = asyncio.create_task(self._answer(*key))
        return self._asked[key]

    async def _answer(self, operation: str, *arguments: Any) -> Any:
        async with self._places:
            return await getattr(self._plane, operation)(*arguments)


async def survey(
    pairs: Sequence[tuple[Row, Deployment]], environ: Mapping[str, str], progress: Progress
) -> tuple[list[Caller], list[list[Finding]]]:
    """Ask AWS about all identities, and about each deployment in turn.

    Returns:
        The identities, and each deployment's findings in the order given. A deployment that is
        answered without AWS has none.
    """
    async with AsyncExitStack() as stack:
        people = _People(environ, stack)
        known = [None if row.mock else people.of(row, built) for row, built in pairs]
        await asyncio.gather(*(_meet(caller, questions) for caller, questions in people.all))

        async def examined(row: Row, known: tuple[Caller, Questions] | None) -> list[Finding]:
            if known is None:
                return []
            caller, questions = known
            if caller.unusable:
                return [_NOT_ASKED]
            findings = await Examination(row, questions.ask, caller.arn).findings()
            progress(row.model)
            return findings

        rows = (row for row, _ in pairs)
        found = await asyncio.gather(*map(examined, rows, known))
    return [caller for caller, _ in people.all], list(found)


class _People:
    """The identities that deployments have, each once a region."""

    def __init__(self, environ: Mapping[str, str], stack: AsyncExitStack) -> None:
        self._environ = environ
        self._stack = stack
        self._identities = Identities()
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._known: dict[tuple[int, str], tuple[Caller, Questions]] = {}
        self._providers: list[object] = []  # keeps their ids their own

    @property
    def all(self) -> list[tuple[Caller, Questions]]:
        """Everybody so far."""
        return list(self._known.values())

    def of(self, row: Row, deployment: Deployment) -> tuple[Caller, Questions]:
        """Give the identity of a deployment."""
        provider = self._identities.provider(deployment.composed.aws)
        self._providers.append(provider)
        key = (id(provider), row.region)
        if key not in self._known:
            plane = ControlPlane(row.region, provider, environ=self._environ)
            self._stack.push_async_callback(plane.aclose)
            caller = Caller(identity=row.identity, region=row.region)
            self._known[key] = (caller, Questions(plane, self._places))
        caller, questions = self._known[key]
        if row.model not in caller.models:
            caller.models.append(row.model)
        return caller, questions


async def _meet(caller: Caller, questions: Questions) -> None:
    """Ask AWS who an identity is."""
    try:
        said = await questions.ask("caller_identity")
    except GatewayError as error:
        caller.findings.append(refusal("identity", "who the identity is", error))
    else:
        caller.account, caller.arn = said["Account"], said["Arn"]
        caller.findings.append(Finding(level="ok", check="identity", text=f"is {said['Arn']}"))
    if questions.clock_skew is not None:
        caller.clock_skew_seconds = round(questions.clock_skew)
        caller.findings.append(clock(questions.clock_skew))
