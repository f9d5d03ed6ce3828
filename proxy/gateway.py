"""The snapshot that requests are served with, built from one configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from adapters.value import value
from proxy.auth.keyring import Keyring
from proxy.auth.peers import Peers
from proxy.cache.answers import AnswerCache
from proxy.callbacks.calling import Callbacks
from proxy.door import Door
from proxy.health.checking import Checks
from proxy.json_body import JsonLimits
from proxy.registry import Registry

if TYPE_CHECKING:
    from proxy.keys.desk import KeyDesk
    from proxy.keys.spend import Budget
    from proxy.tracing.tracing import Tracing


@value(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Everything that a request needs; never changed, only replaced."""

    registry: Registry
    keyring: Keyring
    #: How the deployments do, beyond what traffic says.
    checks: Checks
    #: Who calls from where.
    peers: Peers
    #: Larger requests are refused.
    max_body_bytes: int
    json_limits: JsonLimits
    #: Which web pages may call: `CORSMiddleware`'s arguments.
    cors: Mapping[str, Any]
    #: None where answers are not cached.
    cache: AnswerCache | None = None
    #: Where virtual keys are made; None without a database.
    desk: KeyDesk | None = None
    #: The operator's own; None without any.
    callbacks: Callbacks | None = None
    #: Whether GET /health tells more than names and states.
    tells_health: bool = True
    #: None where no spans are made.
    tracing: Tracing | None = None
    #: Gives the budgets of the keys that have spent lately.
    budgets: Callable[[], Iterable[Budget]] = tuple
    #: Whether a stream may have to wait until its endpoint has started.
    holds_streams: bool = False
    #: None: requests come in as they are.
    door: Door | None = None
