# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other services that a request passes by: external authentication, error pages, copies. PRIVATE to the collection."""

from __future__ import annotations

from ..code import Code
from ..finding import Level

CODES: tuple[Code, ...] = (
    Code(
        "EXTERNAL-AUTH-VOID",
        Level.CONSENT,
        "nginx ignores external authentication, for one of its settings is not valid: the paths are open to everybody.",
        "nginx ignores auth-url, for the value of {annotation} is not valid: these paths are open to everybody",
        "Correct {annotation} and see that nginx asks the service; accept the finding only if the paths may be open.",
    ),
    Code(
        "EXTERNAL-AUTH-TARGET",
        Level.BLOCKED,
        "The gateway cannot ask the authentication service that nginx asks.",
        "the authentication service cannot be asked by the gateway: {reason}",
        "Name the service by its full name in the cluster or a DNS name, or leave the host on nginx.",
    ),
    Code(
        "EXTERNAL-AUTH-ANY",
        Level.BLOCKED,
        "External authentication is one of several checks of which one suffices.",
        "satisfy: any makes external authentication one of several checks of which one suffices",
        "Remove satisfy, or leave the host on nginx.",
    ),
    Code(
        "EXTERNAL-AUTH-PROGRAM",
        Level.NOTE,
        "External authentication is a Lua program of the gateway, which asks exactly what nginx asks.",
        "a Lua program of the gateway asks {service}; it needs Envoy 1.35 or later, which Istio has since 1.27",
        "Check the version of the gateway before the host moves: an older one cannot run the program.",
    ),
    Code(
        "EXTERNAL-AUTH-NOT-CACHED",
        Level.APPROXIMATE,
        "The gateway does not keep answers of the authentication service; no single request shows it.",
        "nginx keeps answers of the authentication service; the gateway asks it for every request",
        "See that the service bears the requests of all clients.",
    ),
    Code(
        "MIRROR-NOT-CONVERTED",
        Level.CONSENT,
        "Copies of requests go where the gateway cannot send them.",
        "copies of the requests cannot be sent by the gateway: {reason}",
        "Write mirror-target as scheme://host$request_uri, or accept that there are no copies any more.",
    ),
    Code(
        "MIRROR-AS-FORWARDED",
        Level.APPROXIMATE,
        "Copies of requests have the Host and the path that the backend gets.",
        "copies have the Host and the path that the backend gets; nginx sends Host {own_host} and the URL as asked for",
        "See that the service that gets the copies does not choose by Host; before Istio 1.28 it ends with -shadow.",
    ),
    Code(
        "MIRROR-BODY",
        Level.CONSENT,
        "nginx copies requests without their bodies; the gateway copies the bodies, too.",
        "nginx leaves the bodies out of the copies; the gateway copies them, too",
        "Accept the finding if the service that gets the copies may see the bodies.",
    ),
    Code(
        "ERROR-PAGES-PROGRAM",
        Level.NOTE,
        "Error pages of another backend are fetched by a Lua program of the gateway.",
        "a Lua program of the gateway fetches error pages from {backend}; the body of the request is not sent again, "
        "and the gateway needs Envoy 1.35 or later, which Istio has since 1.27",
        "See that the backend of the pages does not need the body of the request.",
    ),
    Code(
        "ERROR-PAGES-OF-REDIRECTS",
        Level.BLOCKED,
        "A status below 400 gets an error page.",
        "custom-http-errors lists a status below 400, which answers of the gateway's own have, too",
        "List statuses from 400 on only.",
    ),
    Code(
        "DEFAULT-BACKEND-UNUSED",
        Level.NOTE,
        "The Service that default-backend names does not exist or has no ready endpoint; nginx does not use it.",
        "Service {service} does not exist or has no ready endpoint; neither nginx nor the gateway uses it",
        "Create the Service, or remove the annotation; then convert again.",
    ),
    Code(
        "DEFAULT-BACKEND-STATIC",
        Level.NOTE,
        "The default backend stands in for a backend without endpoints from the next conversion on.",
        "when the backend loses its last endpoint the gateway answers 503 instead of asking {backend}, until it is "
        "converted again",
        "Convert again when a backend is scaled to nothing, or keep one endpoint.",
    ),
    Code(
        "DEFAULT-BACKEND-CHOSEN",
        Level.NOTE,
        "A backend has no endpoint now, so its default backend gets the requests until the next conversion.",
        "Service {replaced} has no ready endpoint now, so {backend} gets its requests until the next conversion",
        "Convert again when the backend has endpoints.",
    ),
)
