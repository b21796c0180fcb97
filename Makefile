# SPDX-FileCopyrightText: The sealos.istio_migration authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The only entry to this repository. Every target does the set-up it needs, once: `make help`.
#
# Virtual environments and .collections have stamp files (.made). Debian packages, programs and assets live outside the
# checkout, where a stamp could lie; looking at them takes a fraction of a second, so that is done each time.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Runs the set-up before there is an environment: any Python from 3.11 on that really starts.
ifndef PYTHON
PYTHON := $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)
endif
ifeq ($(PYTHON),)
$(error No Python 3.11 or newer was found: install the Debian packages python3 and python3-venv, or set PYTHON=)
endif

GO := $(or $(shell command -v go),/usr/local/go/bin/go)
# sandbox-up takes cluster-a, sandbox-down all that run, unless one is named: CLUSTER=cluster-b
CLUSTER ?=
SITES ?= 300
# Leave out ansible-core 2.21 where there is no Python 3.12 or newer: make test WITHOUT_2_21=1
WITHOUT_2_21 ?=
ENVIRONMENTS := .venv $(if $(WITHOUT_2_21),,.venv-2.21)
GO_PROGRAMS := tests/sandbox/tools/echo tests/sandbox/tools/load

TOOLCHAIN := PYTHONPATH=tests $(PYTHON) -m sandbox.toolchain
RUN := PYTHONPATH=tests .venv/bin/python
CACHE := "$$($(TOOLCHAIN) cache)"
# kubectl, helm and istioctl of the sandbox, and ansible, by their plain names; what they remember stays in the cache.
ON_PATH := variables=$$($(RUN) -m sandbox.toolchain env); eval "$$variables"; \
    export KUBECACHEDIR="$$ISTIO_MIGRATION_CACHE/kubectl" HELM_CACHE_HOME="$$ISTIO_MIGRATION_CACHE/helm/cache" \
        HELM_CONFIG_HOME="$$ISTIO_MIGRATION_CACHE/helm/config" HELM_DATA_HOME="$$ISTIO_MIGRATION_CACHE/helm/data"
export ANSIBLE_HOME := $(CURDIR)/.ansible

##@ Use
.PHONY: demo sandbox-up sandbox-down doctor
demo: setup ## run the whole migration on a real cluster on this machine
	@$(ON_PATH); $(RUN) -m demo

sandbox-up: setup ## start a cluster with ingress-nginx: CLUSTER=cluster-a (the default)
	@$(ON_PATH); $(RUN) -m sandbox up $(or $(CLUSTER),cluster-a) --with-ingress-nginx

sandbox-down: ## stop it and remove all of it: CLUSTER=cluster-a (default: all that there are)
	@for name in $(or $(CLUSTER),$$(ls $(CACHE)/run 2>/dev/null)); do \
	    [ -e .venv/.made ] || $(MAKE) .venv/.made; $(RUN) -m sandbox down "$$name"; done

doctor: ## say what is there, what is missing and how to get it
	@$(TOOLCHAIN) doctor

##@ Develop
.PHONY: test test-all lint unit e2e molecule slow docs fidelity
test: ## everything that must be green: lint, unit, end-to-end and molecule tests
	@$(PYTHON) tests/stages.py test-setup lint unit e2e molecule

test-all: ## the same and what takes long: full fidelity runs, benchmarks
	@$(PYTHON) tests/stages.py test-setup lint unit e2e molecule slow golden witnesses bench-convert

lint: test-environments .collections/.made ## static checks of everything
	@$(RUN) -m lint

unit: test-environments .collections/.made ## unit and property tests, on each supported ansible-core
	@for environment in $(ENVIRONMENTS); do "$$environment/bin/python" -m pytest --timeout 900 tests/unit $(wildcard tests/property) -m "not slow"; done
	@for folder in $(GO_PROGRAMS); do (cd "$$folder" && CGO_ENABLED=0 $(GO) test ./...); done

e2e: test-setup ## every playbook, and the sandbox itself, on real planes
	@$(ON_PATH); $(RUN) -m pytest --timeout 900 tests/e2e -m "not slow"

molecule: test-setup ## the scenarios of the roles, on the sandbox
	@$(ON_PATH); molecule test --all

fidelity: test-environments .collections/.made ## the model of nginx against recorded answers (INGRESS_CORPUS), both witnesses: CASES=20000
	@PYTHONPATH=tests:.collections .venv/bin/python -m fidelity $(CASES)

docs: test-environments .collections/.made ## write the generated pages and dashboards anew
	@PYTHONPATH=tests:.collections .venv/bin/python -m pages
	@$(RUN) -m observing.dashboards

slow: test-setup
	@$(ON_PATH); $(RUN) -m pytest --timeout 3600 tests -m slow

.PHONY: bench-convert
bench-convert: test-environments .collections/.made ## how long a conversion takes, by size of the cluster
	@PYTHONPATH=tests:.collections .venv/bin/python -m performance.convert

.PHONY: golden
golden: test-setup ## ask a real ingress-nginx and a real gateway the golden probes, and compare
	@$(ON_PATH); PYTHONPATH=tests:.collections .venv/bin/python -m golden

.PHONY: witnesses
witnesses: test-setup ## hold both witnesses against both real planes, on generated sites: SITES=300
	@$(ON_PATH); PYTHONPATH=tests:.collections .venv/bin/python -m golden.witnesses --sites $(SITES)

##@ Set up
.PHONY: setup test-setup packages programs test-environments pins clean clean-cache
setup: packages .venv/.made programs .collections/.made ## what `make demo` needs
test-setup: setup test-environments ## what `make test` needs
test-environments: .venv/.made-tools $(if $(WITHOUT_2_21),,.venv-2.21/.made)

packages: ## Debian packages, when root
	@$(TOOLCHAIN) packages

programs: packages .venv/.made ## programs and assets of the sandbox, kept in the user's cache
	@$(RUN) -m sandbox.toolchain ensure

.venv/.made: requirements/ansible-2.19.txt
	@$(TOOLCHAIN) environment .venv --new-for 2.19 --requirements $<
	@touch $@

.venv/.made-tools: requirements/tools.txt .venv/.made
	@$(TOOLCHAIN) environment .venv --requirements $<
	@touch $@

.venv-2.21/.made: requirements/ansible-2.21.txt
	@$(TOOLCHAIN) environment .venv-2.21 --new-for 2.21 --requirements $< || \
	    { echo "To do without: WITHOUT_2_21=1"; exit 1; }
	@touch $@

.collections/.made: tests/sandbox/toolchain/table.py | .venv/.made
	@$(RUN) -m sandbox.toolchain ensure --only kubernetes-core
	@$(RUN) -m sandbox.toolchain collections
	@touch $@

pins: ## choose new versions for requirements/*.txt from requirements/*.in
	@work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; \
	$(PYTHON) -m venv "$$work"; "$$work/bin/pip" install --quiet uv; cd requirements; \
	compile() { \
	    "$$work/bin/uv" pip compile --quiet --universal --upgrade --no-emit-index-url --no-emit-find-links --no-header \
	        --python-version "$$1" "$$2.in" --output-file "$$work/$$2.txt"; \
	    { grep '^# SPDX' "$$2.in"; echo "# Made by \`make pins\` from $$2.in."; cat "$$work/$$2.txt"; } > "$$2.txt"; }; \
	compile 3.11 ansible-2.19; compile 3.11 tools; compile 3.12 ansible-2.21

clean: sandbox-down ## remove what make made in the checkout
	@rm -rf .venv .venv-2.21 .collections .ansible .cache .hypothesis tests/output
	@rm -f sealos-istio_migration-*.tar.gz
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: sandbox-down ## remove the user's cache of programs and assets, shared by all checkouts
	@$(TOOLCHAIN) clean-cache

.PHONY: help
help: ## show this
	@awk -F ':.*## ' '/^##@ /{printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile
