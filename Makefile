# The two commands of a newcomer: `make submit SYSTEM=des` and `make leaderboard`. Everything else is `harness --help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM ?= des

.PHONY: install submit leaderboard test check format bench oracle resolve-vllm clean

# Installed once, and again when what is to be installed changes.
install: $(VENV)/installed
$(VENV)/installed: pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here: install Python 3.11 or newer, or name one: make PYTHON=python3.11 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/harness assets fetch
	@touch $@

submit: install
	@$(BIN)/harness submit $(SYSTEM) $(if $(DATA),--data $(DATA)) $(if $(SPLIT),--split $(SPLIT)) \
		$(if $(LIMIT),--limit $(LIMIT)) $(if $(LINEUP),--lineup $(LINEUP))

leaderboard: install
	@$(BIN)/harness leaderboard

test: install
	@$(BIN)/pytest

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: install
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What the README's figures of speed and endurance rest on; minutes, not seconds.
bench: install
	$(BIN)/python -m benchmarks.overlap_speed
	$(BIN)/python -m benchmarks.medcon_speed
	$(BIN)/python -m benchmarks.medcon_agreement
	$(BIN)/python benchmarks/large_split.py --out $(or $(SCRATCH),/tmp/discharge-harness-bench)
	$(BIN)/python benchmarks/large_board.py
	$(BIN)/python benchmarks/endurance.py
	$(BIN)/python benchmarks/stats_speed.py
	$(BIN)/python benchmarks/stats_coverage.py

# Ours beside the packages that they equal, unmodified and in environments of their own (.oracle/); what those answered
# is written to oracle/*.json.
oracle: install
	$(BIN)/python -m oracle

# Shows that the core and [vllm] resolve together; downloads what pip must look into, installs nothing.
resolve-vllm:
	$(PYTHON) -m pip install --quiet --dry-run --ignore-installed -c constraints-vllm.txt -e ".[vllm]"

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache
