# Needs make and Python 3.11 or newer. Everything is installed into .venv from hashed lock files.
# Another interpreter: make PYTHON=python3.13 test

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--custom-compile-command "make lock" $(LOCK_FLAGS)

# An active virtual environment must not affect our interpreters.
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH __PYVENV_LAUNCHER__
# The tests start many interpreters, which would each compile everything again.
unexport PYTHONDONTWRITEBYTECODE

# Rebuild a .venv whose Python is gone, for example after an upgrade.
ifeq ($(shell $(BIN)/python -c "print('alive')" 2>/dev/null),)
VENV_IS_GONE := rebuild
endif

.PHONY: help run test simulate chaos faults soak \
	lint audit format bench screenshots preview lock rebuild
.DEFAULT_GOAL := help

help: ## Show this list.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(VENV)/.runtime ## Start the bot, or the demo if BOT_TOKEN is unset.
	@exec $(BIN)/python -m bot

test: lint ## Check style, types and import contracts, then run every test.
	$(BIN)/python -m pytest -n 4 --dist loadgroup

simulate: $(VENV)/.runtime ## Play the bot in a seeded simulation until interrupted.
	@exec $(BIN)/python -m bot simulate $(if $(SEED),--seed $(SEED))

chaos: $(VENV)/.development ## Kill one of three replicas each second under load; takes minutes.
	$(BIN)/python -m pytest --profile=full -s -o faulthandler_timeout=0 \
		tests/faults/test_replica_kills.py tests/faults/test_process_kills.py

faults: $(VENV)/.development ## Inject every fault at each moment with many seeds; takes 30 minutes.
	$(BIN)/python -m pytest --profile=full -n 4 -rP --show-capture=stdout \
		-o faulthandler_timeout=0 tests/faults tests/storage/test_reference_model.py

SOAK ?= 20

soak: $(VENV)/.development ## Run the bot under load for SOAK=20 minutes; its memory must not grow.
	SOAK=$(SOAK) $(BIN)/python -m pytest --profile=full -s -o faulthandler_timeout=0 tests/soak

lint: $(VENV)/.development ## Check style, types and import contracts.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(VENV)/.development ## Check the pinned packages for known vulnerabilities.
	@$(BIN)/python .ci/audit.py

format: $(VENV)/.development ## Format the code.
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(VENV)/.development ## Measure what docs/performance.md claims, in under ten minutes.
	$(BIN)/python -m benchmarks

screenshots: $(VENV)/.development ## Take the README's pictures with the installed Chromium.
	$(BIN)/python -m tests.browser.screenshots

preview: $(VENV)/.development ## Write build/preview.html: every screen in every state and language.
	@$(BIN)/python -m tests.kit.preview_page build/preview.html

lock: $(VENV)/.created ## Update the lock files (LOCK_FLAGS=--upgrade takes newer releases).
	$(PIP) install --requirement requirements-lock.in
	$(LOCK) pyproject.toml --output-file requirements.txt
	$(LOCK) pyproject.toml requirements-dev.in --constraint requirements.txt \
		--output-file requirements-dev.txt
	$(LOCK) requirements-postgres.in --constraint requirements-dev.txt \
		--output-file requirements-postgres.txt

$(VENV)/.created: $(VENV_IS_GONE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo 'Slotkeeper needs Python 3.11 or newer, and "$(PYTHON)" is not.' \
			'Name one with make PYTHON=/path/to/python.' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo 'The venv module of "$(PYTHON)" is missing.' \
			'Install it (on Debian and Ubuntu: apt install python3-venv).' >&2; exit 1; }
	@echo 'Making $(VENV) ...'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# The lock file pins every package, so pip resolves no dependencies.
$(VENV)/.runtime: requirements.txt $(VENV)/.created
	@echo 'Installing $< ...'
	@$(PIP) install --require-hashes --no-deps --requirement $<
	@touch $@

# The development lock contains the runtime lock, so it satisfies both stamps. The PostgreSQL server
# for tests is not available for every platform.
$(VENV)/.development: requirements-dev.txt requirements-postgres.txt requirements.txt \
		$(VENV)/.created
	@echo 'Installing $< ...'
	@$(PIP) install --require-hashes --no-deps --requirement $<
	@$(PIP) install --require-hashes --no-deps --requirement requirements-postgres.txt || \
		echo 'Cannot install the PostgreSQL server for tests.' \
			'Tests that need one are skipped, unless TEST_DATABASE_URL names one.'
	@touch $@ $(VENV)/.runtime
