"""The system qlora: what it is taught, what it asks, and what of it travels with the submission."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness import energy
from harness.cli import main
from harness.contest import Contest
from harness.contract.trial import Ward
from harness.corpora.instructions import read_instructions
from harness.corpora.marking import FILE_NAME
from harness.corpora.synthetic import synthesize
from harness.corpora.ward.primer import write_primer
from harness.energy import Counter, Snapshot
from harness.engines import decoding
from harness.engines.loading import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from harness.errors import TuningError
from harness.lineup import find_lineup, parse_assignments, read_lineup
from harness.privacy import is_restricted
from harness.resources import SystemContext
from harness.tuning import adapters
from harness.tuning.merge import merge
from harness.types import Lesson
from systems.qlora import QLoRA, QLoRARunner
from tests.tiny_llama import write_tiny_llama

FIELDS = ("brief_hospital_course", "discharge_instructions")
LINEUP = """
[engine]
model = "{model}"
dtype = "float32"
threads = 1
batch_size = 4

[systems.qlora]
quantisation = "none"
compute_dtype = "float32"
rank = 2
steps = 2
accumulation = 2
sequence_length = 700
budget = 60
unit = "tokens"
max_new_tokens = 5
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, a line-up that names it, and a ward."""
    folder = tmp_path_factory.mktemp("qlora")
    model = write_tiny_llama(folder / "tiny-llama")
    (folder / "lineup.toml").write_text(LINEUP.format(model=model))
    synthesize(folder / "ward", 20, seed=0)
    return folder


@pytest.fixture(scope="module")
def contest(folder: Path) -> Contest:
    ward = Ward(folder / "trial")
    (folder / "trial").mkdir()
    lineup = read_lineup(folder / "lineup.toml")
    resources = ward.contest.resources
    resources.lineup = lineup
    return replace(ward.contest, lineup=lineup, resources=resources)


def runner(contest: Contest, settings: QLoRA, **more: Any) -> QLoRARunner:
    needs = ("engine", "guide", "examples")
    context = SystemContext(contest.task, 0, contest.root, needs, contest.resources, set(), "qlora", **more)
    return settings.open(context)


SETTINGS = QLoRA(
    quantisation="none", compute_dtype="float32", rank=2, steps=1, sequence_length=600, budget=400, unit="tokens"
)


def lessons(contest: Contest, settings: QLoRA) -> list[Lesson]:
    return list(runner(contest, settings).lessons(FIELDS))


def test_it_is_taught_each_field_of_each_stay(contest: Contest) -> None:
    taught = lessons(contest, SETTINGS)
    examples = {name: list(contest.resources.examples(name, "train")) for name in FIELDS}
    assert [one.target for one in taught] == [e.target.strip() for name in FIELDS for e in examples[name]]
    assert [one.group for one in taught] == [e.input.group for name in FIELDS for e in examples[name]]
    assert not {one.group for one in taught} & {case.group for case in contest.cases}


def test_a_long_chart_is_cut_and_the_target_never(contest: Contest) -> None:
    whole = lessons(contest, SETTINGS)
    engine = contest.resources.engine
    longest = max(engine.count_prompt(one.prompt.messages) + engine.count_tokens(one.target) + 1 for one in whole)
    cut = lessons(contest, replace(SETTINGS, sequence_length=longest - 20))
    assert [one.target for one in cut] == [one.target for one in whole]
    shorter = 0
    for one, before in zip(cut, whole, strict=True):
        tokens = engine.count_prompt(one.prompt.messages) + engine.count_tokens(one.target) + 1
        assert tokens <= longest - 20
        shorter += one.prompt != before.prompt
    assert 0 < shorter < len(whole)


def test_what_it_is_taught_to_answer_is_what_it_asks(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the same chart, budget and room the prompts are the same."""
    one = runner(contest, SETTINGS)
    asked = contest.resources.examples(FIELDS[0], "train")[0].input
    shown: list[Any] = []

    class Recorder:
        def complete(self, prompts: Any, sampling: Any) -> Iterator[Any]:
            shown.extend(prompts)
            return iter(())

    monkeypatch.setattr(QLoRARunner, "fit", lambda self, field: Path())
    monkeypatch.setattr(type(contest.resources.engine), "adapted", lambda self, adapter: Recorder(), raising=True)
    monkeypatch.setattr("harness.resources.ResumingEngine.adapted", lambda self, adapter: Recorder())
    assert list(one.generate([asked])) == []
    assert shown[0].messages == next(one.lessons(FIELDS[:1])).prompt.messages


def test_shuffled_pairs_have_the_same_charts_and_the_same_targets_but_no_pair_is_right(contest: Contest) -> None:
    true, shuffled = lessons(contest, SETTINGS), lessons(contest, replace(SETTINGS, shuffled=True))
    assert [one.prompt.case for one in true] == [one.prompt.case for one in shuffled]
    assert sorted(one.target for one in true) == sorted(one.target for one in shuffled)
    assert all(one.target != other.target for one, other in zip(true, shuffled, strict=True))


def test_a_limit_takes_the_same_stays_for_every_field(contest: Contest) -> None:
    taught = lessons(contest, replace(SETTINGS, train_limit=2))
    assert len(taught) == 4
    assert {one.prompt.case for one in taught[:2]} == {one.prompt.case for one in taught[2:]}


def test_a_limit_counts_stays_also_where_a_field_lacks_some(contest: Contest, monkeypatch: pytest.MonkeyPatch) -> None:
    course, advice = (list(contest.resources.examples(name, "train")) for name in FIELDS)
    known = {FIELDS[0]: course[1:], FIELDS[1]: [*advice[:2], *advice[3:]]}
    monkeypatch.setattr(contest.resources, "examples", lambda field, split: known[field])
    everybody = {one.prompt.case for one in lessons(contest, SETTINGS)}
    assert everybody == {example.input.case for example in course}
    before: set[str] = set()
    for limit in range(1, len(everybody) + 1):
        limited = replace(SETTINGS, train_limit=limit)
        taught = {one.prompt.case for one in lessons(contest, limited)}
        assert len(taught) == limit
        assert taught > before
        assert {one.prompt.case for name in FIELDS for one in runner(contest, limited).lessons((name,))} == taught
        before = taught


def test_what_has_no_room_is_counted(contest: Contest, folder: Path) -> None:
    from harness.tuning.adapters import read_manifest

    engine, whole = contest.resources.engine, lessons(contest, replace(SETTINGS, sequence_length=1))
    least = [engine.count_prompt(one.prompt.messages) + engine.count_tokens(one.target) + 1 for one in whole]
    fewer = runner(contest, replace(SETTINGS, sequence_length=max(least) - 1)).fit(FIELDS[0])
    assert read_manifest(fewer).too_long == least.count(max(least))
    assert read_manifest(fewer).lessons == len(whole) - least.count(max(least))

    write_primer(folder / "long.jsonl", 2, seed=0)
    pairs = len((folder / "long.jsonl").read_text().splitlines())
    for primed, count in (((), len(whole)), ((str(folder / "long.jsonl"),), pairs)):
        with pytest.raises(TuningError) as caught:
            runner(contest, replace(SETTINGS, sequence_length=20, prime_on=primed)).fit(FIELDS[0])
        assert (
            caught.value.what == f"there is nothing to learn from: of 0 lessons, {count} more had no room in 20 tokens"
        )


def test_a_primer_is_learned_first_and_its_licence_is_told(contest: Contest, folder: Path) -> None:
    from harness.manifest import lessons_from
    from harness.tuning.adapters import read_manifest

    primer = folder / "primer.jsonl"
    write_primer(primer, 2, seed=0)
    used: list[Path] = []
    # A pair is nobody's, and still some of them can be held out.
    primed = replace(SETTINGS, prime_on=(str(primer),), prime_steps=1, held_out=0.1)
    found = runner(contest, primed, note_adapter=used.append).fit(FIELDS[0])
    begun, whole = (read_manifest(one) for one in used)
    assert found == used[1]
    assert whole.start_digest == begun.weights
    assert begun.lessons > 4
    told = lessons_from([whole.about])
    assert len(told) == 1
    assert re.fullmatch(r"primer\.jsonl \(CC0-1\.0, sha-256 [0-9a-f]{12}\)", told[0])


def test_what_a_primer_of_nobodys_licence_taught_is_restricted(contest: Contest, folder: Path, tmp_path: Path) -> None:
    """On a corpus that is public itself; so is what is begun with it, and the model that this is merged into."""
    pair = {"note": "Admitted with sepsis.", "question": "Why was she admitted?", "answer": "For sepsis."}
    (tmp_path / "qa.jsonl").write_text(f"{json.dumps(pair)}\n" * 3)
    primed = replace(SETTINGS, prime_on=(str(tmp_path / "qa.jsonl"),), prime_steps=1)
    assert not contest.corpus.restricted
    assert tmp_path / "qa.jsonl" in primed.sources(contest.task)
    assert is_restricted(), "as soon as it is read"
    used: list[Path] = []
    closed = runner(contest, primed, note_adapter=used.append).fit(FIELDS[0])
    before, about = (adapters.read_manifest(one).about for one in used)
    assert (before["restricted"], about["restricted"]) == (True, False)
    assert about["begun_with"] == before
    assert merge(closed, contest.lineup.engine, tmp_path / "merged", "float32").restricted
    (tmp_path / "LICENSE").write_text("CC BY 4.0\n")
    assert tmp_path / "LICENSE" in primed.sources(contest.task)
    free = runner(contest, primed).fit(FIELDS[0])
    assert free != closed
    assert adapters.read_manifest(free).about["begun_with"]["restricted"] is False
    assert adapters.read_manifest(free).weights == adapters.read_manifest(closed).weights


def test_another_primer_of_the_same_name_writes_other_texts(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["submit", "qlora", "--lineup", str(folder / "lineup.toml"), "--data", str(folder / "ward")]
    command += ["--split", "test_phase_1", "--limit", "1", "--scorers", "rouge"]
    command += ["--set", 'prime_on=["primer.jsonl"]', "--set", "prime_steps=1"]
    run = tmp_path / "submissions" / "discharge-me" / "ward" / "test_phase_1" / "qlora-limit1"
    for seed, new in ((0, 2), (0, 0), (1, 2)):
        write_primer(tmp_path / "primer.jsonl", 2, seed=seed)
        assert main(command) == 0
        assert f"\nqlora-limit1: 2 texts, {new} of them new\n" in capsys.readouterr().out
        manifest = json.loads((run / "manifest.json").read_text())
        assert str(read_instructions(Path("primer.jsonl"))) in manifest["external_data"]


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("patience=2", "patience needs held_out"),
        ("held_out=1.0", "held_out, warmup and dropout take a share"),
        ("batch=0", "batch takes 1 or more"),
        ("samples=2", "samples above 1 need a temperature above 0"),
        ("prime_epochs=0", "prime_epochs takes 1 or more"),
        ("train_limit=-1", "train_limit takes 0 or more"),
        ("alpha=0", "alpha takes 1 or more"),
        ("learning_rate=0.0", "learning_rate takes more than 0"),
        ("learning_rate=-1e-4", "learning_rate takes more than 0"),
        (f"training_seed={-(2**63) - 1}", r"training_seed takes -2\*\*63 to 2\*\*64 - 1"),
        (f"training_seed={2**64}", r"training_seed takes -2\*\*63 to 2\*\*64 - 1"),
        ("target_modules=[]", "target_modules takes names of linear layers, or"),
        ('target_modules=["all-linear", "q_proj"]', 'names of linear layers, or "all-linear" by itself'),
    ],
)
def test_settings_that_cannot_be_are_refused(assignment: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        QLoRA(**parse_assignments([assignment]))


def test_the_files_of_a_given_adapter_are_sources(contest: Contest, tmp_path: Path) -> None:
    for name in (ADAPTER_WEIGHTS, ADAPTER_CONFIG):
        (tmp_path / name).write_text("{}")
        assert tmp_path / name in QLoRA(adapter=str(tmp_path)).sources(contest.task)


def test_the_main_job_trains_once_and_says_what_it_used(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    command = ["submit", "qlora", "--lineup", "lineup.toml", "--data", "ward", "--scorers", "rouge", "--split"]
    assert main([*command, "test_phase_1"]) == 0
    made = list((folder / "workspace").glob(f"ward-*/adapters/*/{ADAPTER_WEIGHTS}"))
    assert len(made) == 1
    before = made[0].stat().st_mtime_ns
    run = folder / "submissions" / "discharge-me" / "ward" / "test_phase_1" / "qlora"
    manifest = json.loads((run / "manifest.json").read_text())
    adapter = json.loads((made[0].parent / "manifest.json").read_text())
    assert manifest["model_digests"]["adapter of tiny-llama"] == adapter["weights"]
    assert manifest["settings"]["settings"]["rank"] == 2
    csv = (run / "submission.csv").read_bytes()
    (run / "candidates.jsonl").unlink()
    capsys.readouterr()
    assert main([*command, "test_phase_1"]) == 0
    assert (run / "submission.csv").read_bytes() == csv
    # Another split is written with the same adapter.
    assert main([*command, "test_phase_2", "--limit", "1", "--set", "max_new_tokens=3"]) == 0
    assert [path.stat().st_mtime_ns for path in made] == [before]
    assert len(list((folder / "workspace").glob(f"ward-*/adapters/*/{ADAPTER_WEIGHTS}"))) == 1
    # The adapter is no use where its own split is scored.
    given = ["--set", f"adapter={made[0].parent}", "--limit", "1", "--as", "given"]
    assert main([*command, "train", *given]) == 1
    assert "was trained on the split that is scored" in capsys.readouterr().err
    assert main([*command, "valid", *given]) == 0
    assert main(["purge"]) == 0
    assert str(made[0].parents[2].name) in capsys.readouterr().out


def test_the_energy_of_a_training_is_not_that_of_the_texts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A meter that takes a kilojoule for each training and a joule for each batch of texts."""
    taken: list[int] = []

    def metered(function: Any, joules: int) -> Any:
        return lambda *positional, **named: (taken.append(joules), function(*positional, **named))[1]

    monkeypatch.setattr(energy, "snapshot", lambda: Snapshot(0, {"card": Counter(sum(taken))}))
    monkeypatch.setattr(adapters, "make", metered(adapters.make, 1000))
    monkeypatch.setattr(decoding, "decode", metered(decoding.decode, 1))
    monkeypatch.chdir(folder)
    command = ["submit", "qlora", "--lineup", "lineup.toml", "--data", "ward", "--limit", "2", "--as", "metered"]
    assert main([*command, "--set", "training_seed=1", "--scorers", "rouge"]) == 0
    assert sorted(taken) == [1, 1, 1000]
    usage = json.loads((folder / "submissions/discharge-me/ward/test_phase_1/metered/usage.json").read_text())
    assert (usage["joules"], usage["metered"]) == (2, 4)
    assert usage["pace"]["training_joules"] == 1000


def test_what_learned_from_restricted_data_stays_restricted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    synthesize(tmp_path / "secret", 20, seed=5)
    (tmp_path / "secret" / FILE_NAME).unlink()
    command = ["submit", "qlora", "--lineup", str(folder / "lineup.toml"), "--scorers", "bleu", "--limit", "1"]
    assert main([*command, "--data", "secret", "--split", "test_phase_1"]) == 0
    made = next((tmp_path / "workspace").glob("secret-*/adapters/*/manifest.json")).parent
    assert json.loads((made / "manifest.json").read_text())["about"]["restricted"] is True
    assert main([*command, "--data", str(folder / "ward"), "--set", f"adapter={made}", "--as", "borrowed"]) == 0
    run = tmp_path / "submissions" / "discharge-me" / "ward" / "test_phase_1" / "borrowed"
    assert json.loads((run / "manifest.json").read_text())["restricted"] is True


def test_a_model_behind_a_server_cannot_be_tuned(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "server.toml").write_text('[engine]\nkind = "server"\nurl = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    find_lineup("server.toml")
    assert main(["submit", "qlora", "--lineup", "server.toml", "--data", str(folder / "ward"), "--limit", "1"]) == 1
    assert "harness: " in capsys.readouterr().err
