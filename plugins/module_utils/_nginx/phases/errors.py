# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which answers become pages of another backend (semantics.md B.17). PRIVATE to the collection."""

from __future__ import annotations

from ..site import Location, Problem, Site, Upstream


def pages_backend(site: Site, location: Location) -> Upstream | None:
    """Return the backend of a location's error pages, None where nginx makes a 404 of every error."""
    errors = location.policy.errors
    upstream = (location.fallback if errors.own else None) or site.default_upstream
    return upstream if upstream and upstream.problem is Problem.NONE else None


def pages_of(site: Site, location: Location, status: int) -> str:
    """Return which backend gives the page of an answer, and what it is told, empty for none.

    ``status`` is that of an answer of nginx, 0 for the backend's: then the statuses are listed that get a page.
    """
    errors = location.policy.errors
    if not errors.codes or (status and status not in errors.codes):
        return ""
    upstream = pages_backend(site, location)
    port = upstream.port.number if upstream and upstream.port else 0
    source = f"{upstream.namespace}/{upstream.service}:{port}" if upstream else "404 page"
    listed = ",".join(map(str, errors.codes)) + ("" if errors.intercepts else " of nginx")
    return f"{status or listed} from {source} for {' '.join(told(location))}"


def told(location: Location) -> tuple[str, str, str, str]:
    """Return what an error backend is told of a location: namespace and name of the Ingress, Service and port."""
    ingress = location.ingress
    backend = location.replaced or location.upstream
    return (
        ingress.key.namespace if ingress else "",
        ingress.key.name if ingress else "",
        backend.service if backend else "",
        backend.written_port if backend else "",
    )


def error_headers(location: Location, accepted: str) -> dict[str, str]:
    """Return what a backend that stands in for one without endpoints is told; ``accepted`` is the header Accept."""
    namespace, name, service, port = told(location)
    return {
        "x-code": "503",
        "x-format": accepted,
        "x-namespace": namespace,
        "x-ingress-name": name,
        "x-service-name": service,
        "x-service-port": port,
    }
