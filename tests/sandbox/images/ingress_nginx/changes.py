# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is changed in ingress-nginx's own files, and why. README.md has the same for people."""

from __future__ import annotations

from typing import Final

from sandbox.images.ingress_nginx.edits import Edit

# The order matters: lua and set-misc use symbols of ndk.
_MODULES: Final = (
    "ndk_http_module",
    "ngx_http_lua_module",
    "ngx_http_set_misc_module",
    "ngx_http_headers_more_filter_module",
)

# nginx before 1.25.1 knows HTTP/2 as a parameter of `listen` only. It then holds for the address and port as a whole,
# so one server that nobody asks for turns it on for all, and the `listen` lines of the controller stay as they are.
_HTTP2_SERVER: Final = """\
    {{ if $cfg.UseHTTP2 }}
    # turns HTTP/2 on for the TLS port (nginx < 1.25.1)
    server {
        server_name http2.invalid;

        {{ $tlsPort := $all.ListenPorts.HTTPS }}
        {{ if $all.IsSSLPassthroughEnabled }}{{ $tlsPort = $all.ListenPorts.SSLProxy }}{{ end }}
        {{ range $address := $cfg.BindAddressIpv4 }}
        listen {{ $address }}:{{ $tlsPort }} ssl http2;
        {{ else }}
        listen {{ $tlsPort }} ssl http2;
        {{ end }}
        {{ if $IsIPV6Enabled }}
        {{ range $address := $cfg.BindAddressIpv6 }}
        listen {{ $address }}:{{ $tlsPort }} ssl http2;
        {{ else }}
        listen [::]:{{ $tlsPort }} ssl http2;
        {{ end }}
        {{ end }}

        return 421;
    }
    {{ end }}

"""

# The controller sends the TCP and UDP services there after each start, even when there are none, and reads no answer.
_STREAM_SINK: Final = """\
    # takes what the controller sends to the stream block, which this nginx does not have
    server {
        listen 127.0.0.1:{{ .StreamPort }};

        access_log off;
        error_log /dev/null crit;
        lingering_close always;

        return 200;
    }

"""

_STATUS_SERVER: Final = "    # default server, used for NGINX healthcheck and access to nginx stats\n"

TEMPLATE: Final = (
    Edit(
        "drop the stream block: Debian has no Lua for streams",
        old="\nstream {\n",
        until="{{/* definition of templates to avoid repetitions */}}",
        new="",
    ),
    Edit(
        "load Debian's modules, which ingress-nginx has built in",
        old="pid {{ .PID }};\n",
        new="pid {{ .PID }};\n\n" + "".join(f"load_module /usr/lib/nginx/modules/{name}.so;\n" for name in _MODULES),
    ),
    Edit(
        "do not say 'http2 on', which nginx 1.22 does not know",
        old="        {{ if $cfg.UseHTTP2 }}\n            http2 on;\n        {{ end }}\n",
        new="",
    ),
    Edit(
        "turn HTTP/2 on by a parameter of 'listen', and take what the controller sends to the stream block",
        old=_STATUS_SERVER,
        new=_HTTP2_SERVER + _STREAM_SINK + _STATUS_SERVER,
    ),
)

# The balancer takes over new endpoints when their stamp is later than the one it has. With whole seconds, the later of
# two changes within one second is lost until the next change: life seldom meets that, tests would all the time.
CONFIGURATION_LUA: Final = (
    Edit(
        "stamp endpoints with milliseconds",
        old="raw_backends_last_synced_at = ngx.time()",
        new="raw_backends_last_synced_at = ngx.now()",
    ),
)

# Only the timer of ordinary endpoints: the one beside it resolves external names, and would ask DNS ten times a second.
BALANCER_LUA: Final = (
    Edit(
        "look for new endpoints ten times a second",
        old="ngx.timer.every(BACKENDS_SYNC_INTERVAL, sync_backends)",
        new="ngx.timer.every(BACKENDS_SYNC_INTERVAL / 10, sync_backends)",
    ),
)

BY_FILE: Final = {
    "template/nginx.tmpl": TEMPLATE,
    "lua/configuration.lua": CONFIGURATION_LUA,
    "lua/balancer.lua": BALANCER_LUA,
}
