"""Who has limits: a deployment, a public model, a key. Names their counts, and what clients read.

Scopes are the same in every process and after every reload, so that counts go on.
"""

from __future__ import annotations

from proxy.limits.claim import Claim


def of_deployment(
    deployment: str, model: str, *, rpm: int | None = None, tpm: int | None = None
) -> Claim | None:
    """Give the claim of one deployment of a public model; None without limits.

    Its parallel requests are the admission's, which lets them wait instead.
    """
    return _claim(f"deployment:{deployment}", f"model {model}", rpm, tpm, None)


def of_model(
    model: str,
    *,
    rpm: int | None = None,
    tpm: int | None = None,
    parallel: int | None = None,
) -> Claim | None:
    """Give the claim of a public model, whichever deployment answers; None without limits."""
    return _claim(f"model:{model}", f"model {model}", rpm, tpm, parallel)


def of_key(
    digest: str,
    alias: str,
    *,
    rpm: int | None = None,
    tpm: int | None = None,
    parallel: int | None = None,
) -> Claim | None:
    """Give the claim of a key, by its digest, never by the key itself; None without limits."""
    return _claim(f"key:{digest}", f"key {alias}", rpm, tpm, parallel)


def of_key_for_model(
    digest: str, alias: str, model: str, *, rpm: int | None = None, tpm: int | None = None
) -> Claim:
    """Give the claim of a key on one model, beside the key's own."""
    return Claim(
        scope=f"key:{digest}:model:{model}",
        label=f"key {alias} and model {model}",
        requests=rpm,
        tokens=tpm,
    )


def _claim(
    scope: str, label: str, requests: int | None, tokens: int | None, parallel: int | None
) -> Claim | None:
    claim = Claim(scope=scope, label=label, requests=requests, tokens=tokens, parallel=parallel)
    return claim if claim.limits_something else None
