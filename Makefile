# Every target makes its own environment first; `make` alone lists them.
SHELL := /bin/sh
PYTHON_BIN := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help environment tools demo down test test-real lint bench bench-connectors bench-large mutate prove docs lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

environment: ## make .venv from requirements.lock (once)
	@scripts/environment.sh

tools: ## install Chromium and the CJK fonts that the browser tests need (once)
	@scripts/tools.sh

demo: environment ## the demo company through a real Airflow; DETACH=1 returns when published
	@$(PYTHON_BIN) -m scripts.demo up $(if $(DETACH),--detach)

down: ## stop everything that `make demo` started
	@[ ! -x $(PYTHON_BIN) ] || $(PYTHON_BIN) -m scripts.demo down

test: environment tools lint ## everything that .ci/run runs: lint, types, all tests
	@$(PYTHON_BIN) -m pytest -n 2 --dist loadfile

test-real: environment ## install, start and test real systems (slow once, then cached)
	@nice -n 15 $(PYTHON_BIN) -m scripts.real

lint: environment ## ruff, mypy, sqlfluff
	@$(PYTHON_BIN) -m ruff check .
	@$(PYTHON_BIN) -m ruff format --check .
	@$(PYTHON_BIN) -m mypy
	@cd dbt_project && ../$(PYTHON_BIN) -m sqlfluff lint --processes 0 --disable-progress-bar models

bench: environment ## measure: demo by step, build, gates, memory
	@$(PYTHON_BIN) -m benchmarks

bench-connectors: environment ## measure: a million rows through each connector
	@$(PYTHON_BIN) -m benchmarks.connectors

bench-large: environment ## measure: a build of a million opportunities (about 40 GB, an hour)
	@$(PYTHON_BIN) -m benchmarks.at_scale

mutate: environment ## change one operator at a time in every mart; the tests must notice
	@$(PYTHON_BIN) -m benchmarks.mutate

prove: environment tools ## run every check on the whole data and write docs/proof/
	@$(PYTHON_BIN) -m scripts.prove

docs: environment ## write the generated pages of docs/ anew
	@$(PYTHON_BIN) -m scripts.write_docs

lock: ## resolve requirements.lock anew (needs uv)
	@uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --all-extras \
		--custom-compile-command "make lock" --quiet --output-file requirements.lock pyproject.toml

clean: down ## remove what the demo wrote and what the tools left
	@rm -rf $(or $(CLOSEBOOK_HOME),var) dbt_project/target dbt_project/logs .pytest_cache .mypy_cache .ruff_cache
