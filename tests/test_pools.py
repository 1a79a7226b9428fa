"""Pools from the command line: imported members, what is refused, fitting on valid, `explain` and `pool-report`."""

from __future__ import annotations

import csv
import json
import random
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

import harness.hand_in
import harness.pools
from harness.cli import main
from harness.corpora.synthetic import synthesize
from harness.guide import LearnedGuide
from harness.resources import Resources

STAYS = 96

MEMBERS = '''
from dataclasses import dataclass, field
from collections.abc import Mapping
from typing import Any
from harness import Candidate, Learned, ModelInput, Pool, Rules, Selector, system

def chart(asked: ModelInput) -> str:
    return " ".join(part.text for part in asked.chart)

@system("starts")
def starts(asked: ModelInput) -> str:
    """The first 120 words of the chart."""
    return " ".join(chart(asked).split()[:120])

@system("ends")
def ends(asked: ModelInput) -> str:
    """The last 100 words of the chart."""
    return " ".join(chart(asked).split()[-100:])

@system("mute")
def mute(asked: ModelInput) -> str:
    """Writes nothing for some cases."""
    return "" if int(asked.case) % 2 else starts(asked)

@system("silent")
def silent(asked: ModelInput) -> str:
    """Writes nothing for some cases."""
    return mute(asked)

@system("several")
@dataclass(frozen=True)
class Several:
    """As many texts as there are samples."""
    samples: int = 3

    def open(self, context):
        return self

    def generate(self, inputs):
        for asked in inputs:
            for index in range(self.samples):
                text = " ".join(chart(asked).split()[index * 50 : index * 50 + 100])
                yield Candidate(asked.case, asked.field, text, index=index)
'''


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "ward"
    synthesize(folder, STAYS, 3)
    return folder


@pytest.fixture
def harness_command(ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Give a command about the ward. What the train split teaches is said here, so that no encoder has to load."""
    monkeypatch.chdir(tmp_path)
    guide = LearnedGuide({}, {"brief_hospital_course": 150, "discharge_instructions": 120})
    monkeypatch.setattr(Resources, "guide", guide)
    monkeypatch.setattr(Resources, "digest_of", lambda self, need: need)
    Path("members.py").write_text(MEMBERS)

    def run(*arguments: str, data: Path = ward) -> int:
        plugin = ("--plugin", "members.py", "--lineup", "pools.toml")
        return main([*arguments, *plugin, "--data", str(data), "--scorers", "bleu,rouge"])

    return run


def lineup(**systems: str) -> None:
    tables = "\n".join(f'[systems.{name}]\nplugin = "des"\n{text}\n' for name, text in systems.items())
    Path("pools.toml").write_text(f'[encoder]\nmodel = "minilm-l6"\n{tables}')


def run_folder(label: str, split: str = "test_phase_1") -> Path:
    return Path("submissions/discharge-me/ward") / split / label


def chosen(label: str) -> list[tuple[object, ...]]:
    return [(one["case"], one["field"], one["system"], one["text"]) for one in candidates(label)]


def candidates(label: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (run_folder(label) / "candidates.jsonl").read_text().splitlines()]


TWO = 'members = ["starts", "ends"]'


def test_the_order_of_members_changes_nothing(harness_command: Callable[..., int]) -> None:
    lineup(one='members = ["starts", "ends", "several"]', other='members = ["several", "ends", "starts"]')
    assert harness_command("submit", "one") == 0
    assert harness_command("submit", "other") == 0
    assert chosen("one") == chosen("other")
    assert {one["system"] for one in candidates("one")} <= {"starts", "ends", "several"}


def test_an_imported_run_is_a_member(harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    lineup(pool='members = ["starts", "colleague"]\nprefer = ["smallest words"]')
    assert harness_command("submit", "ends") == 0
    shutil.copy(run_folder("ends") / "submission.csv", "theirs.csv")
    assert harness_command("import", "theirs.csv", "--as", "colleague") == 0
    before = (run_folder("colleague") / "scores.json").read_bytes()
    assert harness_command("submit", "pool") == 0
    assert {one["system"] for one in candidates("pool")} == {"colleague"}
    assert (run_folder("colleague") / "scores.json").read_bytes() == before
    assert "of colleague" in capsys.readouterr().out


def test_an_imported_run_of_other_ids_is_refused(
    harness_command: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool='members = ["starts", "colleague"]')
    other = tmp_path / "other" / "ward"
    synthesize(other, 24, 4)
    assert harness_command("submit", "ends", data=other) == 0
    shutil.copy(run_folder("ends") / "submission.csv", "theirs.csv")
    shutil.rmtree("submissions")
    assert harness_command("import", "theirs.csv", "--as", "colleague", data=other) == 0
    assert harness_command("submit", "pool") == 1
    assert "harness: the member colleague has other ids: " in capsys.readouterr().err
    assert not run_folder("starts").exists()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            'members = ["starts"]',
            "the pool 'pool' has one member, starts, who writes one text a case",
        ),
        ('members = ["pool"]', "the pool 'pool' holds itself: pool > pool\n  -> mend its members"),
        (f'{TWO}\nrules = ["wrods < 3"]', "the pool 'pool': there is no feature 'wrods'\n  -> did you mean words"),
        (
            f'{TWO}\nrules = ["member:start < 1"]',
            "the pool 'pool': there is no member 'start'\n  -> did you mean starts?",
        ),
        (
            f'{TWO}\nprefer = ["largest member:several"]',
            "the pool 'pool': there is no member 'several'\n  -> there are: ends, starts",
        ),
        (
            f'{TWO}\n[systems.pool.fields.discharge_instructions]\nchoose = "weighted"\n'
            'weights = { "member:edns" = 9.0 }',
            "the pool 'pool': there is no member 'edns'\n  -> did you mean ends?",
        ),
        (f'{TWO}\nrules = ["words"]', "the rule 'words' cannot be read\n  -> write FEATURE <= NUMBER, or <, >, >="),
        (f'{TWO}\nchoose = "best"', "choose: takes one of 'rules', 'weighted', 'mbr', 'learned', not 'best'"),
        (
            f'{TWO}\n[systems.pool.fields.discharge_instructions]\nchoose = "ruels"',
            "pools.toml [systems.pool]: fields.discharge_instructions.choose: takes one of 'rules', 'weighted', 'mbr', "
            "'learned', not 'ruels'\n  -> correct it in the lineup",
        ),
        (
            f'{TWO}\n[systems.pool.fields.discharge_instructions]\nmembers = ["starts"]',
            "pools.toml [systems.pool]: fields.discharge_instructions: there is no setting 'members'\n"
            "  -> there are: choose, features, prefer, rules, utility, weights",
        ),
        (
            f'{TWO}\n[systems.pool.fields.discharge_instruction]\nprefer = ["smallest words"]',
            "the pool 'pool': there is no field 'discharge_instruction' in the task discharge-me\n"
            "  -> did you mean discharge_instructions?",
        ),
    ],
)
def test_a_pool_that_cannot_be_is_refused_before_anybody_works(
    table: str, message: str, harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=table)
    assert harness_command("submit", "pool") == 1
    assert message in capsys.readouterr().err
    assert not Path("submissions").exists()


def test_one_member_with_several_samples_is_a_pool(harness_command: Callable[..., int]) -> None:
    lineup(pool='members = ["several"]')
    assert harness_command("submit", "pool") == 0


def test_where_nobody_has_a_candidate_nothing_is_written(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool='members = ["mute", "silent"]')
    assert harness_command("submit", "pool") == 1
    error = capsys.readouterr().err
    assert "harness: no member of the pool 'pool' has a candidate for case " in error
    assert ", brief_hospital_course, case " in error
    assert not run_folder("pool").exists()


# --------------------------------------------------------------------------- fitting


def test_a_selector_is_fitted_on_valid_and_sees_no_reference_of_what_is_scored(
    harness_command: Callable[..., int], ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The references of the scored split are poisoned: were one of them read to choose, the choice would move."""
    lineup(pool=f'{TWO}\nchoose = "learned"\nfeatures = ["length_distance", "copied"]\nfit_cases = 60')
    assert harness_command("submit", "pool") == 0
    before = chosen("pool")
    assert run_folder("starts-limit60", "valid").exists() or run_folder("starts", "valid").exists()

    real = harness.pools.read_references

    def poisoned(corpus: object, task: object, split: str, ids: object = None) -> object:
        for one in real(corpus, task, split, ids):  # type: ignore[arg-type]
            if split == "valid":
                yield one
            else:
                words = random.Random(one.id).choices(["poison", "text"], k=90)
                yield type(one)(one.id, one.group, {name: " ".join(words) for name in one.values})

    for reads in (harness.pools, harness.hand_in):
        monkeypatch.setattr(reads, "read_references", poisoned)
    shutil.rmtree("submissions")
    assert harness_command("submit", "pool") == 0
    assert chosen("pool") == before


def test_a_selector_is_fitted_on_the_members_that_compete(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """Who is named after --set writes for valid too, whatever the lineup says, and whatever the pool was there."""
    lineup(pool=TWO)
    assert harness_command("submit", "pool", "--split", "valid") == 0
    shutil.rmtree(run_folder("ends", "valid"))
    settings = ("choose=learned", 'members=["starts", "several"]', 'features=["copied"]', "fit_cases=60")
    changed = [word for setting in settings for word in ("--set", setting)]
    assert harness_command("submit", "pool", *changed, "--as", "taught") == 0, capsys.readouterr().err
    assert {one["system"] for one in candidates("taught")} <= {"starts", "several"}
    assert not list(run_folder("", "valid").glob("ends*"))


def test_a_selector_is_never_fitted_on_the_split_that_is_scored(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nchoose = "learned"')
    assert harness_command("submit", "pool", "--split", "valid") == 1
    assert (
        "the selector of the pool 'pool' is fitted on the valid split, which is scored here" in capsys.readouterr().err
    )
    assert not run_folder("pool", "valid").exists()


# --------------------------------------------------------------------------- explain and report


def test_explain_shows_candidates_features_and_what_decided(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lineup(pool=f'{TWO}\nrules = ["repeated <= 0.9"]\nprefer = ["smallest words"]')
    assert harness_command("submit", "pool") == 0
    with (run_folder("pool") / "submission.csv").open(newline="") as file:
        case = next(csv.DictReader(file))["hadm_id"]
    capsys.readouterr()
    before = {path: path.read_bytes() for path in Path("submissions").rglob("*.csv")}
    assert harness_command("explain", "pool", case) == 0
    told = capsys.readouterr().out
    assert f"pool, case {case}, Brief Hospital Course: ends\n" in told
    assert "          ends *    starts\nrepeated" in told
    assert "  repeated <= 0.9: 2 of 2\n  smallest words: 100 decides\n" in told
    assert "ends *" in told.split("what decided:")[1]
    assert {path: path.read_bytes() for path in before} == before

    assert harness_command("explain", "pool", "7") == 1
    assert "harness: there is no case 7 in test_phase_1\n  -> name one of its " in capsys.readouterr().err
    assert harness_command("explain", "starts", case) == 1
    assert "starts is no pool: it writes its texts itself" in capsys.readouterr().err


def test_a_report_says_what_the_pool_gains(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nprefer = ["smallest length_distance"]')
    assert harness_command("submit", "pool") == 0
    handed_in = (run_folder("pool") / "submission.csv").read_bytes()
    assert harness_command("pool-report", "pool") == 0
    told = capsys.readouterr().out
    for heading in (
        "What it gains",
        "What carries it",
        "Rules on references",
        "Features on references and on candidates",
    ):
        assert f"### {heading}\n" in told
    report = json.loads((run_folder("pool") / "pool-report.json").read_text())
    one = report["gains"][""]
    assert one["random"] <= one["best"] <= one["oracle"]
    assert one["over_best"]["value"] == pytest.approx(one["chosen"] - one["best"])
    assert one["regret"]["value"] == pytest.approx(one["oracle"] - one["chosen"])
    for rows in report["members"].values():
        assert sum(row["chosen"] for row in rows) == pytest.approx(1)
        assert sum(row["best"] for row in rows) == pytest.approx(1)
    assert (run_folder("pool") / "submission.csv").read_bytes() == handed_in
    picture = (run_folder("pool") / "pool-report.svg").read_bytes()
    assert picture.startswith(b"<?xml")
    assert harness_command("pool-report", "pool") == 0
    assert (run_folder("pool") / "pool-report.svg").read_bytes() == picture


def test_explain_and_report_are_of_the_settings_that_were_submitted(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nrules = []\nprefer = ["smallest words"]')
    longest = ("--set", 'prefer=["largest words"]')
    assert harness_command("submit", "pool") == 0
    assert harness_command("submit", "pool", *longest, "--as", "longest") == 0
    with (run_folder("pool") / "submission.csv").open(newline="") as file:
        case = next(csv.DictReader(file))["hadm_id"]
    for command in (("explain", "pool", case), ("pool-report", "pool")):
        capsys.readouterr()
        assert harness_command(*command, *longest) == 1
        assert "submissions/discharge-me/ward/test_phase_1/pool holds a run with other settings: " in (
            capsys.readouterr().err
        )
        assert harness_command(*command, *longest, "--as", "longest") == 0
        assert harness_command(*command) == 0
    for label, writer in (("pool", "ends"), ("longest", "starts")):
        members = json.loads((run_folder(label) / "pool-report.json").read_text())["members"]
        assert {max(rows, key=lambda row: row["chosen"])["name"] for rows in members.values()} == {writer}


def test_a_report_on_too_few_subjects_has_no_intervals(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nprefer = ["smallest length_distance"]')
    assert harness_command("pool-report", "pool", "--limit", "3") == 0
    told = capsys.readouterr().out
    assert len(re.findall(r"\d \[n/a\] +\| \+?\d\.\d{4} \[n/a\] +\| ", told)) == 3  # each field, and both
    assert "inf" not in re.findall(r"\w+", told)
    report = (run_folder("pool-limit3") / "pool-report.json").read_text()
    assert "Infinity" not in report
    assert json.loads(report)["gains"][""]["regret"]["low"] is None


def purged(data: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """What a purge would delete."""
    assert main(["purge", "--data", str(data)]) == 0
    return capsys.readouterr().out


def test_on_valid_a_report_is_cross_fitted_and_ends_with_what_a_lineup_takes(
    harness_command: Callable[..., int], ward: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nchoose = "learned"\nfeatures = ["length_distance", "copied"]')
    assert harness_command("pool-report", "pool", "--split", "valid") == 0
    told = capsys.readouterr().out
    assert "each subject chosen for by what the others taught" in told
    fitted = told.split("```toml\n")[1].split("```")[0]
    assert f"MB  {run_folder('pool', 'valid')}\n" in purged(ward, capsys)
    assert "[systems.pool.fitted.brief_hospital_course]" in fitted
    shipped = f'{TWO}\nchoose = "learned"\nfeatures = ["length_distance", "copied"]\n{fitted}'
    lineup(pool=shipped)
    assert harness_command("submit", "pool", "--split", "valid") == 0


@pytest.mark.parametrize(("stays", "subjects", "left"), [(10, 9, 7), (9, 8, 6), (7, 7, 5)])
def test_on_valid_a_report_says_how_many_subjects_cross_fitting_takes(
    stays: int, subjects: int, left: int, harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(pool=f'{TWO}\nchoose = "learned"\nfeatures = ["length_distance", "copied"]')
    assert harness_command("pool-report", "pool", "--split", "valid", "--limit", str(stays)) == 1
    assert (
        f"harness: cross-fitting leaves {left} of {subjects} subjects to learn from how to choose the "
        "brief_hospital_course: too few\n  -> take 10 or more subjects of valid, each with a reference for it, or "
        'write choose = "rules" in the lineup\n' in capsys.readouterr().err
    )


def test_on_valid_a_report_of_as_many_subjects_as_cross_fitting_takes(harness_command: Callable[..., int]) -> None:
    lineup(
        learns=f'{TWO}\nchoose = "learned"\nfeatures = ["length_distance", "copied"]',
        rules=f'{TWO}\nrules = ["words >= 1"]',
    )
    assert harness_command("pool-report", "learns", "--split", "valid", "--limit", "11") == 0  # 10 subjects
    assert harness_command("pool-report", "rules", "--split", "valid", "--limit", "4") == 0  # which learns nothing


def test_a_report_of_a_pool_that_asks_who_wrote_a_text(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    lineup(
        rules=f'{TWO}\nrules = ["member:starts >= 1"]\nprefer = ["smallest words"]',
        weights=f'{TWO}\nchoose = "weighted"\nweights = {{ words = 1.0, "member:ends" = 9.0 }}',
    )
    for pool, member in (("rules", "starts"), ("weights", "ends")):
        assert harness_command("pool-report", pool) == 0
        told = capsys.readouterr().out
        assert re.search(rf"\n\| member:{member} +\| [+-]\d\.\d{{4}} +\| 1 for what that member wrote +\|\n", told)
        report = json.loads((run_folder(pool) / "pool-report.json").read_text())
        rows = [row for rows in report["members"].values() for row in rows]
        assert {row["name"]: row["chosen"] for row in rows}[member] == pytest.approx(1)
        assert report["kept"] == {}


def test_a_report_of_a_pool_that_chooses_otherwise_in_one_field(
    harness_command: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """On valid only what learns is fitted for each subject anew; a rule counts in the fields where it is one."""
    lineup(
        weights=f'{TWO}\nchoose = "weighted"\nweights = {{ words = 1.0 }}',
        rules=f'{TWO}\nrules = ["words >= 1"]\n[systems.rules.fields.discharge_instructions]\nrules = ["words <= 110"]',
        learns=f'{TWO}\nrules = ["words >= 1"]\n[systems.learns.fields.discharge_instructions]\n'
        'choose = "learned"\nfeatures = ["copied"]',
    )
    told, kept = {}, {}
    for pool in ("weights", "rules", "learns"):
        assert harness_command("pool-report", pool, "--split", "valid") == 0
        told[pool] = capsys.readouterr().out
        kept[pool] = json.loads((run_folder(pool, "valid") / "pool-report.json").read_text())["kept"]
    assert "by the selector as it is\n" in told["weights"]
    assert "by the selector as it is\n" in told["rules"]
    assert "each subject chosen for by what the others taught\n" in told["learns"]
    assert "### Rules on references\n" in told["rules"]
    assert kept["rules"]["words >= 1"] == [1, 1]
    assert kept["rules"]["words <= 110"][1] == 0.5
    assert list(kept["learns"]) == ["words >= 1"]
    assert "who wrote it" in told["learns"]
    fitted = tomllib.loads(told["learns"].split("```toml\n")[1].split("```")[0])["systems"]["learns"]["fitted"]
    assert list(fitted) == ["discharge_instructions"]
    assert "```toml" not in told["rules"]
