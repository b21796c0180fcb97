# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of the gateway: read from the Secrets that a plan names, at the moment of writing. PRIVATE.

They stand in the cluster only, in the EnvoyFilters themselves; plans, results and logs name the Secret.
"""

from __future__ import annotations

from .._istio.ownership import stamped_again
from .._istio.passwords import filled, replaced_users, source_of
from .._kube.objects import KubeObject, ObjectKey
from .api import Api
from .credentials import MissingSecretError
from .secret_facts import secret_data, secret_texts


def with_passwords(api: Api, obj: KubeObject) -> KubeObject:
    """Return ``obj`` with the users of the Secrets that it names, its digest that of what it then says.

    Raises MissingSecretError where a Secret is gone, or holds what Envoy cannot check; ApiError, UnreachableError.
    """

    def fill(text: str) -> str:
        source = source_of(text)
        if source is None:
            return text
        key = ObjectKey("Secret", source.namespace, source.name)
        secret = api.get("Secret", source.namespace, source.name)
        data = secret_data(secret) if secret else {}
        if secret is None or (source.form == "auth-file" and "auth" not in data):
            raise MissingSecretError(f"{key} no longer holds the passwords that the plan needs; convert again")
        try:
            return filled(source, secret_texts(data))
        except ValueError as error:
            raise MissingSecretError(f"{key} changed: {error}; convert again") from None

    changed = replaced_users(obj, fill)
    return obj if changed == obj else stamped_again(changed)
