# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of the controller's ConfigMap that need no model of what they do (semantics.md B.20). PRIVATE to the collection.

Source: ingress-nginx ``internal/ingress/controller/config/config.go`` and ``internal/ingress/defaults/main.go``.
"""

from __future__ import annotations

NEUTRAL = frozenset(
    """
    access-log-params access-log-path bind-address bind-address-ipv4 bind-address-ipv6 brotli-level
    client-body-buffer-size client-body-timeout client-header-buffer-size client-header-timeout
    debug-connections default-type disable-access-log disable-http-access-log disable-ipv6 disable-ipv6-dns
    disable-stream-access-log enable-access-log-for-default-backend enable-aio-write enable-auth-access-log
    enable-multi-accept enable-ocsp enable-serial-reloads enable-syslog error-log-level error-log-path
    generate-request-id global-rate-limit-memcached-connect-timeout global-rate-limit-memcached-host
    global-rate-limit-memcached-max-idle-timeout global-rate-limit-memcached-pool-size
    global-rate-limit-memcached-port global-rate-limit-status-code grpc-buffer-size-kb gzip-disable gzip-level
    http-access-log-path http2-max-concurrent-streams http2-max-field-size
    http2-max-header-size http2-max-requests keep-alive keep-alive-requests large-client-header-buffers
    limit-conn-status-code log-format-escape-json log-format-escape-none log-format-stream log-format-upstream
    lua-shared-dicts map-hash-bucket-size max-worker-connections max-worker-open-files metrics-per-host
    nginx-status-ipv4-whitelist nginx-status-ipv6-whitelist opentelemetry-config opentelemetry-operation-name
    opentelemetry-trust-incoming-span otel-max-export-batch-size otel-max-queuesize otel-sampler
    otel-sampler-parent-based otel-sampler-ratio otel-schedule-delay-millis otel-service-name otlp-collector-host
    otlp-collector-port proxy-buffer-size proxy-buffering proxy-buffers-number proxy-busy-buffers-size
    proxy-headers-hash-bucket-size proxy-headers-hash-max-size
    proxy-http-version proxy-max-temp-file-size proxy-protocol-header-timeout
    proxy-request-buffering proxy-ssl-location-only proxy-stream-next-upstream proxy-stream-next-upstream-timeout
    proxy-stream-next-upstream-tries proxy-stream-responses proxy-stream-timeout reuse-port
    server-name-hash-bucket-size server-name-hash-max-size service-upstream skip-access-log-urls ssl-buffer-size
    ssl-dh-param ssl-ecdh-curve ssl-session-cache ssl-session-cache-size ssl-session-ticket-key
    ssl-session-tickets ssl-session-timeout stream-access-log-path strict-validate-path-type syslog-host syslog-port
    upstream-keepalive-connections upstream-keepalive-requests upstream-keepalive-time upstream-keepalive-timeout
    use-geoip use-geoip2 variables-hash-bucket-size variables-hash-max-size worker-cpu-affinity worker-processes
    worker-shutdown-timeout
    """.split()  # noqa: SIM905 - a list of a hundred quoted strings reads worse
)
"""Keys whose effect a gateway has too, or that only tune nginx itself."""

GIVEN_UP: dict[str, tuple[str, str]] = {
    "enable-opentelemetry": ("false", "tracing is switched by the Telemetry objects of the mesh"),
    "ignore-invalid-headers": ("true", "header names that are not valid are refused or dropped by Envoy's own rules"),
    "limit-rate": ("0", "responses are not throttled"),
    "limit-rate-after": ("0", "responses have no free first part, for they are not throttled"),
    "server-tokens": ("false", "answers do not name the server"),
    "ssl-early-data": ("false", "TLS 1.3 clients send nothing before the handshake is complete"),
    "use-http2": ("true", "clients are offered HTTP/2"),
}
"""Keys whose effect is given up, which is performance or cosmetics: their default, and what becomes of them."""

FIREWALL: dict[str, str] = {
    "enable-modsecurity": "false",
    "enable-owasp-modsecurity-crs": "false",
    "modsecurity-snippet": "",
}
"""Keys by which a web application firewall looks at requests, with the default that switches it off."""

NOT_CARRIED: dict[str, str] = {
    "add-headers": "",
    "http-snippet": "",
    "limit-req-status-code": "503",
    "location-snippet": "",
    "main-snippet": "",
    "plugins": "",
    "proxy-set-headers": "",
    "server-snippet": "",
    "ssl-protocols": "TLSv1.2 TLSv1.3",
    "stream-snippet": "",
}
"""Keys that change how hosts answer and are not carried over, or not in every case, with their harmless default."""
