"""The cache of answers: what a request has to do with it, what it finds, what it leaves.

Knows the rules; refuses to know stores from the inside, and who asks for an answer that is not
there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from adapters.answer import Answer
from adapters.base import Json, Task
from adapters.openai.streaming import wants_running_usage
from adapters.value import value
from proxy.cache.controls import CacheControls
from proxy.cache.entry import Entry, pack, unpack
from proxy.cache.key import cache_key
from proxy.cache.store import Store
from proxy.routing.call import Call

#: What a session has been told before is part of the question, and nobody knows it here.
_SESSION: Final = "x-amzn-sagemaker-session-id"


@value(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the configuration says.

    Args:
        seconds: How long an answer is kept, unless its request says otherwise.
        tasks: What is cached.
        default_on: Whether a request has to do with the cache that does not say so.
        shared: Whether callers get answers that others were given.
        entry_bytes: What one answer may take.
    """

    seconds: float
    tasks: frozenset[Task]
    default_on: bool = True
    shared: bool = False
    entry_bytes: int = 1024 * 1024


@value(frozen=True, slots=True)
class Plan:
    """What one request has to do with the cache."""

    key: str
    controls: CacheControls
    seconds: float


@value(frozen=True, slots=True, kw_only=True)
class AnswerCache:
    """Answers that were given before.

    Args:
        store: Where they are.
        policy: The configuration's rules.
        clock: Gives Unix seconds: machines share a store.
    """

    store: Store
    policy: Policy
    clock: Callable[[], float] = time.time

    def plan(self, call: Call, params: Json, settings: str = "") -> Plan | None:
        """Say what a request has to do with the cache; None for nothing.

        Args:
            call: The request.
            params: Its parameters.
            settings: Stands for the settings of the model's deployments.
        """
        controls = call.cache_controls
        if not self._concerns(call, controls, params):
            return None
        key = cache_key(
            call.task,
            params,
            model=call.model,
            settings=settings,
            caller=None if self.policy.shared else call.key or call.caller,
            namespace=controls.namespace,
            tags=call.wishes.tags,
            headers=call.origin.headers,
        )
        return None if key is None else Plan(key, controls, controls.ttl or self.policy.seconds)

    async def find(self, plan: Plan) -> Entry | None:
        """Give the answer that is there, unless it is too old for the request.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        data = await self.store.get(plan.key)
        entry = None if data is None else unpack(data)
        if entry is None or plan.controls.max_age is None:
            return entry
        return entry if self.clock() - entry.stored <= plan.controls.max_age else None

    async def keep(self, plan: Plan, answer: Answer) -> None:
        """Keep an answer, unless it is too large.

        Raises:
            StoreUnavailable: the store can't be asked.
        """
        data = pack(answer, self.clock())
        if data is not None and len(data) <= self.policy.entry_bytes:
            await self.store.put(plan.key, data, plan.seconds)

    def _concerns(self, call: Call, controls: CacheControls, params: Json) -> bool:
        wanted = self.policy.default_on if controls.use_cache is None else controls.use_cache
        if not wanted or call.task not in self.policy.tasks:
            return False
        if controls.no_cache and controls.no_store:
            return False
        if any(name.lower() == _SESSION for name, _ in call.origin.headers):
            return False
        return not (call.stream and wants_running_usage(params))
