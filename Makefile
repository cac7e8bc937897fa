# Every target works on a fresh machine: the first one that needs .venv creates it from the hashed locks.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
BENCH := .venv-bench/bin
BENCHMARKS := $(filter-out scale,$(patsubst benchmarks/scenarios/%/command.py,%,$(wildcard benchmarks/scenarios/*/command.py)))
SERVICES := $(patsubst %/service.toml,%,$(wildcard */service.toml))
COMPILE := python -I requirements/install.py --uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate
# Variables of the caller's shell that would influence our programs are removed here. requirements/install.py filters the
# settings of pip and uv, and cli/dev/environment.py the variables that a service of `make run` gets.
unexport CDPATH BASH_ENV ENV SHELLOPTS BASHOPTS $(filter PYTHON% PG% PYTEST_% MYPY% UVICORN_% GUNICORN_%,$(.VARIABLES))
export PYTHONUTF8 := 1
# The value of a variable on make's command line; one of the caller's environment is ignored.
given = $(if $(findstring command,$(origin $(1))),$($(1)))

.PHONY: help
help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Checked each time (0.1 s), because file dates do not show that the Python was removed or the folder moved.
# `make PYTHON=python3.12 …` selects another Python; a PYTHON in the environment is ignored.
.PHONY: always
always:
$(BIN)/.ready: always
	@PYTHON="$(call given,PYTHON)" requirements/install.sh

$(BENCH)/.ready: always
	@PYTHON="$(call given,PYTHON)" requirements/install.sh .venv-bench requirements/bench.txt

.PHONY: install
install: $(BIN)/.ready ## Create .venv from the hashed locks (other targets do this when needed)

.PHONY: run
run: $(BIN)/.ready ## Start databases and the services, with hot reload; Ctrl-C stops all (SERVICES=user: it and what it needs)
	@exec bin/cli run $(call given,SERVICES)

.PHONY: reset
reset: $(BIN)/.ready ## Delete the development data, after a question (SERVICE=user: of one service; ARGS=--yes: without)
	@bin/cli reset $(call given,SERVICE) $(ARGS)

.PHONY: doctor
doctor: $(BIN)/.ready ## Check Python, libraries, ports, disk and databases
	@bin/cli doctor

.PHONY: demo
demo: $(BIN)/.ready ## Use the running services as people and programs would
	@bin/cli demo

.PHONY: invariants
invariants: $(BIN)/.ready ## Compare the databases of the running stack; fails if they differ
	@bin/cli invariants

# Of a service: its own tests, and its cases of those that compare services. Any folder of tests may be named, too.
tests_of = tests/$(1)$(if $(filter $(1),$(SERVICES)), --service=$(1) $(wildcard tests/test_*.py))

.PHONY: test
test: $(BIN)/.ready ## Run the suite, on its own databases (SERVICE=user: what concerns it; SINCE=main: what the changes since then touch; MODE=full: with branch coverage)
	@tests="$(if $(call given,SINCE),$$(bin/cli changed --since '$(SINCE)'),$(call tests_of,$(call given,SERVICE)))" && echo "Tests: $${tests:-none}" && \
	if [ "$$tests" ]; then $(BIN)/python -m pytest $$tests $(if $(filter full,$(MODE)),--cov --cov-report=term); fi

.PHONY: test-long
test-long: $(BIN)/.ready ## Run the tests with a browser, those that kill databases or replace services, and query plans at a million rows (9 min)
	@$(BIN)/python -m pytest -m long -n 2

.PHONY: test-clients
test-clients: $(BIN)/.ready ## Run the clients of docs/clients.md against running services; installs them first, from their registries (1 min)
	@$(BIN)/python -m pytest -m "long or not long" -n 0 tests/clients

.PHONY: fuzz
fuzz: $(BIN)/.ready ## Send a million altered sealed messages; none may be accepted, none may crash the service (2 min)
	MUTATIONS=1000000 $(BIN)/python -m pytest -n 2 -v tests/sealing/test_mutations.py

# --- about gateway ---
.PHONY: fuzz-graphql
fuzz-graphql: $(BIN)/.ready ## Execute generated GraphQL operations against all services; none may be a server error (10 min)
	GRAPHQL_MINUTES=10 $(BIN)/python -m pytest -n 0 -v --log-cli-level=WARNING tests/gateway/graphql/test_generated.py

# --- end about gateway ---
.PHONY: races
races: $(BIN)/.ready ## Refresh sessions in 10,000 races; no session may end or split (3 min)
	RACES=10000 $(BIN)/python -m pytest -n 0 -v tests/user/test_races.py -k no_race

.PHONY: mutation
mutation: $(BIN)/.ready ## Change the critical modules; the tests must notice 92 % of the changes in each area (30 min)
	@$(BIN)/python -m tests.mutation $(ARGS)

.PHONY: bench
bench: $(BENCH)/.ready ## Measure the scenarios of benchmarks/scenarios beside their peers: quiet machine (ARGS=--quick: 14 min)
	@$(foreach one,$(BENCHMARKS),$(BENCH)/python -m benchmarks $(one) $(ARGS) &&) true

# --- about order ---
.PHONY: scale
scale: $(BENCH)/.ready ## Run 1, 2, 4 workers x 1, 2, 3 replicas behind nginx, then kill primaries: quiet machine (ARGS=--quick: 3 min)
	@$(BENCH)/python -m benchmarks scale $(ARGS)

.PHONY: chaos
chaos: $(BIN)/.ready ## Kill 1,000 processes under 100,000 orders; nothing may be lost or doubled (ARGS=--quick: 3 min)
	@$(BIN)/python -m chaos orders $(ARGS)

# --- end about order ---
.PHONY: ingestion-kills
ingestion-kills: $(BIN)/.ready ## Kill MongoDB's members and analytics' workers 100 times under events; each must count once (20 min)
	@$(BIN)/python -m chaos ingestion $(ARGS)

.PHONY: attack
attack: $(BIN)/.ready ## Attack a service and the edge, within bounds; other requests may take 100 ms at most: quiet machine (6 min)
	@$(BIN)/python -m chaos attack $(ARGS)

.PHONY: containers
containers: $(BIN)/.ready ## Build every image and smoke-test both compose files (needs a container engine)
	@deploy/smoke.sh $(BIN)/python

.PHONY: secrets
secrets: $(BIN)/.ready ## Write secrets/ for docker-compose.prod.yml, with a self-signed certificate for a trial; existing ones stay
	@$(BIN)/python -m deploy.make_secrets --self-signed secrets

.PHONY: smoke
smoke: $(BIN)/.ready ## Import and build every service
	@bin/cli smoke

.PHONY: format
format: $(BIN)/.ready ## Format the code and apply the linter's fixes
	@$(BIN)/ruff format && $(BIN)/ruff check --fix

.PHONY: check-fast
check-fast: $(BIN)/.ready ## The fast part of check (2 s): format, lint and layers of imports
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports --no-logo --no-cache

.PHONY: check
check: check-fast ## Check format, lint, imports, types, rendered files, manifests, workflows, secrets, locks, migrations and models
	$(BIN)/mypy
	bin/cli render --check
	$(BIN)/kubernetes-validate --strict --quiet deploy/kubernetes/rendered/*.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml docker-compose.prod.yml
	$(if $(wildcard .github/workflows),$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml)
	$(if $(wildcard .gitlab-ci.yml),$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci --disable-formats uri .gitlab-ci.yml)
	$(BIN)/python -m deploy.scan_secrets
	@$(MAKE) --no-print-directory check-locks
	bin/cli db check
	bin/cli orm all --check

.PHONY: audit
audit: $(BIN)/.ready ## Check every locked package (bench.txt and clients.txt have them all) for known vulnerabilities; needs the network
	@for lock in bench clients; do $(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements/$$lock.txt \
	  $$(sed -nE 's/^([A-Z0-9-]+) .*/--ignore-vuln \1/p' requirements/audit-exceptions.txt) || exit 1; done

.PHONY: sbom
sbom: $(BIN)/.ready ## Write sbom/: the contents of each service's image, as CycloneDX; reproducible
	@mkdir -p sbom && $(foreach s,$(SERVICES),PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml \
	  -o sbom/$(s).cdx.json requirements/$(s).txt &&) ls -l sbom

.PHONY: render
render: $(BIN)/.ready ## Write everything that names the services or the project (after a change of a service.toml, a route or a setting)
	@bin/cli render

.PHONY: orm models view-models
orm: $(BIN)/.ready ## Generate the models of tables and views that belong to others (SERVICE=content, DATABASE_URL=… instead of its schema.sql)
	@bin/cli orm all $(call given,SERVICE)

models: $(BIN)/.ready ## Generate those of the tables alone: orm/tables.py
	@bin/cli orm models $(call given,SERVICE)

view-models: $(BIN)/.ready ## Generate those of the views alone: orm/views.py
	@bin/cli orm views $(call given,SERVICE)

.PHONY: check-alerts
check-alerts: ## Check and test Prometheus's rules and alerts with promtool, and lint the services' metrics
	@command -v promtool >/dev/null || { echo "promtool is missing. Debian, Ubuntu: apt install prometheus; else prometheus.io/download" >&2; exit 1; }
	promtool check config deploy/prometheus/prometheus.yml
	promtool test rules deploy/prometheus/alerts_test.yml
	@$(MAKE) --no-print-directory check-metrics

.PHONY: check-metrics
check-metrics: $(BIN)/.ready
	set -o pipefail; $(BIN)/python -m deploy.declared_metrics | promtool check metrics

.PHONY: check-locks
check-locks: $(BIN)/.ready
	@old=$$(mktemp -d) && trap 'rm -rf "$$old"' EXIT && cp requirements/*.txt "$$old" \
	  && $(MAKE) --no-print-directory lock DESTINATION="$$old" && diff -r -x '*.sh' -x '*.py' -x '*.in' -x __pycache__ requirements "$$old" \
	  && echo "The locks match pyproject.toml."

DESTINATION ?= requirements
.PHONY: lock
lock: lock-services lock-common ## Update requirements/*.txt from pyproject.toml (keeps versions; UPGRADE=1 takes the newest)

.PHONY: lock-services
lock-services: $(BIN)/.ready
	@$(foreach s,$(SERVICES),$(BIN)/$(COMPILE) $(if $(UPGRADE),--upgrade) --extra $(s) pyproject.toml -o $(DESTINATION)/$(s).txt &&) true

.PHONY: lock-common
lock-common: $(BIN)/.ready
	@$(BIN)/$(COMPILE) $(if $(UPGRADE),--upgrade) --all-extras --group dev pyproject.toml -o $(DESTINATION)/dev.txt && \
	$(BIN)/$(COMPILE) $(if $(UPGRADE),--upgrade) --all-extras --group dev --group bench -c $(DESTINATION)/dev.txt pyproject.toml \
	  -o $(DESTINATION)/bench.txt && \
	$(BIN)/$(COMPILE) $(if $(UPGRADE),--upgrade) --group pyproject.toml:clients -o $(DESTINATION)/clients.txt && \
	grep -A 30 '^uv==' $(DESTINATION)/dev.txt | awk 'NR == 1 || /^ / {print; next} {exit}' > $(DESTINATION)/bootstrap.txt
