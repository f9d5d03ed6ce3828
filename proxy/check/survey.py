"""Asks AWS about each identity and each deployment, and lets the judgements speak.

A composition root: brings deployments, identities and the control plane together. Each question is
asked once however many deployments it concerns, and only a few are open at a time. No answer, or
a refusal, is a finding like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from adapters.errors import GatewayError
from adapters.sagemaker.control_plane import ControlPlane
from adapters.sagemaker.credentials import CredentialProvider
from adapters.sagemaker.identities import Identities
from adapters.sagemaker.network import Network
from proxy.check.caller import Caller
from proxy.check.discovery import listed, matches
from proxy.check.examination import Examination
from proxy.check.finding import Finding
from proxy.check.judgement.clock import clock
from proxy.check.judgement.refusal import refusal
from proxy.check.questions import Questions
from proxy.check.subject import Subject, found
from proxy.deployments import Deployment
from proxy.wildcards.sample import Sample
from proxy.wildcards.served import served_as

#: Questions that are open at a time.
_AT_ONCE: Final = 4
_NOT_ASKED: Final = Finding(
    level="unknown", check="aws", text="could not check anything: the identity can't be used"
)

#: Hears of each deployment that is done.
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What the configuration and the process say, beside the deployments looked at."""

    #: All deployments, wildcards among them.
    built: Sequence[Deployment]
    environ: Mapping[str, str]
    network: Network


#: What was looked at, and what was found of it.
Examined = tuple[Subject, Sequence[Finding]]


async def survey(
    subjects: Iterable[Subject], way: Way, progress: Progress
) -> tuple[list[Caller], list[Examined]]:
    """Ask AWS about all identities, and about each deployment in turn.

    Returns:
        The identities, and each deployment's findings in the order given; behind a wildcard comes
        what it matches now. A deployment that is answered without AWS has none.
    """
    async with AsyncExitStack() as stack:
        people = _People(way, stack)
        known = [(each, None if each.row.mock else people.of(each)) for each in subjects]
        await asyncio.gather(*(person.meet() for person in people.all))
        doctor = _Doctor(way, progress)
        found = await asyncio.gather(*(doctor.look(*each) for each in known))
    return [person.caller for person in people.all], [each for group in found for each in group]


class _Person:
    """An identity in a region, and the way to ask AWS in its name."""

    def __init__(self, caller: Caller, provider: CredentialProvider, questions: Questions) -> None:
        self.caller = caller
        self.questions = questions
        self._provider = provider  # held, for deployments share it while somebody does

    async def meet(self) -> None:
        """Ask AWS who an identity is."""
        caller = self.caller
        try:
            await self._provider.prepare()
        except GatewayError as error:
            text = f"{error.message} ({error.detail})"
            caller.findings.append(Finding(level="failure", check="identity", text=text))
            return
        try:
            said = await self.questions.ask("caller_identity")
        except GatewayError as error:
            caller.findings.append(refusal("identity", "who the identity is", error))
        else:
            caller.account, caller.arn = said["Account"], said["Arn"]
            caller.findings.append(Finding(level="ok", check="identity", text=f"is {said['Arn']}"))
        skew = self.questions.clock_skew
        if skew is not None:
            caller.clock_skew_seconds = round(skew)
            caller.findings.append(clock(skew))


class _People:
    """The identities that deployments have, each once a region."""

    def __init__(self, way: Way, stack: AsyncExitStack) -> None:
        self._way = way
        self._stack = stack
        self._identities = Identities(way.network)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._known: dict[tuple[int, str], _Person] = {}

    @property
    def all(self) -> list[_Person]:
        """Everybody so far."""
        return list(self._known.values())

    def of(self, subject: Subject) -> _Person:
        """Give the identity of a deployment."""
        row = subject.row
        provider = self._identities.provider(subject.deployment.composed.aws)
        key = (id(provider), row.region)  # ids stay their own: each person holds its provider
        if key not in self._known:
            plane = ControlPlane(
                row.region, provider, environ=self._way.environ, network=self._way.network
            )
            self._stack.push_async_callback(plane.aclose)
            caller = Caller(identity=row.identity, region=row.region)
            self._known[key] = _Person(caller, provider, Questions(plane, self._places))
        person = self._known[key]
        if row.model not in person.caller.models:
            person.caller.models.append(row.model)
        return person


class _Doctor:
    """Looks at deployments, and at what wildcards match."""

    def __init__(self, way: Way, progress: Progress) -> None:
        self._way = way
        self._progress = progress

    async def look(self, subject: Subject, person: _Person | None) -> list[Examined]:
        """Give a subject's findings, and those of what it stands for."""
        if person is None:
            return [(subject, [])]
        if person.caller.unusable:
            return [(subject, [_NOT_ASKED])]
        if subject.row.stands_for_many:
            return await self._wildcard(subject, person)
        return [(subject, await self._one(subject, person))]

    async def _one(self, subject: Subject, person: _Person) -> list[Finding]:
        row, ask = subject.row, person.questions.ask
        findings = await Examination(row, ask, person.caller.arn).findings()
        if subject.served_by is not None:
            findings += await listed(subject.served_by, row.model, ask)
        self._progress(row.model)
        return findings

    async def _wildcard(self, subject: Subject, person: _Person) -> list[Examined]:
        sample = Sample.of(subject.deployment)

        def reaches(model: str) -> bool:
            served = served_as(self._way.built, model)
            return any(each.sample and each.sample.entry is sample.entry for each in served)

        told, captured = await matches(sample, person.questions.ask, reaches)
        self._progress(subject.row.model)
        ones = [found(sample, each, self._way.environ) for each in captured]
        findings = await asyncio.gather(*(self._one(each, person) for each in ones))
        return [(subject, told), *zip(ones, findings, strict=True)]
