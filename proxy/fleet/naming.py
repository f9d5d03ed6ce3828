"""What deployments and sites are called among gateways: the same in all that mean the same.

A deployment's id may be the operator's, and the same for two gateways that mean different things
by it; so where it leads is part of its name. Names tell nothing of what they stand for.
"""

from __future__ import annotations

from hashlib import blake2b

from proxy.routing.site import Site


def name_of_site(site: Site) -> str:
    """Give a site's name, 32 hexadecimal digits."""
    return _digest(*_parts(site))


def name_of_deployment(deployment: str, site: Site) -> str:
    """Give the name of a deployment with this id in front of a site."""
    return _digest(deployment, *_parts(site))


def _parts(site: Site) -> tuple[object, ...]:
    where = (site.endpoint, site.component, site.region, site.base_url, site.identity)
    return (*where, sorted(site.targets))


def _digest(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
