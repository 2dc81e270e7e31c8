# Daybook on one machine. `make up` needs nothing but Python 3.11 and make.
PYTHON ?= python3
PY := .venv/bin/python
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
CODE := cli services shared tests $(wildcard bench)
# Tests wait more than they work: three processes keep two cores busy. PARALLEL= runs one by one.
PARALLEL ?= -n 3 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help up down test soak test-kafka test-extern lint check bench contracts dashboards lock clean

help: ## Show what can be made.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: .venv/ready $(if $(filter kafka,$(BROKER)),build/kafka/ready) ## Start everything here, data in ./var; BROKER=kafka: with Apache Kafka.
	@exec .venv/bin/daybook up $(if $(BROKER),--broker $(BROKER))

down: .venv/ready ## Stop what `make up` or `daybook up --detach` started.
	@exec .venv/bin/daybook down

test: lint ## Run the linters and every test.
	$(PY) -m pytest $(PARALLEL) -m "not extern and not soak and not kafka_lane"

# Where Daybook meets a broker, once more on Apache Kafka; and what only a cluster can show.
KAFKA_LANE := tests/ground tests/shared/messaging tests/shared/projecting tests/customers/stories \
  tests/faults tests/kafka tests/cli/subscribe
test-kafka: .venv/ready ## Run the tests of whatever uses a broker on Apache Kafka (Java, Maven).
	@command -v java mvn >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q \
	  && apt-get install -q -y --no-install-recommends default-jdk-headless maven; } || true
	@$(MAKE) --no-print-directory build/kafka/ready
	$(PY) -m pytest $(PARALLEL) --kafka apache -m "(kafka or kafka_lane) and not embedded" $(KAFKA_LANE)

build/kafka/ready: deploy/kafka/pom.xml deploy/kafka/jars.sha256
	@deploy/kafka/fetch

# Without SECONDS the figure comes first, because what follows ends only at Ctrl-C.
soak: .venv/ready ## Break everything while clients write, until Ctrl-C or for SECONDS; nothing may be lost.
	$(if $(SECONDS),,$(PY) -m bench --row append_at_10m)
	DAYBOOK_SOAK_SECONDS=$(SECONDS) $(PY) -m pytest -m soak

test-extern: .venv/ready ## Run the tests that use other people's programs (kcat, promtool).
	@command -v kcat >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q \
	  && apt-get install -q -y --no-install-recommends kcat; } || { \
	  echo "Error: the program kcat is missing."; \
	  echo "Fix: sudo apt-get install kcat"; exit 1; } >&2
	@command -v promtool >/dev/null || $(MAKE) --no-print-directory build/prometheus/usr/bin/promtool
	$(PY) -m pytest -m extern

# Unpacked, never installed: the package would start a Prometheus on this machine.
build/prometheus/usr/bin/promtool:
	@mkdir -p build/prometheus
	@{ [ "$$(id -u)" != 0 ] || apt-get update -q; } && cd build/prometheus \
	  && apt-get download -q prometheus && dpkg -x prometheus_*.deb . || { \
	  echo "Error: the program promtool is missing."; \
	  echo "Fix: sudo apt-get install prometheus"; exit 1; } >&2

check: lint ## Run the linters and all tests but the stories of whole systems.
	$(PY) -m pytest $(PARALLEL) -m "not journey and not extern and not soak and not kafka_lane"

lint: .venv/ready
	$(PY) -m ruff format --check $(CODE)
	$(PY) -m ruff check $(CODE)
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	@find $(CODE) -name '*.py' -exec wc -l {} + \
	  | awk '$$2 != "total" && $$1 > 300 { print $$2 ": " $$1 " lines, 300 are allowed"; bad = 1 } END { exit bad }'
	$(PY) -m cli.contracts --check
	$(PY) -m cli.tape --check
	$(PY) -m cli.dashboards --check

bench: .venv/ready ## Measure every figure beside its baseline; ROW=name for one.
	@! { command -v java && command -v mvn; } >/dev/null || $(MAKE) --no-print-directory build/kafka/ready
	$(PY) -m bench $(if $(ROW),--row $(ROW))

contracts: .venv/ready ## Write the published contracts (docs/contracts) anew.
	$(PY) -m cli.contracts
	$(PY) -m cli.tape

dashboards: .venv/ready ## Write Grafana's dashboards (deploy/monitoring/dashboards) anew.
	$(PY) -m cli.dashboards

lock: ## Compile requirements.in into requirements.txt, with hashes, and the image's part of it.
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install -q uv
	build/uv/bin/uv pip compile --generate-hashes --python-version 3.11 \
	  --custom-compile-command 'make lock' -q requirements.in -o requirements.txt
	build/uv/bin/uv pip compile --generate-hashes --python-version 3.11 \
	  --custom-compile-command 'make lock' -q -c requirements.txt requirements-image.in \
	  -o requirements-image.txt

clean: ## Remove what can be made again; ./var, your data, stays.
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

# Touched last, so that an install that was interrupted is done again.
.venv/ready: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Error: Daybook needs Python 3.11 or newer, and $(PYTHON) is not that."; \
	  echo "Fix: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; } >&2
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Error: $(PYTHON) cannot make environments: venv and ensurepip are missing."; \
	  echo "Fix: sudo apt-get install python3-venv"; exit 1; } >&2
	@echo "Installing what Daybook runs on into .venv: about half a minute, once."
	@$(PYTHON) -m venv .venv
	@$(PY) -m pip install --disable-pip-version-check --require-hashes --only-binary :all: \
	  -r requirements.txt | awk '/^Collecting /            { printf "\r  %d packages fetched", ++n; fflush() } \
	    /^Installing collected/ { print "; unpacking them"; fflush() }'
	@printf '%s\n' '#!/bin/sh' 'at=$$(dirname "$$(readlink -f "$$0")")' \
	  'PYTHONPATH="$$at/../.." exec "$$at/python" -P -m cli "$$@"' > .venv/bin/daybook
	@chmod +x .venv/bin/daybook
	@touch $@
