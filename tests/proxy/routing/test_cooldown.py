"""When a deployment rests, for how long, and how it proves itself again."""

from __future__ import annotations

import pytest

from adapters.errors import (
    DeadlineExceeded,
    EndpointNotFound,
    EndpointUnavailable,
    GatewayError,
    InvalidRequest,
    MalformedReply,
    ModelError,
    RateLimited,
    Throttled,
    UpstreamError,
    UpstreamTimeout,
)
from proxy.routing.cooldown import CooldownPolicy, Health, counts
from tests.proxy.routing.groups import Clock

POLICY = CooldownPolicy(seconds=5)


def failed(
    health: Health, error: GatewayError, times: int = 1, policy: CooldownPolicy = POLICY
) -> bool:
    return [health.failed(error, policy, alone=False) for _ in range(times)][-1]


@pytest.mark.parametrize(
    ("error", "counted"),
    [
        (Throttled("x"), True),
        (EndpointNotFound("x"), True),
        (EndpointUnavailable("x"), True),
        (UpstreamTimeout("x"), True),
        (MalformedReply("x"), True),
        (DeadlineExceeded.after(1), True),
        (ModelError("x", status=500), True),
        (UpstreamError("x", code="connection_failed"), True),
        (ModelError("x", status=400), False),
        (ModelError("x", status=422), False),
        (InvalidRequest("x"), False),
        (RateLimited("x"), False),
    ],
)
def test_only_the_deployments_own_failures_count(error: GatewayError, counted: bool) -> None:
    """What the client or the gateway is at fault for never cools a deployment down."""
    assert counts(error) is counted


def test_throttling_and_a_missing_endpoint_rest_at_once() -> None:
    """Asking on would make it worse, or is hopeless."""
    for error in (Throttled("x"), EndpointNotFound("x")):
        assert failed(Health(Clock()), error)


@pytest.mark.parametrize("status", [401, 404])
def test_a_containers_own_refusal_rests_by_its_share(status: int) -> None:
    """It may be about what one client asks for: alone it takes nobody's deployment away."""
    health = Health(Clock())
    assert not failed(health, ModelError("x", status=status), times=4)
    assert failed(health, ModelError("x", status=status))


def test_a_lone_deployment_never_rests() -> None:
    """There would be nobody else to answer."""
    health = Health(Clock())
    for error in (Throttled("x"), EndpointNotFound("x"), UpstreamError("x")):
        for _ in range(20):
            assert not health.failed(error, POLICY, alone=True)
    assert not health.resting


def test_other_failures_rest_by_their_share() -> None:
    """More than half of at least five calls in a minute must have failed."""
    clock = Clock()
    health = Health(clock)
    assert not failed(health, UpstreamError("x"), times=4)
    assert failed(health, UpstreamError("x"))
    mixed = Health(clock)
    for _ in range(5):
        mixed.succeeded()
    assert not failed(mixed, UpstreamError("x"), times=5)
    assert failed(mixed, UpstreamError("x"))


def test_failures_of_another_minute_are_forgotten() -> None:
    """The window is a minute."""
    clock = Clock()
    health = Health(clock)
    assert not failed(health, UpstreamError("x"), times=4)
    clock.now += 61
    assert not failed(health, UpstreamError("x"), times=4)


def test_a_number_of_allowed_failures_replaces_the_share() -> None:
    """So many failures in a minute are borne, also throttling."""
    policy = CooldownPolicy(allowed_fails=2)
    assert not failed(Health(Clock()), Throttled("x"), times=2, policy=policy)
    assert failed(Health(Clock()), Throttled("x"), times=3, policy=policy)


def test_cooldowns_can_be_switched_off() -> None:
    """Then nothing rests."""
    assert not failed(Health(Clock()), Throttled("x"), policy=CooldownPolicy(enabled=False))


def test_one_call_is_let_through_after_the_rest() -> None:
    """A good answer ends the trial; while it runs, nobody else is sent there."""
    clock = Clock()
    health = Health(clock)
    failed(health, Throttled("x"))
    assert health.resting
    assert health.seconds_left == pytest.approx(5)
    clock.now += 5
    assert not health.resting
    health.begin(POLICY)
    assert health.resting
    health.proved()
    assert not health.resting


def test_a_failed_trial_rests_again_at_once() -> None:
    """One failure is enough then; and a trial that nobody ends is over after the same time."""
    clock = Clock()
    health = Health(clock)
    failed(health, Throttled("x"))
    clock.now += 5
    health.begin(POLICY)
    assert failed(health, UpstreamError("x"))
    assert health.resting
    clock.now += 5
    health.begin(POLICY)
    clock.now += 5
    assert not health.resting


def test_a_clients_fault_does_not_prove_anything() -> None:
    """It says nothing about the deployment; another call may be the trial then."""
    clock = Clock()
    health = Health(clock)
    failed(health, Throttled("x"))
    clock.now += 5
    health.begin(POLICY)
    assert not failed(health, ModelError("x", status=422))
    assert health.resting
    health.spared()
    assert (health.resting, health.on_trial) == (False, True)


def test_stragglers_do_not_prolong_a_rest() -> None:
    """What was asked before the rest began, and fails in it, says nothing new."""
    clock = Clock()
    health = Health(clock)
    assert failed(health, Throttled("x"))
    clock.now += 4
    assert not failed(health, Throttled("x"))
    clock.now += 1
    assert not health.resting


def test_the_last_telling_call_decides_whether_it_does_well() -> None:
    """A client's fault tells nothing; the first chunk of an answer does."""
    health = Health(Clock())
    assert health.well
    failed(health, UpstreamError("x"))
    failed(health, InvalidRequest("x"))
    assert not health.well
    health.proved()
    assert health.well


def test_the_state_is_what_the_last_minute_says() -> None:
    """Resting, then on trial, then healthy; `failing` where it fails without resting."""
    clock = Clock()
    health = Health(clock)
    assert health.state == "healthy"
    failed(health, Throttled("x"))
    assert (health.state, health.seconds_left) == ("resting", 5)
    clock.now += 5
    assert (health.state, health.seconds_left) == ("on_trial", 0)
    health.begin(POLICY)
    assert (health.state, health.seconds_left) == ("resting", 5)
    health.proved()
    health.succeeded()
    assert health.state == "healthy"


def test_a_lone_deployment_that_fails_is_called_failing() -> None:
    """It does not rest; a minute later nothing is known of it any more."""
    clock = Clock()
    health = Health(clock)
    health.failed(UpstreamError("x"), POLICY, alone=True)
    assert health.state == "failing"
    health.succeeded()
    assert health.state != "failing"
    clock.now += 61
    assert health.state == "healthy"


def test_of_a_failure_only_its_kind_is_kept() -> None:
    """Neither its message nor the request that met it."""
    clock = Clock()
    health = Health(clock)
    failed(health, ModelError("the prompt", status=500))
    clock.now += 2
    assert health.last_failure is not None
    told = health.last_failure.told(clock())
    assert told == {"type": "ModelError", "status": 500, "seconds_ago": 2.0}
