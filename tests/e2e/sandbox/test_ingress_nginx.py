# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real ingress-nginx with Debian's nginx and our Lua: what a migration is compared with must be right itself."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from sandbox.cluster import Cluster

CONTROLLER = ("ingress-nginx", "ingress-nginx-controller")
NAMESPACE = "nginx-checks"
PREFIX = "nginx.ingress.kubernetes.io/"
DEADLINE = 30.0  # seconds until a change is served
# gRPC has Pods of its own: nginx keeps connections by address, and would send HTTP/1.1 on one that speaks HTTP/2.
BACKENDS = {"main": 1, "exact": 1, "rest": 1, "canary": 1, "grpc": 1, "many": 3}
PASSWORD_FILE = "user:$apr1$saltsalt$xx013OFx2cRtDjpNeiZXf."  # user, pass


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as curl saw it."""

    status: int
    version: str
    headers: dict[str, list[str]]
    body: str

    @property
    def echo(self) -> dict[str, Any]:
        """What the backend says it received."""
        content: dict[str, Any] = json.loads(self.body)
        return content

    @property
    def service(self) -> str:
        return str(self.echo["service"])

    def header(self, name: str) -> str:
        return "; ".join(self.headers.get(name, []))


def parse(output: str) -> Answer:
    """Read `curl --include`; only the last response counts."""
    head, _, body = output.replace("\r\n", "\n").partition("\n\n")
    lines = head.split("\n")
    version, status = lines[0].split()[:2]
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    return Answer(int(status), version, headers, body)


@dataclass(frozen=True, slots=True)
class Nginx:
    """The plane under test, reached through the loopback ports of its Service."""

    cluster: Cluster
    http: int
    https: int

    def get(self, url: str, *options: str) -> Answer:
        host = url.split("/")[2]
        plain, secure = f"{host}:80:127.0.0.1:{self.http}", f"{host}:443:127.0.0.1:{self.https}"
        command = ["curl", "-sSik", "-m", "10", "--connect-to", plain, "--connect-to", secure, *options, url]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
        assert done.returncode == 0, f"{url}: {done.stderr}"
        return parse(done.stdout)

    def get_from(self, source: str, url: str) -> Answer:
        """Ask from another address of the outside world, straight to the load balancer's address."""
        known = f"{url.split('/')[2]}:80:{self.cluster.address(*CONTROLLER)}"
        command = ("curl", "-sSi", "-m", "10", "--interface", source, "--resolve", known, url)
        return parse(self.cluster.client(*command))

    def certificate(self, host: str) -> str:
        """Return the subject of the certificate shown for a server name, and the protocol chosen by ALPN."""
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.https}", "-servername", host]
        command += ["-alpn", "h2,http/1.1"]
        done = subprocess.run(command, input=b"", capture_output=True, check=False, timeout=20)
        shown = done.stdout.decode(errors="replace")  # it dumps the session ticket as it is
        found = re.search(r"^subject=(.*)$", shown, re.MULTILINE)
        alpn = re.search(r"^ALPN protocol: (.*)$", shown, re.MULTILINE)
        return f"{found[1] if found else 'none'}, {alpn[1] if alpn else 'none'}"

    def eventually(self, ask: Callable[[], object], wanted: object) -> None:
        """Ask until the answer is the wanted one: nginx does not tell when it has taken over a change."""
        end = monotonic() + DEADLINE
        while (answer := ask()) != wanted:
            assert monotonic() < end, f"still {answer!r} instead of {wanted!r} after {DEADLINE} s"

    def await_status(self, url: str, status: int) -> None:
        self.eventually(lambda: self.get(url).status, status)


def path(text: str, service: str, kind: str = "Prefix", port: int = 80) -> dict[str, Any]:
    return {"path": text, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": port}}}}


def ingress(
    name: str, *paths: dict[str, Any], secret: str | None = None, host: str | None = None, **annotations: str
) -> dict[str, Any]:
    """An Ingress for NAME.example.test; annotations are given with underscores."""
    domain = host or f"{name}.example.test"
    spec: dict[str, Any] = {
        "ingressClassName": "nginx",
        "rules": [{"host": domain, "http": {"paths": list(paths) or [path("/", "main")]}}],
    }
    if secret is not None:
        spec["tls"] = [{"hosts": [domain], "secretName": secret} if secret else {"hosts": [domain]}]
    named = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE, "annotations": named},
        "spec": spec,
    }


INGRESSES = [
    ingress("paths", path("/foo", "main"), path("/foo/bar", "exact", "Exact"), path("/", "rest")),
    ingress("regex", path("/api(/|$)(.*)", "main", "ImplementationSpecific"), use_regex="true", rewrite_target="/$2"),
    ingress("tls-a", secret="tls-a"),
    ingress("tls-b", secret="tls-b", ssl_redirect="false"),
    ingress("tls-fake", secret=""),
    ingress("primary"),
    ingress("canary", path("/", "canary"), host="primary.example.test", canary="true", canary_by_header="X-Canary"),
    ingress("cors", enable_cors="true", cors_allow_origin="https://a.example.test", cors_allow_methods="GET, PUT"),
    ingress("basic", auth_type="basic", auth_secret="users", auth_realm="checks"),
    ingress("allowed", whitelist_source_range="198.18.254.3/32"),
    ingress(
        "sticky",
        path("/", "many"),
        affinity="cookie",
        session_cookie_name="STICKY",
        session_cookie_samesite="Lax",
        session_cookie_max_age="600",
    ),
    ingress("persistent", path("/", "many", port=84), affinity="cookie", affinity_mode="persistent"),
    ingress("hashed", path("/", "many", port=81), upstream_hash_by="$arg_key"),
    ingress("ewma", path("/", "many", port=82), load_balance="ewma"),
    ingress("robin", path("/", "many", port=83)),
    ingress("socket", proxy_read_timeout="3600"),
    ingress("grpc", path("/", "grpc"), secret="grpc", backend_protocol="GRPC"),
    ingress("secure", path("/", "main", port=443), backend_protocol="HTTPS"),
    ingress("inner", upstream_vhost="inner.example.test", x_forwarded_prefix="/p", rewrite_target="/z"),
    ingress("small", proxy_body_size="1k"),
    ingress("moved", permanent_redirect="https://elsewhere.example.test/y"),
    ingress("rooted", app_root="/app"),
    ingress("empty", path("/", "empty")),
    ingress("changing", path("/", "changing")),
    ingress("wild", host="*.wild.example.test"),
    ingress("short", from_to_www_redirect="true"),
    ingress("limited", limit_rps="1", limit_burst_multiplier="1"),
]


def backend(name: str, replicas: int) -> list[dict[str, Any]]:
    """A Deployment of echo and its Service. Ports 81 to 84 are other upstreams of nginx with the same endpoints."""
    labels = {"app": name}
    field = {"fieldRef": {"fieldPath": "metadata.name"}}
    container = {
        "name": "echo",
        "image": "echo",
        "env": [{"name": "ECHO_SERVICE", "value": name}, {"name": "POD_NAME", "valueFrom": field}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8081}, "periodSeconds": 1},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
            },
        },
    }
    ports = {80: 8080, 81: 8080, 82: 8080, 83: 8080, 84: 8080, 443: 8443}
    return [deployment, service(name, labels, ports)]


def service(
    name: str, selector: dict[str, str] | None, ports: dict[int, int], *, namespace: str = NAMESPACE
) -> dict[str, Any]:
    listed = [{"name": f"p{port}", "port": port, "targetPort": target} for port, target in ports.items()]
    spec: dict[str, Any] = {"ports": listed}
    if selector:
        spec["selector"] = selector
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def secret(name: str, kind: str, data: dict[str, bytes], *, namespace: str = NAMESPACE) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": encoded}


def certificate(folder: Path, name: str, *, hosts: tuple[str, ...] = (), namespace: str = NAMESPACE) -> dict[str, Any]:
    """A Secret with a self-signed certificate for NAME.example.test and other hosts."""
    names = [f"{name}.example.test", *hosts]
    key, crt = folder / f"{name}.key", folder / f"{name}.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "30", "-subj", f"/CN={names[0]}", "-keyout", str(key), "-out", str(crt)]
    command += ["-addext", "subjectAltName=" + ",".join(f"DNS:{host}" for host in names)]
    subprocess.run(command, check=True, capture_output=True)
    data = {"tls.key": key.read_bytes(), "tls.crt": crt.read_bytes()}
    return secret(name, "kubernetes.io/tls", data, namespace=namespace)


def endpoints(*addresses: str) -> dict[str, Any]:
    """The hand-made EndpointSlice of the Service `changing`, which has no selector."""
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": "changing", "namespace": NAMESPACE, "labels": {"kubernetes.io/service-name": "changing"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}} for address in addresses],
        "ports": [{"name": "p80", "port": 8080, "protocol": "TCP"}],
    }


@pytest.fixture(scope="module")
def nginx(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """ingress-nginx with all Ingresses of this file served."""
    certificates = [certificate(tmp_path_factory.mktemp("tls"), name) for name in ("tls-a", "tls-b", "grpc")]
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    cluster.apply([namespace])
    cluster.apply(
        [
            *(thing for name, replicas in BACKENDS.items() for thing in backend(name, replicas)),
            service("empty", {"app": "nobody"}, {80: 8080}),
            service("changing", None, {80: 8080}),
            endpoints(),
            *certificates,
            secret("users", "Opaque", {"auth": PASSWORD_FILE.encode()}),
        ]
    )
    for name in BACKENDS:
        cluster.wait(NAMESPACE, f"deployment/{name}", "condition=Available")
    cluster.apply(INGRESSES)
    plane = Nginx(cluster, cluster.port(*CONTROLLER, 80), cluster.port(*CONTROLLER, 443))
    for name, status in (("rooted", 302), ("changing", 503), ("ewma", 200), ("hashed", 200), ("paths", 200)):
        plane.await_status(f"http://{name}.example.test/", status)
    yield plane
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.mark.parametrize(
    ("asked", "service"),
    [("/foo/x?q=1", "main"), ("/foo/bar", "exact"), ("/foo/bar/", "main"), ("/foobar", "rest"), ("/", "rest")],
)
def test_static_paths(nginx: Nginx, asked: str, service: str) -> None:
    answer = nginx.get(f"http://paths.example.test{asked}")
    assert (answer.status, answer.service, answer.echo["path"]) == (200, service, asked)


@pytest.mark.parametrize(
    ("asked", "received"), [("/api/x?y=1", "/x?y=1"), ("/API/X", "/X"), ("/api", "/"), ("/apis", None), ("/", None)]
)
def test_regex_and_rewrite(nginx: Nginx, asked: str, received: str | None) -> None:
    answer = nginx.get(f"http://regex.example.test{asked}")
    assert (answer.status, answer.echo["path"] if received else None) == (200 if received else 404, received)


def test_unknown_host(nginx: Nginx) -> None:
    assert nginx.get("http://unknown.example.test/").status == 404


def test_service_without_endpoints(nginx: Nginx) -> None:
    assert nginx.get("http://empty.example.test/").status == 503


def test_redirect_to_https(nginx: Nginx) -> None:
    answer = nginx.get("http://tls-a.example.test/a?b=1")
    assert (answer.status, answer.header("location")) == (308, "https://tls-a.example.test/a?b=1")
    assert nginx.get("http://tls-b.example.test/a").status == 200


def test_https_over_both_versions(nginx: Nginx) -> None:
    for option, version in (("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2")):
        answer = nginx.get("https://tls-a.example.test/a", option)
        assert (answer.status, answer.version) == (200, version)
        assert answer.header("strict-transport-security").startswith("max-age=")
        assert answer.echo["headers"]["x-forwarded-proto"] == ["https"]


@pytest.mark.parametrize(
    ("host", "subject"),
    [
        ("tls-a.example.test", "CN = tls-a.example.test"),
        ("tls-b.example.test", "CN = tls-b.example.test"),
        ("TLS-B.example.test", "CN = tls-b.example.test"),
        ("tls-fake.example.test", "Kubernetes Ingress Controller Fake Certificate"),
        ("unknown.example.test", "Kubernetes Ingress Controller Fake Certificate"),
    ],
)
def test_certificate_by_server_name(nginx: Nginx, host: str, subject: str) -> None:
    shown = nginx.certificate(host)
    assert subject in shown
    assert shown.endswith(", h2")


@pytest.mark.parametrize(("value", "service"), [("always", "canary"), ("never", "main"), ("other", "main")])
def test_canary_by_header(nginx: Nginx, value: str, service: str) -> None:
    assert nginx.get("http://primary.example.test/", "-H", f"X-Canary: {value}").service == service


def test_cors(nginx: Nginx) -> None:
    url = "http://cors.example.test/"
    preflight = nginx.get(
        url, "-X", "OPTIONS", "-H", "Origin: https://a.example.test", "-H", "Access-Control-Request-Method: PUT"
    )
    assert (preflight.status, preflight.header("access-control-allow-origin")) == (204, "https://a.example.test")
    assert preflight.header("access-control-allow-methods") == "GET, PUT"
    other = nginx.get(url, "-H", "Origin: https://evil.example.test")
    assert (other.status, other.header("access-control-allow-origin")) == (200, "")


def test_basic_authentication(nginx: Nginx) -> None:
    url = "http://basic.example.test/"
    refused = nginx.get(url)
    assert (refused.status, refused.header("www-authenticate")) == (401, 'Basic realm="checks"')
    assert nginx.get(url, "-u", "user:wrong").status == 401
    assert nginx.get(url, "-u", "user:pass").status == 200


def test_source_addresses(nginx: Nginx) -> None:
    assert nginx.get_from("198.18.254.2", "http://allowed.example.test/").status == 403
    answer = nginx.get_from("198.18.254.3", "http://allowed.example.test/")
    assert (answer.status, answer.echo["headers"]["x-real-ip"]) == (200, ["198.18.254.3"])


def cookie_of(answer: Answer) -> str:
    return answer.header("set-cookie").partition(";")[0]


def test_cookie_affinity(nginx: Nginx) -> None:
    url = "http://sticky.example.test/"
    first = nginx.get(url)
    assert re.fullmatch(
        r"STICKY=[0-9a-f.]+\|[0-9a-f]{32}; Max-Age=600; Path=/; HttpOnly; SameSite=Lax", first.header("set-cookie")
    )
    again = [nginx.get(url, "-b", cookie_of(first)) for _ in range(10)]
    assert {answer.echo["pod"] for answer in again} == {first.echo["pod"]}
    assert not any(answer.header("set-cookie") for answer in again)
    assert len({nginx.get(url).echo["pod"] for _ in range(24)}) == BACKENDS["many"]


def test_cookie_affinity_over_https_is_secure(nginx: Nginx) -> None:
    assert "; Secure; HttpOnly" in nginx.get("https://sticky.example.test/").header("set-cookie")


def test_persistent_affinity(nginx: Nginx) -> None:
    url = "http://persistent.example.test/"
    first = nginx.get(url)
    pods = {nginx.get(url, "-b", cookie_of(first)).echo["pod"] for _ in range(10)}
    assert cookie_of(first).startswith("INGRESSCOOKIE=")
    assert pods == {first.echo["pod"]}


def test_hash(nginx: Nginx) -> None:
    def pods(key: int) -> set[str]:
        return {nginx.get(f"http://hashed.example.test/?key={key}").echo["pod"] for _ in range(3)}

    by_key = [pods(key) for key in range(12)]
    assert all(len(one) == 1 for one in by_key)
    assert len(set.union(*by_key)) > 1


# EWMA prefers the faster of two that it draws: with equal ones it need not meet all.
@pytest.mark.parametrize(("balancer", "least"), [("ewma", 2), ("robin", BACKENDS["many"])])
def test_balancers_share_requests_out(nginx: Nginx, balancer: str, least: int) -> None:
    assert len({nginx.get(f"http://{balancer}.example.test/").echo["pod"] for _ in range(24)}) >= least


def test_upstream_host_prefix_and_rewrite(nginx: Nginx) -> None:
    echo = nginx.get("http://inner.example.test/x").echo
    assert (echo["host"], echo["path"]) == ("inner.example.test", "/z")
    assert echo["headers"]["x-forwarded-prefix"] == ["/p"]


def test_https_backend(nginx: Nginx) -> None:
    answer = nginx.get("http://secure.example.test/")
    assert (answer.status, answer.echo["scheme"]) == (200, "https")


def test_limits_and_redirects(nginx: Nginx) -> None:
    assert nginx.get("http://small.example.test/", "-d", "x" * 2000).status == 413
    moved = nginx.get("http://moved.example.test/")
    assert (moved.status, moved.header("location")) == (301, "https://elsewhere.example.test/y")
    rooted = nginx.get("http://rooted.example.test/")
    assert (rooted.status, rooted.header("location")) == (302, "http://rooted.example.test/app")


def test_wildcard_host(nginx: Nginx) -> None:
    assert nginx.get("http://any.wild.example.test/").service == "main"
    assert nginx.get("http://two.labels.wild.example.test/").status == 404


def test_redirect_from_www(nginx: Nginx) -> None:
    answer = nginx.get("http://www.short.example.test/x")
    assert (answer.status, answer.header("location")) == (308, "http://short.example.test/x")


def test_rate_limit(nginx: Nginx) -> None:
    statuses = [nginx.get("http://limited.example.test/").status for _ in range(5)]
    assert statuses[0] == 200
    assert 503 in statuses


def test_external_authentication(nginx: Nginx) -> None:
    address = next(iter(pods_by_address(nginx, "main")))
    for name, status in (("let-in", 200), ("kept-out", 401)):
        nginx.cluster.apply([ingress(name, auth_url=f"http://{address}:8080/?echo-status={status}")])
    nginx.await_status("http://let-in.example.test/", 200)
    nginx.await_status("http://kept-out.example.test/", 401)


def test_websocket_and_grpc_under_load(nginx: Nginx) -> None:
    """The load generator speaks both: every message must come back, every health check must say SERVING."""
    common = {"rate": 20, "timeout": "5s"}
    targets = [
        {"host": "socket.example.test", "protocol": "ws", "address": f"127.0.0.1:{nginx.http}", "connections": 2},
        {"host": "grpc.example.test", "protocol": "grpc", "scheme": "https", "insecure": True},
        {"host": "tls-a.example.test", "protocol": "h2", "scheme": "https", "insecure": True, "contains": '"main"'},
    ]
    lines = "\n".join(json.dumps({"address": f"127.0.0.1:{nginx.https}", **common, **one}) for one in targets)
    done = subprocess.run(
        [nginx.cluster.binary("load"), "run", "--targets", "-", "--duration", "2s", "--fail-on-failures"],
        input=lines,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_last_of_quick_endpoint_changes_holds(nginx: Nginx) -> None:
    """With stamps of whole seconds nginx would stay at the change that came first in its second."""
    pods = pods_by_address(nginx, "many")
    for last in pods:
        for address in (*(one for one in pods if one != last), last):
            nginx.cluster.apply([endpoints(address)])
        nginx.eventually(lambda: changing_pod(nginx), pods[last])


def pods_by_address(nginx: Nginx, name: str) -> dict[str, str]:
    label = f"kubernetes.io/service-name={name}"
    listed = json.loads(nginx.cluster.kubectl("get", "endpointslices", "-n", NAMESPACE, "-l", label, "-o", "json"))
    found = [one for item in listed["items"] for one in item["endpoints"]]
    return {one["addresses"][0]: one["targetRef"]["name"] for one in found}


def changing_pod(nginx: Nginx) -> str:
    answer = nginx.get("http://changing.example.test/")
    return str(answer.echo["pod"]) if answer.status == 200 else ""


WEBHOOK_PATCH = [
    {"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": f"--validating-webhook{argument}"}
    for argument in ("=:8443", "-certificate=/webhook/tls.crt", "-key=/webhook/tls.key")
] + [
    {
        "op": "add",
        "path": "/spec/template/spec/volumes",
        "value": [{"name": "webhook", "secret": {"secretName": "admission"}}],
    },
    {
        "op": "add",
        "path": "/spec/template/spec/containers/0/volumeMounts",
        "value": [{"name": "webhook", "mountPath": "/webhook", "readOnly": True}],
    },
]


@pytest.fixture
def admission(nginx: Nginx, tmp_path: Path) -> Iterator[None]:
    """Turn the controller's admission webhook on, as its Helm chart does, and off again: others use the cluster too."""
    cluster, name = nginx.cluster, "ingress-nginx-controller-admission"
    serving = certificate(tmp_path, "admission", hosts=(f"{name}.ingress-nginx.svc",), namespace="ingress-nginx")
    entry = service(name, {"app.kubernetes.io/name": "ingress-nginx"}, {443: 8443}, namespace="ingress-nginx")
    cluster.apply([serving, entry])
    deployment = ("-n", "ingress-nginx", "deployment/ingress-nginx-controller")
    cluster.kubectl("patch", *deployment, "--type=json", "-p", json.dumps(WEBHOOK_PATCH))
    cluster.kubectl("rollout", "status", *deployment, "--timeout=60s")
    cluster.apply([webhook(name, serving["data"]["tls.crt"])])
    yield
    cluster.kubectl("delete", "validatingwebhookconfiguration", name)
    cluster.kubectl("rollout", "undo", *deployment)
    cluster.kubectl("rollout", "status", *deployment, "--timeout=60s")
    cluster.kubectl("delete", "-n", "ingress-nginx", f"service/{name}", "secret/admission")


def webhook(name: str, bundle: str) -> dict[str, Any]:
    target = {"namespace": "ingress-nginx", "name": name, "path": "/networking/v1/ingresses"}
    rule = {"apiGroups": ["networking.k8s.io"], "apiVersions": ["v1"], "resources": ["ingresses"]}
    hook = {
        "name": "validate.nginx.ingress.kubernetes.io",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": target, "caBundle": bundle},
        "rules": [{**rule, "operations": ["CREATE", "UPDATE"]}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }


@pytest.mark.usefixtures("admission")
def test_admission_webhook_refuses_a_path_that_is_taken(nginx: Nginx) -> None:
    taken = ingress("twice", path("/foo", "exact"), host="paths.example.test")
    reason = 'host "paths.example.test" and path "/foo" is already defined'
    nginx.eventually(lambda: reason in nginx.cluster.dry_run([taken]), True)  # kube-proxy is a moment behind
    assert nginx.cluster.dry_run([ingress("once", path("/new", "exact"), host="paths.example.test")]) == ""
