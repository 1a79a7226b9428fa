"""What a user types, from the environment of vLLM: `harness submit`, once more, and after `kill -9` in its midst."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.corpora.synthetic import synthesize
from harness.engines.vllm import installed
from tests.engine_contract import shipped_adapter

HOUSE = Path(__file__).resolve().parents[2]
LINEUP = f"""
[engine]
kind = "vllm"
dtype = "float32"
enforce_eager = true
threads = 1
memory_share = 0.05
batch_size = 2

[systems.qlora]
adapter = "{shipped_adapter()}"
budget = 200
unit = "tokens"
max_new_tokens = 24
repetition_penalty = 1.05
no_repeat_ngram = 5
"""


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "ward"
    synthesize(folder, 20, 2)
    return folder


def submit(home: Path, ward: Path, after: int = 0) -> subprocess.CompletedProcess[str]:
    """Give the command; with `after`, kill it when so many candidates are written down."""
    home.mkdir(exist_ok=True)
    (home / "vllm.toml").write_text(LINEUP)
    program = ["tests.killed", "generate", str(after)] if after else ["harness.cli"]
    arguments = ["submit", "qlora", "--lineup", "vllm.toml", "--data", str(ward), "--scorers", "rouge,bleu"]
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    command = [sys.executable, "-m", *program, *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def run_folder(home: Path) -> Path:
    return home / "submissions/discharge-me/ward/test_phase_1/qlora"


def candidates(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run_folder(home) / "candidates.jsonl").read_text().splitlines()]


def test_a_submission_twice_and_one_that_was_killed_in_the_midst_of_batches(ward: Path, tmp_path: Path) -> None:
    undisturbed, home = tmp_path / "undisturbed", tmp_path / "disturbed"
    first, again = submit(undisturbed, ward), submit(undisturbed, ward)
    assert (first.returncode, again.returncode) == (0, 0), first.stderr + again.stderr
    written = candidates(undisturbed)
    assert f"qlora: {len(written)} texts, {len(written)} of them new" in first.stdout
    assert f"qlora: {len(written)} texts, 0 of them new" in again.stdout
    engine = json.loads((run_folder(undisturbed) / "manifest.json").read_text())["settings"]["engine"]
    assert engine["kind"] == "vllm"
    assert installed().items() <= engine["packages"].items()

    shutil.copytree(undisturbed, home)  # what the train split teaches is known
    shutil.rmtree(run_folder(home))
    kept = 0
    for more in (1, 3):
        killed = submit(home, ward, more)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        kept += more
        assert len(candidates(home)) == kept
    assert 0 < kept < len(written)
    last = submit(home, ward)
    assert last.returncode == 0, last.stderr
    assert f"qlora: {len(written)} texts, {len(written) - kept} of them new" in last.stdout
    assert sorted(map(text_of, candidates(home))) == sorted(map(text_of, written))
    for name in ("submission.csv", "submission.zip", "manifest.json", "scores.json"):
        assert (run_folder(undisturbed) / name).read_bytes() == (run_folder(home) / name).read_bytes(), name


def text_of(candidate: dict[str, Any]) -> tuple[str, str, int, str]:
    return candidate["case"], candidate["field"], candidate["index"], candidate["raw"]
