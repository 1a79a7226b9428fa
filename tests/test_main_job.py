"""The main job with the real model: a pool on the ward and on real summaries, and `kill -9` in every stage."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.corpora.synthetic import synthesize
from tests.conftest import SHARED, needs_shared

HOUSE = Path(__file__).resolve().parent.parent
LINEUP = """
[engine]
dtype = "auto"
batch_size = 2
threads = 1

[systems.few-shot]
shots = 0
budget = 60
shot_budget = 60
unit = "tokens"
max_new_tokens = 8
"""
# bfloat16 is not the same to the last bit in every run on every processor, and these runs are compared.
REPEATABLE = LINEUP.replace('"auto"', '"float32"')


# All that need no licence: five official columns, the two twins, sacrebleu, and the facts of the ward's ledger.
COLUMNS = {"bleu", "rouge1", "rouge2", "rougel", "meteor", "bertscore[minilm-l6]", "medcon[open]", "sacrebleu"}
COLUMNS |= {"fact_recall", "fact_critical", "fact_precision", "fact_own"}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "ward"
    synthesize(folder, 30, 2)
    return folder


@pytest.fixture(scope="module")
def learned(ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the ward's train split is prepared and learned from."""
    folder = tmp_path_factory.mktemp("learned")
    (folder / "tiny.toml").write_text(REPEATABLE)
    assert submit(folder, "nearest", ward).returncode == 0
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "tiny.toml").write_text(LINEUP)
    return tmp_path


def submit(
    home: Path, system: str, data: Path, *kill: str, scorers: str = "rouge,bleu"
) -> subprocess.CompletedProcess[str]:
    """Give the command; with a moment of tests.killed, kill it there. No `scorers`: all that judge by default."""
    module = ["tests.killed", *kill] if kill else ["harness.cli"]
    arguments = ["submit", system, "--lineup", "tiny.toml", "--data", str(data)]
    arguments += ["--scorers", scorers] if scorers else []
    environment = {**os.environ, "PYTHONPATH": str(HOUSE)}
    command = [sys.executable, "-m", *module, *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)


def run_folder(home: Path, corpus: str, label: str) -> Path:
    return home / "submissions/discharge-me" / corpus / "test_phase_1" / label


def lines(path: Path) -> int:
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_pool_from_tables_to_a_scored_submission_and_again(learned: Path, ward: Path, tmp_path: Path) -> None:
    home = shutil.copytree(learned, tmp_path / "home")
    (home / "tiny.toml").write_text(LINEUP.replace("shots = 0", "shots = 1"))
    done = submit(home, "des", ward, scorers="")
    assert done.returncode == 0, done.stderr
    assert "The task's server will accept this submission." in done.stdout
    folder = run_folder(home, "ward", "des")
    manifest = json.loads((folder / "manifest.json").read_text())
    card = json.loads((folder / "scores.json").read_text())
    assert set(manifest["model_digests"]) == {"smollm2-135m-instruct", "minilm-l6"}
    assert {column for column, scores in card["scores"].items() if scores} == COLUMNS
    generated = run_folder(home, "ward", "few-shot") / "candidates.jsonl"
    records = [json.loads(line) for line in generated.read_text().splitlines()]
    assert all(0 < record["tokens"] <= 8 and record["raw"] and record["shown"] for record in records)

    before = {path: path.read_bytes() for path in home.rglob("submission.*")} | {generated: generated.read_bytes()}
    assert submit(home, "des", ward).returncode == 0
    assert {path: path.read_bytes() for path in before} == before


def test_kill_9_in_every_stage_and_the_same_command_again_give_the_same_submission(
    learned: Path, ward: Path, tmp_path: Path
) -> None:
    undisturbed, home = tmp_path / "undisturbed", tmp_path / "disturbed"
    for folder in (undisturbed, home):
        shutil.copytree(learned, folder)
    assert submit(undisturbed, "few-shot", ward).returncode == 0
    written = run_folder(undisturbed, "ward", "few-shot") / "candidates.jsonl"
    candidates = run_folder(home, "ward", "few-shot") / "candidates.jsonl"
    assert lines(written) == 8
    moments = {("load", "1.0"): 0, ("generate", "1"): 1, ("generate", "4"): 5, ("write", "0"): 8, ("score", "0"): 8}
    for moment, kept in moments.items():
        killed = submit(home, "few-shot", ward, *moment)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert lines(candidates) == kept, moment
    last = submit(home, "few-shot", ward)
    assert last.returncode == 0, last.stderr
    assert "few-shot: 8 texts, 0 of them new" in last.stdout
    first, second = (run_folder(where, "ward", "few-shot") for where in (undisturbed, home))
    for name in ("submission.csv", "submission.zip", "manifest.json", "scores.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    assert list(second.glob(".*.tmp")) == []


@needs_shared
def test_real_summaries(home: Path) -> None:
    done = submit(home, "des", SHARED / "data" / "discharge-real")
    assert done.returncode == 0, done.stderr
    assert "18 cases; targets cut out: 18 clean" in done.stdout
    with (run_folder(home, "discharge-real", "des") / "submission.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18
    assert all(row["brief_hospital_course"] and row["discharge_instructions"] for row in rows)
