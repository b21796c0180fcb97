# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach an API server: the options of kubernetes.core, and what they mean. PRIVATE to the collection.

The option names, their environment variables (``K8S_AUTH_*``) and their precedence are those of kubernetes.core, so
one setting serves its modules and ours. This file is the only one that knows the Kubernetes client library.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ClusterError, ConnectionOptionError

try:
    import kubernetes.client
    import kubernetes.config
    import urllib3
    import yaml
    from kubernetes.client.rest import RESTClientObject
except ImportError as error:  # reported by connect()
    _MISSING: ImportError | None = error
else:
    _MISSING = None
    _files: Any = kubernetes.config

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

# Option of kubernetes.core → attribute of the client library's Configuration.
_ATTRIBUTES = {
    "host": "host",
    "username": "username",
    "password": "password",
    "validate_certs": "verify_ssl",
    "ca_cert": "ssl_ca_cert",
    "client_cert": "cert_file",
    "client_key": "key_file",
    "proxy": "proxy",
    "no_proxy": "no_proxy",
}
_OPTIONS = (*_ATTRIBUTES, "kubeconfig", "context", "api_key", "proxy_headers", "impersonate_user", "impersonate_groups")


class TransportError(ClusterError):
    """No answer came back: the server is away, or the connection broke."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A configured HTTP pool: ``host`` is the root URL."""

    host: str
    _pool: Any
    _configuration: Any
    _user: str | None
    _groups: tuple[str, ...]

    def request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Return status and body of the answer; expiring credentials are renewed on the way. Raises TransportError."""
        try:
            answer = self._pool.request(
                method, url, body=body, headers=self._headers(headers), timeout=_timeout(), retries=False
            )
        except urllib3.exceptions.HTTPError as error:
            raise TransportError(str(error)) from error
        return answer.status, answer.data

    def _headers(self, headers: Mapping[str, str]) -> Any:
        found = urllib3.HTTPHeaderDict(headers)
        for setting in self._configuration.auth_settings().values():
            if setting.get("in") == "header" and setting.get("value"):
                found[setting["key"]] = setting["value"]
        if self._user:
            found["Impersonate-User"] = self._user
        for group in self._groups:
            # The API takes this header several times.
            found.add("Impersonate-Group", group)
        return found


def _timeout() -> Any:
    return urllib3.Timeout(connect=5, read=60)


def connect(params: Mapping[str, Any]) -> Connection:
    """Return a connection for module parameters with kubernetes.core's names.

    Raises ConnectionOptionError when the client library is missing, the kubeconfig cannot be read, or the context
    does not exist. Nothing is sent yet.
    """
    if _MISSING is not None:
        raise ConnectionOptionError(f"the Python library kubernetes is needed on the controller: {_MISSING}")
    options = {name: _option(name, params) for name in _OPTIONS}
    configuration = _configuration(options)
    for option, attribute in _ATTRIBUTES.items():
        if options[option] is not None:
            setattr(configuration, attribute, options[option])
    if options["api_key"]:
        configuration.api_key = {"authorization": f"Bearer {options['api_key']}"}
    if options["proxy_headers"]:
        configuration.proxy_headers = urllib3.util.make_headers(**options["proxy_headers"])
    configuration.host = configuration.host.rstrip("/")
    if not configuration.verify_ssl:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return Connection(
        configuration.host,
        RESTClientObject(configuration).pool_manager,
        configuration,
        options["impersonate_user"],
        tuple(options["impersonate_groups"] or ()),
    )


def _option(name: str, params: Mapping[str, Any]) -> Any:
    if params.get(name) is not None:
        return params[name]
    spellings = (name, _ATTRIBUTES.get(name, name))
    text = next(filter(None, (os.environ.get(f"K8S_AUTH_{spelling.upper()}") for spelling in spellings)), None)
    if text is None or name == "proxy_headers":
        return None
    if name == "validate_certs":
        return _BOOLEANS.get(text.lower(), True)
    return [group for group in text.split(",") if group] if name == "impersonate_groups" else text


def _configuration(options: Mapping[str, Any]) -> Any:
    configuration = kubernetes.client.Configuration()
    host = options["host"]
    if host and (options["api_key"] or (options["client_cert"] and options["client_key"]) or options["username"]):
        return configuration
    kubeconfig, context = options["kubeconfig"], options["context"]
    try:
        if isinstance(kubeconfig, dict):
            _files.load_kube_config_from_dict(
                kubeconfig, context=context, client_configuration=configuration, persist_config=False
            )
        elif kubeconfig or context or not _in_cluster(configuration):
            _files.load_kube_config(
                str(Path(kubeconfig).expanduser()) if kubeconfig else None,
                context=context,
                client_configuration=configuration,
                persist_config=False,
            )
    except (_files.ConfigException, yaml.YAMLError, OSError, ValueError, KeyError, TypeError) as error:
        place = "the given kubeconfig" if isinstance(kubeconfig, dict) else kubeconfig or "the default kubeconfig"
        raise ConnectionOptionError(
            f"{place} cannot be used{f' with context {context!r}' if context else ''}: {error}; "
            "check migration_kubeconfig and migration_context"
        ) from error
    return configuration


def _in_cluster(configuration: Any) -> bool:
    try:
        _files.load_incluster_config(client_configuration=configuration)
    except _files.ConfigException:
        return False
    return True
