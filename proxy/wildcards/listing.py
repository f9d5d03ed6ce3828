"""What an account has for a wildcard, as the last refresh saw it.

Knows what is kept while AWS does not answer; refuses to know when to ask.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import structlog

from adapters.errors import UpstreamError
from proxy.config.wildcard import Discover
from proxy.wildcards.catalogue import Catalogue
from proxy.wildcards.sample import Sample
from proxy.wildcards.search import search

#: How AWS says that a permission is missing.
_DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_NEEDED: Final = "sagemaker:ListEndpoints, ListTags (for tags), ListInferenceComponents"

_log = structlog.stdlib.get_logger("sagegate")


class Listing:
    """The endpoints, or components, that are there for a wildcard.

    Args:
        sample: The wildcard.
        terms: What is looked for.
        catalogue: The account.
    """

    def __init__(self, sample: Sample, terms: Discover, catalogue: Catalogue) -> None:
        self._model = sample.entry.model
        self._sample = sample
        self._terms = terms
        self._catalogue = catalogue
        self._trouble: str | None = None
        #: What the `*` may stand for, each with AWS's word for its state; None before AWS's first
        #: answer. A component stands behind what stands for its endpoint: `part/component`.
        self.found: Mapping[str, str] | None = None

    @property
    def refresh_seconds(self) -> float:
        """From one refresh to the next."""
        return self._terms.refresh_seconds

    def inherit(self, others: Iterable[Listing]) -> None:
        """Take over what one of these has found that asks the same, until AWS answers anew."""
        found = (each.found for each in others if each.question == self.question)
        self.found = next(found, None)

    @property
    def question(self) -> tuple[object, ...]:
        """What AWS is asked, and for whom."""
        terms = self._terms.model_dump(exclude={"refresh_seconds"})
        return self._model, self._sample.endpoint, terms, self._catalogue

    async def refresh(self) -> None:
        """Ask AWS. Whatever goes wrong is logged once, and what was found before stays."""
        try:
            found = await search(self._sample, self._terms, self._catalogue)
        except UpstreamError as error:
            self._failed(error.code or str(error.status), error.detail)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next refresh must come
            self._failed(type(error).__name__, str(error))
        else:
            self._trouble = None
            if found != self.found:
                _log.info("discovery.changed", model=self._model, found=len(found))
            self.found = MappingProxyType(found)

    def _failed(self, code: str, detail: str | None) -> None:
        """Say what is wrong, once for as long as it stays the same."""
        if code == self._trouble:
            return
        self._trouble = code
        kept = "nothing but allowed_endpoints" if self.found is None else "what was found before"
        if code in _DENIED:
            _log.warning(
                "discovery.denied",
                model=self._model,
                needs=_NEEDED,
                serves=kept,
                detail=detail,
            )
        else:
            _log.warning(
                "discovery.failed",
                model=self._model,
                code=code,
                serves=kept,
                detail=detail,
            )
