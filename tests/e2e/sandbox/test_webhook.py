# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server reaches admission webhooks behind Services, as Istio and ingress-nginx have them."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox.cluster import Cluster

SERVER = """
import http.server, json, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        allowed = review["request"]["object"].get("data", {}).get("allowed") == "yes"
        answer = {"uid": review["request"]["uid"], "allowed": allowed, "status": {"message": "say allowed: yes"}}
        body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("", 8443), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tls/tls.crt", "/tls/tls.key")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def certificate(folder: Path, host: str) -> dict[str, str]:
    key, crt = folder / "key.pem", folder / "crt.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-days", "30", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
    subprocess.run([*command, "-keyout", str(key), "-out", str(crt)], check=True, capture_output=True)
    return {name: base64.b64encode(path.read_bytes()).decode() for name, path in (("tls.crt", crt), ("tls.key", key))}


def config_map(namespace: str, name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, "labels": {"checked": "yes"}},
        "data": data,
    }


def test_a_webhook_refuses_and_allows(
    cluster: Cluster, namespace: str, eventually: Callable[..., Any], tmp_path: Path
) -> None:
    files = certificate(tmp_path, f"hook.{namespace}.svc")
    metadata = {"name": "hook", "namespace": namespace}
    probe = {"tcpSocket": {"port": 8443}}
    container = {
        "name": "main",
        "image": "sandbox.example/python:1",
        "args": ["-c", SERVER],
        "readinessProbe": probe,
        "volumeMounts": [{"name": "tls", "mountPath": "/tls", "readOnly": True}],
    }
    volumes = [{"name": "tls", "secret": {"secretName": "hook"}}]
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [
            {
                "name": "hook.example.test",
                "clientConfig": {"service": metadata | {"path": "/check"}, "caBundle": files["tls.crt"]},
                "rules": [
                    {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
                ],
                "objectSelector": {"matchLabels": {"checked": "yes"}},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "failurePolicy": "Fail",
            }
        ],
    }
    cluster.apply(
        [
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "kubernetes.io/tls", "data": files},
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": metadata | {"labels": {"app": "hook"}},
                "spec": {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 1},
            },
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": metadata,
                "spec": {"selector": {"app": "hook"}, "ports": [{"port": 443, "targetPort": 8443}]},
            },
        ]
    )
    cluster.wait(namespace, "pod/hook", "condition=Ready")
    cluster.apply([configuration])
    try:
        # Until kube-proxy knows the endpoint, the API server is refused.
        eventually(lambda: cluster.dry_run([config_map(namespace, "good", allowed="yes")]), "")
        assert "say allowed: yes" in cluster.dry_run([config_map(namespace, "bad", allowed="no")])
    finally:
        cluster.kubectl("delete", "validatingwebhookconfiguration", namespace)
