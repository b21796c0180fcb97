# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo from its first line to its last."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from demo import certificates, checks
from demo.applications import Applications, Expectation, Traffic, read_applications
from demo.errors import DemoError
from demo.ledger import LedgerWatch
from demo.load import Load
from demo.playbooks import Playbooks, Run
from harness.controller import CHECKOUT
from harness.target import HOME, Target
from sandbox import interpreter
from sandbox.cluster import Cluster
from sandbox.console import Console
from sandbox.layout import Layout
from sandbox.state import is_alive

NAME: Final = "cluster-a"
RESULTS: Final = CHECKOUT / "migration" / NAME
_SERVED_SECONDS: Final = 60.0
# A snippet must be served to be told apart from one that is not: ingress-nginx forbids them by default.
_ALLOW_SNIPPETS: Final = {"allow-snippet-annotations": "true", "annotations-risk-level": "Critical"}
_PATIENCE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was counted, and whether all was as declared."""

    figures: checks.Figures
    right: bool

    def __str__(self) -> str:
        shown = RESULTS.relative_to(CHECKOUT)
        return f"report: {shown}/report/report.md (plans, proofs, ledger.json and logs are beside it)\n{self.figures}"


class Show:
    """One demo; ``close`` ends whatever it started."""

    def __init__(self, keep: bool) -> None:
        self._keep = keep
        self._console = Console("demo")
        self._applications = read_applications()
        self._load: Load | None = None
        self._watch: LedgerWatch | None = None
        self._up = False
        self._playbooks = Playbooks(CHECKOUT, RESULTS / "logs", self._console.say)

    def run(self) -> Outcome:
        """Run all of it; raises SandboxError."""
        target = self._bring_up()
        self._grant(target)
        self._start_load(target)
        self._first(target)
        self._second()
        self._third()
        return self._judge(target)

    def close(self) -> None:
        """End the load and the cluster."""
        if self._watch:
            self._watch.close()
        if self._load:
            self._load.kill()
        if self._up and self._keep:
            self._console.say(f"{NAME} is left running; look around with")
            self._console.say(f"  export KUBECONFIG={Layout.of(NAME).kubeconfig}")
            self._console.say(f"and end it with: make sandbox-down CLUSTER={NAME}")
        elif self._up:
            _sandbox("down", NAME)
            self._console.say(f"{NAME} is down")

    def _bring_up(self) -> Target:
        if is_alive(Layout.of(NAME)):
            raise DemoError(f"sandbox {NAME} runs already; end it first: make sandbox-down CLUSTER={NAME}")
        self._move_aside()
        applications = self._applications
        self._console.say("a cluster with a Kubernetes API and ingress-nginx")
        self._up = True
        if _sandbox("up", NAME, "--with-ingress-nginx"):
            raise DemoError(f"sandbox {NAME} did not get up")
        target = Target(Cluster(NAME))
        self._console.say(
            f"{applications.count('Ingress')} Ingresses in {applications.count('Namespace')} namespaces, "
            f"{applications.count('Deployment')} applications"
        )
        secrets, authority = certificates.secrets(applications.certificates)
        configuration = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "ingress-nginx-controller", "namespace": HOME},
            "data": _ALLOW_SNIPPETS,
        }
        spaces = [obj for obj in applications.objects if obj["kind"] == "Namespace"]
        others = [obj for obj in applications.objects if obj["kind"] != "Namespace"]
        target.cluster.apply([configuration, *spaces])
        target.furnish([*secrets, *others], classes=("nginx",))
        self._load = Load(target.cluster, RESULTS / "load", authority)
        self._wait_until_served(target)
        return target

    def _move_aside(self) -> None:
        if RESULTS.exists():
            aside = RESULTS.with_name(f"{NAME}.until-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
            shutil.move(RESULTS, aside)
            self._console.say(f"results of an earlier run: {aside.relative_to(CHECKOUT)}")

    def _wait_until_served(self, target: Target) -> None:
        deadline = time.monotonic() + _SERVED_SECONDS
        asked = [route for route in self._applications.routes if _can_be_asked(self._applications, route)]
        while asked:
            answers = [(route, target.answer("nginx", route.url)) for route in asked]
            asked = [route for route, answer in answers if answer.application != route.service]
            if asked and time.monotonic() > deadline:
                raise DemoError(f"ingress-nginx does not serve {asked[0].url} from {asked[0].service}")
            if asked:
                time.sleep(_PATIENCE)
        self._console.say("ingress-nginx serves every host")

    def _grant(self, target: Target) -> None:
        """Do what an administrator does once: give two identities what preflight says that they need."""
        kubeconfig = str(target.cluster.layout.kubeconfig)
        variables = {
            "preflight_print_roles": "true",
            "migration_kubeconfig": kubeconfig,
            "migration_install_kubeconfig": kubeconfig,
        }
        self._console.say("plan.yml -e preflight_print_roles=true: what the two identities need")
        self._expect(self._playbooks.run("plan", NAME, variables, "0-roles"), 0)
        if _sandbox("grant", NAME, str(RESULTS / "roles.yaml")):
            raise DemoError("the identities could not be made")

    def _start_load(self, target: Target) -> None:
        applications, load = self._applications, self._load
        if load is None:
            raise DemoError("there is no load generator")
        load.start(
            route for route in applications.routes if applications.expected[route.host] != Expectation.LEFT_ALONE
        )

        def verified(namespaces: list[str]) -> None:
            moved = applications.hosts(Expectation.MIGRATED) | applications.hosts(Expectation.ROLLED_BACK)
            routes = [route for route in applications.routes if route.namespace in namespaces and route.host in moved]
            load.add("istio", routes)

        self._watch = LedgerWatch(target.cluster, verified)
        self._console.say("light load on ingress-nginx, for every host from here to the end")

    def _first(self, target: Target) -> None:
        self._console.say("first run: one application in the middle breaks on Istio")
        run = self._playbooks.run("migrate", NAME, {}, "1-migrate")
        self._expect(run, 2)
        states = target.states()
        rolled_back = sorted(unit for unit, state in states.items() if state == "rolled_back")
        verified = sorted(unit for unit, state in states.items() if state == "verified")
        if not rolled_back or not verified or set(states.values()) != {"rolled_back", "verified"}:
            raise DemoError(f"after the first run one wave must be rolled back and others verified, not {states}")
        waiting = {host["host"] for host in self._report()["hosts"] if host["state"] == "waiting"}
        if not waiting:
            raise DemoError("the first run did not stop at the broken wave: nothing waits")
        self._console.say(
            f"it stopped: {', '.join(rolled_back)} rolled back, {len(verified)} units stay, {len(waiting)} hosts wait"
        )

    def _second(self) -> None:
        self._console.say("second run: the rest")
        self._expect(self._playbooks.run("migrate", NAME, {}, "2-migrate"), 0)

    def _third(self) -> None:
        self._console.say("third run: nothing to do")
        run = self._playbooks.run("migrate", NAME, {}, "3-migrate")
        self._expect(run, 0)
        changed = run.count(NAME, "changed")
        if changed:
            raise DemoError(f"the third run changed {changed} things")
        self._console.say("changed=0")

    def _judge(self, target: Target) -> Outcome:
        load, watch = self._load, self._watch
        if load is None or watch is None:
            raise DemoError("there is no load generator")
        report = self._report()
        problems = [*checks.wrong_hosts(self._applications, report)]
        problems += checks.wrong_answers(self._applications, target)
        problems += checks.wrong_objects(target)
        if watch.problem:
            problems.append(f"the ledger could not be followed: {watch.problem!r}")
        loaded = load.stop()
        (RESULTS / "load" / "report.json").write_text(json.dumps(loaded, indent=1), encoding="utf-8")
        (RESULTS / "ledger.json").write_text(json.dumps(target.ledger(), indent=1, sort_keys=True), encoding="utf-8")
        found = checks.figures(report, loaded, self._console.seconds)
        problems += checks.wrong_figures(found, self._applications)
        for problem in problems:
            self._console.say(f"WRONG: {problem}")
        return Outcome(found, not problems)

    def _report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads((RESULTS / "report" / "report.json").read_text(encoding="utf-8"))
        return report

    def _expect(self, run: Run, code: int) -> None:
        if run.exit_code != code:
            end = "\n".join(run.output.splitlines()[-40:])
            raise DemoError(f"the playbook ended with {run.exit_code}, not with {code}; the end of its output:\n{end}")


def _can_be_asked(applications: Applications, route: Any) -> bool:
    served = applications.expected[route.host] != Expectation.LEFT_ALONE
    return served and route.traffic not in (Traffic.GRPC, Traffic.NONE)


def _sandbox(*arguments: str) -> int:
    return subprocess.run(
        interpreter.module_command("sandbox", *arguments), env=interpreter.environment(), check=False
    ).returncode
