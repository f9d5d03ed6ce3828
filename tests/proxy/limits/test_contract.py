"""What every ledger promises, whichever way it counts."""

import math

from proxy.limits.claim import Claim, LimitReached
from proxy.limits.window import MARGIN, WIDTH
from tests.proxy.limits.bench import Bench, model

KEY = Claim(scope="key:5f3a", label="key team-a", requests=5, tokens=500, parallel=5)


async def test_requests_are_counted_exactly(bench: Bench) -> None:
    """The limit passes, one more does not, and a minute later the limit passes again."""
    claim = model(requests=3)
    for _ in range(2):
        for _ in range(3):
            await bench.take(claim)
        await bench.refused(claim)
        bench.clock.pass_by(60 + WIDTH)


async def test_the_window_slides(bench: Bench) -> None:
    """Places come back one by one, a minute after each was taken; no border doubles the limit."""
    claim = model(requests=2)
    await bench.take(claim)
    bench.clock.pass_by(59)
    await bench.take(claim)
    bench.clock.pass_by(1.5)
    await bench.take(claim)
    await bench.refused(claim)


async def test_the_wait_is_as_long_as_said(bench: Bench) -> None:
    """Just before the time that a refusal names it is still refused; then it passes."""
    claim = model(requests=2, tokens=1000)
    for tokens in (700, 100):
        await bench.take(claim, tokens=tokens)
        bench.clock.pass_by(7.3)
    error = await bench.refused(claim, tokens=300)
    assert error.retry_after is not None
    assert 60 - 14.6 <= error.retry_after <= 60 - 14.6 + 2 * WIDTH
    bench.clock.pass_by(error.retry_after - 0.1)
    await bench.refused(claim, tokens=300)
    bench.clock.pass_by(0.1)
    await bench.take(claim, tokens=300)


async def test_all_claims_or_none(bench: Bench) -> None:
    """A refusal by one claim takes nothing from the others, slots included."""
    full = model(requests=1)
    await bench.take(full)
    for _ in range(10):
        await bench.refused(KEY, full, tokens=10)
    left = (await bench.take(KEY, tokens=10)).remaining[0]
    assert (left.requests, left.tokens, left.parallel) == (4, 490, 4)


async def test_the_longest_wait_is_named(bench: Bench) -> None:
    """Of several limits, the refusal is about the one that lasts."""
    await bench.take(model(requests=1))
    bench.clock.pass_by(30)
    await bench.take(KEY, tokens=500)
    error = await bench.refused(model(requests=1), KEY, tokens=1)
    assert "key team-a: 500 tokens per minute" in error.message
    assert error.retry_after is not None
    assert error.retry_after > 59


async def test_refusals_tell_what_is_left(bench: Bench) -> None:
    """Of the limit that is short, and of no other one."""
    await bench.take(KEY, tokens=400)
    by_tokens = await bench.refused(KEY, tokens=101)
    assert isinstance(by_tokens, LimitReached)
    assert by_tokens.remaining[1:] == (None, 100, None)
    await bench.take(model(requests=1))
    by_requests = await bench.refused(model(requests=1))
    assert isinstance(by_requests, LimitReached)
    assert by_requests.remaining[1:] == (0, None, None)


async def test_refusals_name_limit_and_owner_never_a_scope(bench: Bench) -> None:
    """A client reads kind, number and public name; hashes and ids stay inside."""
    await bench.take(KEY, tokens=500)
    by_tokens = await bench.refused(KEY, tokens=1)
    assert by_tokens.message.startswith("Limit reached for key team-a: 500 tokens per minute. Try")
    await bench.take(model(parallel=1))
    by_slots = await bench.refused(model(parallel=1))
    assert "model llama: 1 requests at the same time" in by_slots.message
    assert by_slots.retry_after
    for error in (by_tokens, by_slots):
        assert (error.status, error.type) == (429, "rate_limit_error")
        assert "5f3a" not in error.message


async def test_what_never_fits_is_not_worth_waiting_for(bench: Bench) -> None:
    """More tokens than the limit, or a limit of nothing: no Retry-After, and no retries."""
    claim = model(tokens=100)
    too_large = await bench.refused(claim, tokens=101)
    assert "This request needs about 101." in too_large.message
    none = await bench.refused(model(requests=0, name="closed"))
    no_slot = await bench.refused(model(parallel=0, name="shut"))
    for error in (too_large, none, no_slot):
        assert error.retry_after is None
        assert error.should_retry is False
    await bench.take(claim, tokens=100)


async def test_settling_gives_back_what_was_not_used(bench: Bench) -> None:
    """An estimate that was too high blocks nobody once the answer is there."""
    claim = model(tokens=100)
    reservation = await bench.take(claim, tokens=90)
    await bench.refused(claim, tokens=50)
    reservation.settle(10)
    reservation.settle(0)  # only the first counts
    await bench.written()
    left = (await bench.take(claim, tokens=50)).remaining[0]
    assert left.tokens == 40


async def test_settling_counts_what_was_used_beyond_the_estimate(bench: Bench) -> None:
    """An answer longer than estimated counts from its end on, even above the limit."""
    claim = model(tokens=100)
    reservation = await bench.take(claim, tokens=10)
    bench.clock.pass_by(50)
    reservation.settle(150)
    await bench.written()
    bench.clock.pass_by(11)
    error = await bench.refused(claim, tokens=1)
    assert error.retry_after is not None
    assert 49 <= error.retry_after <= 50 + WIDTH
    bench.clock.pass_by(error.retry_after)
    await bench.take(claim, tokens=100)


async def test_settling_late_takes_nothing_from_others(bench: Bench) -> None:
    """What left the window is not given back a second time."""
    claim = model(tokens=100)
    reservation = await bench.take(claim, tokens=90)
    bench.clock.pass_by(120)
    await bench.take(claim, tokens=60)
    reservation.settle(0)
    await bench.written()
    await bench.refused(claim, tokens=50)


async def test_slots_are_held_until_released(bench: Bench) -> None:
    """A slot is taken as long as its request, however long; releasing twice frees one."""
    claim = model(parallel=2)
    first = await bench.take(claim)
    await bench.take(claim)
    error = await bench.refused(claim)
    assert error.retry_after == 1.0 or math.isclose(error.retry_after or 0, 1.0, abs_tol=0.01)
    first.release()
    first.release()
    await bench.written()
    await bench.take(claim)
    await bench.refused(claim)


async def test_cancelling_undoes_everything(bench: Bench) -> None:
    """A request that was never made used nothing."""
    reservation = await bench.take(KEY, tokens=500)
    await bench.refused(KEY, tokens=1)
    reservation.cancel()
    reservation.cancel()
    await bench.written()
    left = (await bench.take(KEY, tokens=500)).remaining[0]
    assert (left.requests, left.tokens, left.parallel) == (4, 0, 4)


async def test_cancelling_what_is_settled_frees_its_slot_only(bench: Bench) -> None:
    """What was used stays used."""
    reservation = await bench.take(KEY, tokens=100)
    reservation.settle(200)
    reservation.cancel()
    await bench.written()
    left = (await bench.take(KEY, tokens=0)).remaining[0]
    assert (left.requests, left.tokens, left.parallel) == (3, 300, 4)


async def test_scopes_are_apart(bench: Bench) -> None:
    """One owner's use is no other's, whatever their limits have in common."""
    await bench.take(model(requests=1))
    await bench.take(model(requests=1, name="other"))
    left = (await bench.take(model(name="third", tokens=5), tokens=5)).remaining[0]
    assert (left.requests, left.tokens, left.parallel) == (None, 0, None)


async def test_a_lowered_limit_holds_at_once(bench: Bench) -> None:
    """Limits belong to the request; counts outlive a change of them."""
    for _ in range(5):
        await bench.take(model(requests=10))
    await bench.refused(model(requests=5))
    await bench.take(model(requests=6))


async def test_nobody_is_told_to_wait_for_more_than_a_minute(bench: Bench) -> None:
    """The longest wait is 60 s, which OpenAI's SDKs still obey, and then there is room."""
    claim = model(requests=1)
    await bench.take(claim)
    error = await bench.refused(claim)
    assert error.retry_after is not None
    assert 59 < error.retry_after <= 60
    bench.clock.pass_by(error.retry_after + MARGIN)
    await bench.take(claim)
