"""A wildcard that serves: its deployments, the way to them, and what the account has for it."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.base import Invoker
from adapters.value import value
from proxy.wildcards.listing import Listing
from proxy.wildcards.sample import Sample


@value(frozen=True, slots=True, kw_only=True, eq=False)
class Wildcard:
    """Deployments that are alike but for their names.

    Args:
        sample: What makes them.
        invoker: The way to all of its endpoints.
        listing: What the account has; None: it is not asked.
    """

    sample: Sample
    invoker: Invoker
    listing: Listing | None = None

    @property
    def listed(self) -> Mapping[str, str]:
        """What the account has in place of the `*`, each with AWS's word for its state."""
        found = self.listing.found if self.listing else None
        return {} if found is None else found

    def reaches(self, captured: str) -> bool:
        """Whether there is a deployment for this text in place of the `*`."""
        if not self.sample.admits(captured):
            return False
        if self.listing is None:
            return True
        if self.listing.found is None:
            return self.sample.allows is not None
        return captured in self.listing.found
