"""The gauges: how things stand at the moment of a look."""

from __future__ import annotations

import asyncio

from adapters.credential_state import CredentialState
from adapters.errors import EndpointUnavailable, Throttled
from proxy.routing.cooldown import CooldownPolicy
from proxy.routing.live import LiveState
from proxy.routing.member import Member
from proxy.routing.permits import AdmissionPolicy, Place
from proxy.telemetry.metrics.pulse import Pulse, beating
from proxy.telemetry.metrics.reporter import Metrics
from tests.proxy.telemetry.calls import member


class Scene:
    """A process with two deployments, and the pulse that looks at it."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.live = LiveState()
        self.held = [self.live.of("a"), self.live.of("b")]
        self.members: list[Member] = [
            member(name, live=live) for name, live in zip("ab", self.held, strict=True)
        ]
        self.credentials = CredentialState()
        self.pulse = Pulse(
            self.metrics,
            calls=lambda: 3,
            tasks=lambda: 12,
            live=self.live,
            members=lambda: self.members,
            credentials=lambda: self.credentials,
        )

    def told(self, name: str, **labels: str) -> list[float]:
        self.pulse.look()
        return [
            sample.value
            for family in self.metrics.registry.collect()
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]


def test_what_is_under_way() -> None:
    """Requests, streams, tries and permits are those of the moment."""
    scene = Scene()
    scene.held[0].open_streams, scene.held[1].open_streams = 1, 2
    scene.held[1].in_flight = 5
    policy = AdmissionPolicy(limit=2)
    permit = scene.held[0].permits.take(Place(policy=policy))
    assert permit is not None
    assert scene.live.door.take(Place(policy=policy)) is not None
    assert scene.told("litellm_in_flight_requests") == [3]
    assert scene.told("sagegate_tasks") == [12]
    assert scene.told("sagegate_open_streams") == [3]
    assert scene.told("sagegate_deployment_in_flight", model_id="b") == [5]
    assert scene.told("sagegate_deployment_calls", model_id="a") == [1]
    assert scene.told("sagegate_admitted_requests") == [1]
    permit.release()
    assert scene.told("sagegate_deployment_calls", model_id="a") == [0]


def test_what_does_nothing_costs_nothing() -> None:
    """A deployment has gauges of what is under way once something was; thousands may have none."""
    scene = Scene()
    scene.held[0].in_flight = 1
    assert scene.told("sagegate_deployment_in_flight") == [1]
    scene.held[0].in_flight = 0
    assert scene.told("sagegate_deployment_in_flight") == [0]
    assert scene.told("sagegate_deployment_calls", model_id="b") == []
    assert scene.told("litellm_deployment_state") == [0, 0]


def test_the_state_of_a_deployment() -> None:
    """0 is good, 1 has failed lately, 2 rests; one that a reload took away is 0."""
    scene = Scene()
    state = "litellm_deployment_state"
    assert scene.told(state, model_id="a") == [0]
    policy = CooldownPolicy()
    scene.held[0].health.failed(EndpointUnavailable("x"), policy, alone=False)
    assert scene.told(state, model_id="a", litellm_model_name="a-endpoint") == [1]
    scene.held[0].health.failed(Throttled("x"), policy, alone=False)
    assert scene.told(state, model_id="a") == [2]
    scene.members = []
    assert scene.told(state, model_id="a") == [0]


def test_credentials() -> None:
    """Attempts count once each, also when their count begins anew; the age is the oldest's."""
    scene = Scene()
    name = "sagegate_credential_refreshes_total"
    scene.credentials = CredentialState.of_all(
        [
            CredentialState(fetched=2, failed=1, oldest=10.0),
            CredentialState(fetched=1, oldest=5.0),
            CredentialState(),
        ]
    )
    assert scene.told(name, outcome="ok") == [3]
    scene.credentials = CredentialState(fetched=1)
    assert scene.told(name, outcome="ok") == [4]
    assert scene.told(name, outcome="failed") == [1]
    assert scene.told("sagegate_credential_age_seconds") == [0]
    scene.credentials = CredentialState(oldest=5.0)
    assert scene.told("sagegate_credential_age_seconds")[0] > 1e9


async def test_it_beats() -> None:
    """By itself it looks once a second, and says how late the event loop let it."""
    scene, looked = Scene(), asyncio.Event()
    begun = False

    def calls() -> int:
        if begun:
            looked.set()
        return 0

    scene.pulse = Pulse(
        scene.metrics,
        calls=calls,
        tasks=lambda: 0,
        live=scene.live,
        members=lambda: scene.members,
        credentials=lambda: scene.credentials,
    )
    async with beating(scene.pulse), asyncio.timeout(20):
        begun = True
        await looked.wait()
    (family,) = scene.metrics.all.loop_lag.metric.collect()
    assert next(each.value for each in family.samples if each.name.endswith("_count")) == 1
