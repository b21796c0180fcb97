# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Pod spec says is what happens. All Pods of this file run at once; the tests look at what came of them."""

from __future__ import annotations

import base64
import json
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.cluster import Cluster

SHELL = "sandbox.example/shell:1"
PYTHON = "sandbox.example/tools/python@sha256:" + "0" * 64
ECHO = "sandbox.example:5000/echo:v1"

REPORT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
REPORT_FILES = textwrap.dedent(
    """
    import json, os, pathlib
    found = {}
    for root in map(pathlib.Path, ("/config", "/secret", "/projected", "/downward", "/scratch", "/one")):
        for folder, _, names in os.walk(root, followlinks=True):
            for path in [pathlib.Path(folder), *(pathlib.Path(folder, name) for name in names)]:
                if ".." in str(path):
                    continue
                status = path.stat()
                found[str(path)] = {
                    "mode": oct(status.st_mode & 0o7777),
                    "gid": status.st_gid,
                    "text": path.read_text() if path.is_file() else None,
                }
    print(json.dumps(found))
    """
)
REPORT_IDENTITY = textwrap.dedent(
    """
    import json, os, pathlib, socket, sys
    status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
    def refused(path):
        try:
            pathlib.Path(path).write_text("x")
        except OSError as error:
            return error.strerror
    print(json.dumps({
        "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(), "directory": os.getcwd(), "pid": os.getpid(),
        "arguments": sys.argv[1:], "capabilities": int(status["CapBnd"], 16), "new": status["NoNewPrivs"].strip(),
        "root": refused("/file"), "usr": refused("/usr/file"), "tmp": refused("/scratch/file"),
        "sysctl": pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split(),
        "low": pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text().strip(),
        "host": socket.gethostname(), "hosts": pathlib.Path("/etc/hosts").read_text(),
        "resolver": pathlib.Path("/etc/resolv.conf").read_text(),
        "processes": len(list(pathlib.Path("/proc").glob("[0-9]*"))),
    }))
    """
)


def pod(name: str, *containers: dict[str, Any], policy: str = "Never", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name, "team": "a.b"}, "annotations": {"note": 'quoted "x"'}},
        "spec": {"restartPolicy": policy, "terminationGracePeriodSeconds": 1, "containers": list(containers), **spec},
    }


def shell(script: str, name: str = "main", **container: Any) -> dict[str, Any]:
    return {"name": name, "image": SHELL, "command": ["/bin/sh", "-ec", script], **container}


def python(script: str, name: str = "main", **container: Any) -> dict[str, Any]:
    return {"name": name, "image": PYTHON, "args": ["-c", script], **container}


def from_field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}


def environment_pod() -> dict[str, Any]:
    variables = [
        {"name": "PLAIN", "value": "one"},
        {"name": "BASED", "value": "$(PLAIN)-$(UNSET)-$$(PLAIN)"},
        from_field("POD", "metadata.name"),
        from_field("SPACE", "metadata.namespace"),
        from_field("IP", "status.podIP"),
        from_field("HOST_IP", "status.hostIP"),
        from_field("NODE", "spec.nodeName"),
        from_field("TEAM", "metadata.labels['team']"),
        {"name": "LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        {"name": "KEY", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "GONE", "valueFrom": {"configMapKeyRef": {"name": "absent", "key": "x", "optional": True}}},
        {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "login", "key": "password"}}},
    ]
    sources = [{"configMapRef": {"name": "settings"}, "prefix": "FROM_"}]
    limits = {"limits": {"memory": "64Mi"}}
    return pod("environment", python(REPORT_ENVIRONMENT, env=variables, envFrom=sources, resources=limits))


def files_pod() -> dict[str, Any]:
    volumes = [
        {"name": "config", "configMap": {"name": "settings", "defaultMode": 0o640}},
        {
            "name": "secret",
            "secret": {"secretName": "login", "items": [{"key": "password", "path": "deep/pass", "mode": 0o400}]},
        },
        {
            "name": "projected",
            "projected": {
                "sources": [
                    {"serviceAccountToken": {"path": "token", "audience": "istio-ca", "expirationSeconds": 600}},
                    {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "root.crt"}]}},
                    {"secret": {"name": "login", "items": [{"key": "password", "path": "pass"}]}},
                ]
            },
        },
        {
            "name": "downward",
            "downwardAPI": {
                "items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "annotations", "fieldRef": {"fieldPath": "metadata.annotations"}},
                    {"path": "cpu", "resourceFieldRef": {"containerName": "main", "resource": "requests.cpu"}},
                ]
            },
        },
        {"name": "scratch", "emptyDir": {}},
    ]
    mounts = [{"name": volume["name"], "mountPath": f"/{volume['name']}"} for volume in volumes]
    mounts.append({"name": "config", "mountPath": "/one/color.txt", "subPath": "color"})
    context = {"fsGroup": 2000, "runAsUser": 1500, "runAsGroup": 1600}
    main = python(REPORT_FILES, volumeMounts=mounts, resources={"requests": {"cpu": "1500m"}})
    return pod("files", main, volumes=volumes, securityContext=context)


def identity_pod() -> dict[str, Any]:
    main = python(
        REPORT_IDENTITY,
        workingDir="/opt/work",
        env=[{"name": "WHO", "value": "you"}],
        securityContext={
            "runAsUser": 1234,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
        },
        volumeMounts=[{"name": "scratch", "mountPath": "/scratch"}],
    )
    main["args"] += ["hello $(WHO)", "$(NOBODY)"]
    return pod(
        "identity",
        main,
        hostname="ident",
        subdomain="named",
        volumes=[{"name": "scratch", "emptyDir": {}}],
        hostAliases=[{"ip": "198.18.254.9", "hostnames": ["alias.example.test"]}],
        dnsConfig={"searches": ["example.test"], "options": [{"name": "timeout", "value": "1"}]},
        securityContext={
            "runAsGroup": 4321,
            "supplementalGroups": [77],
            "sysctls": [{"name": "net.ipv4.ip_local_port_range", "value": "20000 21000"}],
        },
    )


def ordered_pod() -> dict[str, Any]:
    mount = [{"name": "shared", "mountPath": "/shared"}]
    say = "echo {0} >> /shared/order"
    trap = "trap 'echo sidecar-end >> /shared/order; exit 0' TERM; touch /shared/up; while :; do sleep 0.1; done"
    sidecar = shell(
        f"sleep 0.5; {say.format('sidecar')}; {trap}",
        "sidecar",
        volumeMounts=mount,
        restartPolicy="Always",
        startupProbe={"exec": {"command": ["test", "-e", "/shared/up"]}, "periodSeconds": 1},
    )
    return pod(
        "ordered",
        shell(f"{say.format('main')}; cat /shared/order", volumeMounts=mount),
        initContainers=[
            shell(f"sleep 0.3; {say.format('first')}", "first", volumeMounts=mount),
            shell(say.format("second"), "second", volumeMounts=mount),
            sidecar,
        ],
        volumes=[{"name": "shared", "emptyDir": {}}],
        terminationGracePeriodSeconds=10,
    )


def job(name: str, script: str, *, policy: str = "Never", backoff: int = 0, **spec: Any) -> dict[str, Any]:
    template = pod(name, shell(script, volumeMounts=[{"name": "state", "mountPath": "/state"}]), policy=policy)["spec"]
    template["volumes"] = [{"name": "state", "emptyDir": {}}]
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": backoff, "template": {"spec": template}, **spec},
    }


def probed_pod(name: str, probe: dict[str, Any], **more: Any) -> dict[str, Any]:
    container = {"name": "main", "image": ECHO, "ports": [{"name": "admin", "containerPort": 8081}]}
    return pod(name, {**container, "readinessProbe": {"periodSeconds": 1, **probe}, **more}, policy="Always")


def objects() -> list[dict[str, Any]]:
    wait = "trap 'exit 0' TERM; while :; do sleep 0.2; done"
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "blue"}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": {"password": "s3cret"}},
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "linked"},
            "spec": {"ports": [{"name": "web", "port": 81}]},
        },
        environment_pod(),
        files_pod(),
        identity_pod(),
        ordered_pod(),
        pod("code", shell("echo 'out of cheese' > /dev/termination-log; exit 7")),
        pod("last-words", shell("echo first; echo last >&2; exit 3", terminationMessagePolicy="FallbackToLogsOnError")),
        pod("not-there", {"name": "main", "image": SHELL, "command": ["/no/such/program"]}),
        pod("unknown-image", {"name": "main", "image": "registry.example/nobody/knows:1"}),
        pod("root-refused", shell("true"), securityContext={"runAsNonRoot": True}),
        pod(
            "late-config",
            shell("cat /late/key", volumeMounts=[{"name": "late", "mountPath": "/late"}]),
            volumes=[{"name": "late", "configMap": {"name": "late"}}],
        ),
        pod("unserved-volume", shell("true"), volumes=[{"name": "nfs", "nfs": {"server": "x", "path": "/"}}]),
        pod("init-fails", shell("true"), initContainers=[shell("exit 9", "bad")]),
        pod("on-host", shell(wait), hostNetwork=True),
        pod("deadline", shell(wait), activeDeadlineSeconds=2),
        pod("crashing", shell("echo run; exit 1"), policy="Always"),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live"}, "data": {"key": "before"}},
        pod(
            "watching",
            shell(wait, volumeMounts=[{"name": name, "mountPath": f"/{name}"} for name in ("live", "own")]),
            volumes=[
                {"name": "live", "configMap": {"name": "live"}},
                {
                    "name": "own",
                    "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
                },
            ],
        ),
        job("retried", "test -e /state/done || { touch /state/done; exit 1; }", policy="OnFailure", backoff=3),
        job("hopeless", "exit 1"),
        probed_pod("by-http", {"httpGet": {"path": "/healthz", "port": "admin"}}),
        probed_pod("by-tcp", {"tcpSocket": {"port": 8080}}),
        probed_pod("by-grpc", {"grpc": {"port": 8080}}),
        probed_pod("by-exec", {"exec": {"command": ["/bin/true"]}}),
        probed_pod("never-ready", {"httpGet": {"path": "/nothing", "port": "admin"}}),
        probed_pod(
            "sick",
            {"tcpSocket": {"port": 8080}},
            livenessProbe={"exec": {"command": ["/bin/false"]}, "periodSeconds": 1, "failureThreshold": 1},
        ),
        probed_pod(
            "slow-start",
            {"tcpSocket": {"port": 8080}},
            startupProbe={"exec": {"command": ["/bin/false"]}, "periodSeconds": 1, "failureThreshold": 60},
        ),
    ]


class Pods:
    """The Pods of this file."""

    def __init__(self, cluster: Cluster, namespace: str, eventually: Callable[..., Any]) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.eventually = eventually

    def get(self, name: str) -> dict[str, Any]:
        return self.cluster.read(f"/api/v1/namespaces/{self.namespace}/pods/{name}")

    def container(self, name: str) -> dict[str, Any]:
        statuses: list[dict[str, Any]] = self.get(name)["status"].get("containerStatuses") or [{}]
        return statuses[0]

    def state(self, name: str) -> dict[str, Any]:
        state: dict[str, Any] = self.container(name).get("state", {})
        return state

    def until(self, name: str, phase: str) -> dict[str, Any]:
        """The Pod as soon as it is in that phase."""
        self.eventually(lambda: self.get(name)["status"]["phase"], phase, seconds=30)
        return self.get(name)

    def output(self, name: str, phase: str = "Succeeded") -> str:
        self.until(name, phase)
        return self.cluster.kubectl("logs", "-n", self.namespace, name, "-c", "main")

    def report(self, name: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.output(name))
        return document

    def ended(self, name: str, phase: str = "Failed") -> dict[str, Any]:
        self.until(name, phase)
        details: dict[str, Any] = self.state(name)["terminated"]
        return details

    def is_ready(self, name: str) -> bool:
        return bool(self.container(name).get("ready"))


@pytest.fixture(scope="module")
def pods(cluster: Cluster, namespace: str, eventually: Callable[..., Any]) -> Pods:
    wanted = objects()
    for item in wanted:
        item["metadata"]["namespace"] = namespace
    # Service variables are those that there are when a container starts.
    cluster.apply([item for item in wanted if item["kind"] != "Pod"])
    cluster.apply([item for item in wanted if item["kind"] == "Pod"])
    return Pods(cluster, namespace, eventually)


def test_environment(pods: Pods) -> None:
    seen = pods.report("environment")
    pod = pods.get("environment")
    expected = {
        "PLAIN": "one",
        "BASED": "one-$(UNSET)-$(PLAIN)",
        "POD": "environment",
        "SPACE": pods.namespace,
        "IP": pod["status"]["podIP"],
        "HOST_IP": "198.18.0.1",
        "NODE": "node-1",
        "TEAM": "a.b",
        "LIMIT": "64",
        "KEY": "blue",
        "FROM_color": "blue",
        "PASSWORD": "s3cret",
        "HOSTNAME": "environment",
        "KUBERNETES_SERVICE_HOST": "198.19.0.1",
        "LINKED_SERVICE_PORT_WEB": "81",
    }
    assert {name: seen.get(name) for name in expected} == expected
    assert "GONE" not in seen
    assert seen["LINKED_PORT_81_TCP"] == f"tcp://{seen['LINKED_SERVICE_HOST']}:81"


def test_files_of_volumes(pods: Pods) -> None:
    files = pods.report("files")
    texts = {path: entry["text"] for path, entry in files.items() if entry["text"] is not None}
    assert texts["/config/color"] == texts["/one/color.txt"] == "blue"
    assert texts["/secret/deep/pass"] == texts["/projected/pass"] == "s3cret"
    assert texts["/projected/root.crt"].startswith("-----BEGIN CERTIFICATE")
    assert texts["/downward/labels"] == 'app="files"\nteam="a.b"'
    assert texts["/downward/annotations"] == 'note="quoted \\"x\\""'
    assert texts["/downward/cpu"] == "2"
    token = json.loads(base64.urlsafe_b64decode(texts["/projected/token"].split(".")[1] + "=="))
    assert token["aud"] == ["istio-ca"]
    assert token["kubernetes.io"]["pod"]["name"] == "files"


def test_modes_and_groups_of_volumes(pods: Pods) -> None:
    files = pods.report("files")
    modes = {
        path: files[path]["mode"] for path in ("/config/color", "/secret/deep/pass", "/projected/token", "/scratch")
    }
    # fsGroup makes files readable for the group and gives emptyDir to it.
    assert modes == {
        "/config/color": "0o640",
        "/secret/deep/pass": "0o440",
        "/projected/token": "0o640",
        "/scratch": "0o2777",
    }
    assert {entry["gid"] for path, entry in files.items() if path != "/one"} == {2000}


def test_identity(pods: Pods) -> None:
    seen = pods.report("identity")
    assert (seen["uid"], seen["gid"], seen["groups"]) == (1234, 4321, [77])
    assert (seen["directory"], seen["pid"]) == ("/opt/work", 1)
    assert seen["arguments"] == ["hello you", "$(NOBODY)"]
    assert seen["new"] == "1"
    assert seen["capabilities"] == 1 << 10  # NET_BIND_SERVICE
    assert (seen["root"], seen["usr"], seen["tmp"]) == ("Read-only file system", "Read-only file system", None)
    assert (seen["sysctl"], seen["low"]) == (["20000", "21000"], "0")
    assert seen["processes"] == 1


def test_names(pods: Pods) -> None:
    seen = pods.report("identity")
    assert seen["host"] == "ident"
    assert f"ident.named.{pods.namespace}.svc.cluster.local ident" in seen["hosts"]
    assert "198.18.254.9\talias.example.test" in seen["hosts"]
    assert seen["resolver"].splitlines() == [
        "nameserver 198.18.0.1",
        f"search {pods.namespace}.svc.cluster.local svc.cluster.local cluster.local example.test",
        "options ndots:5 timeout:1",
    ]


def test_init_containers_run_in_order_and_sidecars_stay(pods: Pods) -> None:
    assert pods.output("ordered").split() == ["first", "second", "sidecar", "main"]
    statuses = {item["name"]: item for item in pods.get("ordered")["status"]["initContainerStatuses"]}
    assert [statuses[name]["state"]["terminated"]["exitCode"] for name in ("first", "second", "sidecar")] == [0, 0, 0]


def test_exit_code_and_termination_message(pods: Pods) -> None:
    details = pods.ended("code")
    assert (details["exitCode"], details["reason"], details["message"]) == (7, "Error", "out of cheese\n")


def test_termination_message_from_the_log(pods: Pods) -> None:
    details = pods.ended("last-words")
    assert (details["exitCode"], sorted(details["message"].split())) == (3, ["first", "last"])


def test_a_program_that_is_not_there(pods: Pods) -> None:
    details = pods.ended("not-there")
    assert (details["exitCode"], details["reason"]) == (128, "StartError")
    assert "'/no/such/program': No such file or directory" in details["message"]


def test_an_unknown_image_says_which_there_are(pods: Pods) -> None:
    pods.eventually(lambda: pods.state("unknown-image").get("waiting", {}).get("reason"), "ImagePullBackOff")
    message = pods.state("unknown-image")["waiting"]["message"]
    assert "image 'registry.example/nobody/knows:1'" in message
    assert "shell" in message
    assert "tests/sandbox/images/knows.yaml" in message


def test_root_is_refused_where_the_spec_says_so(pods: Pods) -> None:
    pods.eventually(lambda: pods.state("root-refused").get("waiting", {}).get("reason"), "CreateContainerConfigError")
    assert "runAsNonRoot" in pods.state("root-refused")["waiting"]["message"]


def test_a_missing_config_map_is_waited_for(pods: Pods) -> None:
    assert pods.get("late-config")["status"]["phase"] == "Pending"
    events = pods.cluster.kubectl("events", "-n", pods.namespace, "--for=pod/late-config")
    assert f"ConfigMap {pods.namespace}/late does not exist" in events
    pods.cluster.kubectl("create", "configmap", "late", "-n", pods.namespace, "--from-literal=key=here")
    assert pods.output("late-config") == "here"


def test_a_volume_that_is_not_served_is_named(pods: Pods) -> None:
    events = pods.cluster.kubectl("events", "-n", pods.namespace, "--for=pod/unserved-volume")
    assert "volume nfs: nfs is not served by the sandbox" in events


def test_an_init_container_that_fails_fails_the_pod(pods: Pods) -> None:
    status = pods.until("init-fails", "Failed")["status"]
    assert status["initContainerStatuses"][0]["state"]["terminated"]["exitCode"] == 9
    assert "waiting" in status["containerStatuses"][0]["state"]


def test_host_network(pods: Pods) -> None:
    assert pods.until("on-host", "Running")["status"]["podIP"] == "198.18.0.1"


def test_active_deadline(pods: Pods) -> None:
    status = pods.until("deadline", "Failed")["status"]
    assert status["reason"] == "DeadlineExceeded"


def test_restarts_back_off(pods: Pods) -> None:
    pods.eventually(lambda: pods.state("crashing").get("waiting", {}).get("reason"), "CrashLoopBackOff")
    container = pods.container("crashing")
    assert container["restartCount"] == 1  # the first restart is immediate
    assert container["lastState"]["terminated"]["exitCode"] == 1
    assert "back-off 10s" in container["state"]["waiting"]["message"]
    pods.eventually(lambda: pods.container("crashing")["restartCount"], 2)
    previous = pods.cluster.kubectl("logs", "-n", pods.namespace, "crashing", "--previous")
    assert previous == "run\n"


def test_jobs_succeed_after_a_failure(pods: Pods) -> None:
    pods.cluster.wait(pods.namespace, "job/retried", "condition=Complete")
    selector = f"/api/v1/namespaces/{pods.namespace}/pods?labelSelector=job-name%3Dretried"
    (pod,) = pods.cluster.read(selector)["items"]
    assert pod["status"]["phase"] == "Succeeded"
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_jobs_fail(pods: Pods) -> None:
    pods.cluster.wait(pods.namespace, "job/hopeless", "condition=Failed")


@pytest.mark.parametrize("name", ["by-http", "by-tcp", "by-grpc", "by-exec"])
def test_readiness_probes(pods: Pods, name: str) -> None:
    pods.eventually(lambda: pods.is_ready(name))
    conditions = {item["type"]: item["status"] for item in pods.get(name)["status"]["conditions"]}
    assert (conditions["Ready"], conditions["ContainersReady"]) == ("True", "True")


def test_a_failing_readiness_probe_keeps_a_pod_unready(pods: Pods) -> None:
    pods.until("never-ready", "Running")
    assert not pods.is_ready("never-ready")
    events = pods.cluster.kubectl("events", "-n", pods.namespace, "--for=pod/never-ready")
    assert "Readiness probe failed: HTTP probe failed with statuscode: 404" in events


def test_a_failing_liveness_probe_restarts_a_container(pods: Pods) -> None:
    pods.eventually(lambda: pods.container("sick")["restartCount"] > 0)
    assert pods.container("sick")["lastState"]["terminated"]["exitCode"] == 0  # echo ends in good order


def test_a_startup_probe_holds_readiness_back(pods: Pods) -> None:
    pods.until("slow-start", "Running")
    container = pods.container("slow-start")
    assert (container["started"], container["ready"]) == (False, False)


def content_of(pods: Pods, path: str) -> str:
    return pods.cluster.kubectl("exec", "-n", pods.namespace, "watching", "--", "cat", path)


def test_changes_of_a_config_map_reach_the_files(pods: Pods) -> None:
    pods.until("watching", "Running")
    assert content_of(pods, "/live/key") == "before"
    change = json.dumps({"data": {"key": "after"}})
    pods.cluster.kubectl("patch", "configmap", "live", "-n", pods.namespace, "--patch", change)
    pods.eventually(lambda: content_of(pods, "/live/key"), "after", seconds=5)


def test_changes_of_labels_reach_the_files(pods: Pods) -> None:
    pods.until("watching", "Running")
    pods.cluster.kubectl("label", "pod", "watching", "-n", pods.namespace, "fresh=yes")
    pods.eventually(lambda: 'fresh="yes"' in content_of(pods, "/own/labels"), seconds=5)
