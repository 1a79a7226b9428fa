"""The report without a browser: what is in it, what is not, where it lies, and how it goes."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.board import notes
from harness.cli import main
from harness.corpora import open_corpus
from harness.files import locked
from harness.nlp.claims import Claim, Reader, known_keys, places, searchable, unsupported
from harness.nlp.concepts import KeepingMatcher
from harness.nlp.concepts.ngrams import Concepts
from harness.report import build
from harness.report.folder import read_mark
from harness.report.lengths import BINS, bin_width, lengths
from tests.conftest import SHARED, needs_shared
from tests.reports import FIELDS, LABELS, SPLIT, TASK, at_home, make_runs, report, ward

RUNS = "submissions/discharge-me/ward/test_phase_1"


@pytest.fixture(scope="module", autouse=True)
def unrestricted() -> Iterator[None]:
    """What a restricted corpus restricts is free again afterwards."""
    umask, environment = os.umask(0o022), dict(os.environ)
    yield
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = at_home(tmp_path_factory.mktemp("home"), patch)
        make_runs(ward(folder / "ward", 64))
        report("public")
        report("private", "--private")
        yield folder


def script(path: Path) -> list[object]:
    """The values that a data script calls the page with."""
    text = path.read_text(encoding="utf-8")
    found = json.loads(f"[{text[text.index('(') + 1 : text.rindex(')')]}]")
    assert isinstance(found, list)
    return found


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert main(["leaderboard", "--format", "html", *arguments]) != 0
    return capsys.readouterr().err


# --------------------------------------------------------------------------- what is in it


def test_the_data_are_the_board(home: Path) -> None:
    (data,) = script(home / "public" / "data.js")
    (contest,) = data["contests"]  # type: ignore[index]
    labels = [one["label"] for one in contest["systems"]]
    assert (labels[0], labels[-1]) == ("copyist", "stranger")
    assert contest["ranked_by"] == "overlap4"
    card = json.loads((home / RUNS / "careful" / "scores.json").read_text())
    careful = next(one for one in contest["systems"] if one["label"] == "careful")
    at = [column["key"] for column in contest["columns"]].index("bleu")
    value, low, high = careful["values"][FIELDS[0]][at]
    assert value == round(card["scores"]["bleu"][FIELDS[0]]["value"], 6)
    assert low <= value <= high
    assert careful["low"] <= careful["rank"] <= careful["high"]
    assert sum(careful["lengths"][FIELDS[0]]["counts"]) == 9
    chooser = next(one for one in contest["systems"] if one["label"] == "chooser")
    assert chooser["shares"] == {"careful": 10, "careless": 8}
    assert len(contest["comparisons"]) == len(LABELS) - 1


@pytest.mark.parametrize(("build", "more"), [("public", ()), ("private", ("--private",))])
def test_the_same_runs_give_the_same_bytes(home: Path, build: str, more: tuple[str, ...]) -> None:
    def contents() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (home / build).rglob("*") if path.is_file()}

    before = contents()
    report(build, *more)
    assert contents() == before


def test_a_case_holds_its_texts_scores_and_inventions(home: Path) -> None:
    pages = home / "private" / "cases-0"
    about, index = script(pages / "index.js")
    _, cases = script(pages / "chunk-0.js")
    assert len(index["ids"]) == 9 == len(cases)  # type: ignore[index, arg-type]
    case, careless = cases[0], about["systems"].index("careless")  # type: ignore[index]
    field = case["fields"][0]
    one = field["systems"][careless]
    inventions = {one["text"][start:end] for start, end, _, wanted in one["claims"] if not wanted}
    assert {"Warfarin", "7.5 mg", "3/4/2031"} <= inventions
    stay = next(iter(open_corpus(home / "ward", TASK, SPLIT).stays(SPLIT, {case["id"]})))
    assert stay.targets is not None
    assert field["reference"] == stay.targets[FIELDS[0]]
    matched, _ = field["systems"][about["systems"].index("copyist")]["concepts"]  # type: ignore[index]
    assert len(matched) > len(field["concepts"]) / 2
    assert index["scores"][0][careless] < 1  # type: ignore[index]
    assert case["parts"]


def test_all_texts_of_a_case_are_asked_for_drugs_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not yet kept is written in one transaction a case, not in one a text."""
    asked: list[int] = []
    concepts = KeepingMatcher.concepts

    def counted(matcher: KeepingMatcher, texts: Sequence[str]) -> list[Concepts]:
        asked.append(len(texts))
        return concepts(matcher, texts)

    monkeypatch.setattr(KeepingMatcher, "concepts", counted)
    report("counted", "--private")
    assert len(asked) == 9
    assert min(asked) > len(LABELS)
    cases = (Path("cases-0") / "chunk-0.js", Path("cases-0") / "index.js")
    assert all((home / "counted" / one).read_bytes() == (home / "private" / one).read_bytes() for one in cases)


NOWHERE = """
from dataclasses import dataclass
from harness import scorer
from harness.errors import AssetError

@scorer("nowhere")
@dataclass(frozen=True)
class Nowhere:
    columns = ("nowhere",)
    def open(self, context):
        raise AssetError("there is no model", todo="fetch it")
    def measure(self, pairs): ...
    def worst(self, column): ...
    def signature(self, column): ...
"""


def imported(home: Path, label: str, *scorers: str) -> None:
    text = home / RUNS / label / "submission.csv"
    assert main(["import", str(text), "--as", label, "--data", str(home / "ward"), "--scorers", *scorers]) == 0


def test_runs_of_unlike_scorers_have_their_cases_side_by_side(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    imported(home, "careful", "rouge")
    imported(home, "careless", "bleu")
    report("page", "--private")
    about, index = script(tmp_path / "page" / "cases-0" / "index.js")
    _, (case, *_) = script(tmp_path / "page" / "cases-0" / "chunk-0.js")  # type: ignore[misc]
    assert about["systems"] == ["careful", "careless"]  # type: ignore[index]
    assert about["score"] == "bleu"  # type: ignore[index]
    assert all(careful is None and 0 < careless < 1 for careful, careless in index["scores"])  # type: ignore[index]
    careful, careless = ([score is None for score in one["scores"]] for one in case["fields"][0]["systems"])
    assert careful == [not one for one in careless]


def test_cases_of_a_board_without_a_column_are_refused(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nowhere.py").write_text(NOWHERE)
    imported(home, "careful", "nowhere", "--plugin", "nowhere.py")
    assert fails(capsys, "--out", "page", "--private") == (
        f"harness: {TASK.title}, ward, {SPLIT}: every column is n/a, and cases are listed by one\n"
        "  -> score the runs again with scorers that this machine has (--scorers), or leave out --private\n"
    )
    assert not (tmp_path / "page").exists()
    report("page")


def test_a_report_is_written_anew_where_one_stands_also_from_within(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = shutil.copytree(home / "public", tmp_path / "page")
    before = (page / "index.html").read_bytes()
    (page / "index.html").write_bytes(b"")
    monkeypatch.chdir(page)
    assert main(["leaderboard", str(home / "submissions"), "--format", "html", "--out", "."]) == 0
    assert (page / "index.html").read_bytes() == before


def test_words_lead_to_their_cases(home: Path) -> None:
    _, found = script(home / "private" / "cases-0" / "words-77-61.js")
    assert found["warfarin"] == [0, *[1] * 8]  # type: ignore[index]


# --------------------------------------------------------------------------- what is not in it


WORD = re.compile(r"[^\W\d_]{4,}")
TOKEN = re.compile(r"\w+")


def words_of(texts: list[str]) -> set[str]:
    return {word for text in texts for word in WORD.findall(text.lower())}


def texts_in(folder: Path) -> list[str]:
    """Every file as text, what JSON escapes included."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()]
    return [re.sub(r"\\u([0-9a-f]{4})", lambda code: chr(int(code[1], 16)), text) for text in texts]


def runs_of_five(texts: list[str]) -> set[tuple[str, ...]]:
    cut = [TOKEN.findall(text.lower()) for text in texts]
    return {tuple(words[at : at + 5]) for words in cut for at in range(len(words) - 4)}


def leaked(folder: Path, own_page: Path, texts: list[str], ids: set[str], concepts: set[str]) -> set[str]:
    """What of a corpus a report has that neither our own page, made without that corpus, nor our notes below a board
    have: which of these stand there depends on the scores."""
    found, own = texts_in(folder), [*texts_in(own_page), Path(notes.__file__).read_text(encoding="utf-8")]
    tokens = {token for text in found for token in TOKEN.findall(text)}
    page, ours = ("\n".join(some).lower() for some in (found, own))
    return {
        *((words_of(found) - words_of(own)) & words_of(texts)),
        *(" ".join(run) for run in runs_of_five(found) & runs_of_five(texts)),
        *(tokens & ids),
        *(one for one in concepts if one not in ours and re.search(rf"(?<!\w){re.escape(one)}(?!\w)", page)),
    }


@needs_shared
def test_a_public_report_of_real_summaries_holds_nothing_of_them(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness import open_matcher, place

    real = tmp_path / "ward"  # the same name as our own page has
    shutil.copytree(SHARED / "data" / "discharge-real", real)
    marking = real / "corpus.toml"
    marking.write_text('name = "ward"\n')  # not public: the strictest case
    monkeypatch.chdir(tmp_path)
    make_runs(real)
    report("public")
    corpus = open_corpus(real, TASK, SPLIT)
    stays = [stay for split in corpus.splits() for stay in corpus.stays(split)]
    texts = [text for stay in stays for text in (stay.document, *(stay.targets or {}).values())]
    texts += [path.read_text() for path in tmp_path.glob("submissions/**/submission.csv")]
    ids = {id for stay in stays for id in (stay.id, stay.group)}
    matcher = open_matcher("open", place, tmp_path)
    concepts = {term for found in matcher.concepts(texts) for term in found}
    assert len(texts) > 100
    assert len(concepts) > 300
    public = tmp_path / "public"
    assert leaked(public, home / "public", texts, ids, concepts) == set()
    assert oct(public.stat().st_mode)[-3:] == "755"

    lines = texts[1].split()
    run = " ".join(lines[5:10])
    word = max(words_of(texts) - words_of(texts_in(home / "public")), key=len)
    term = max(concepts, key=lambda one: (" " in one, len(one)))
    for planted in (run, word, stays[0].id, stays[0].group, term):
        page = shutil.copytree(public, tmp_path / "planted", dirs_exist_ok=True)
        (page / "data.js").write_text(f'{(public / "data.js").read_text()}// "{planted}"\n')
        assert leaked(page, home / "public", texts, ids, concepts), planted

    report("submissions/report", "--private")
    mark = read_mark(tmp_path / "submissions" / "report")
    assert mark is not None
    assert mark["data"] == [str(real)]
    assert main(["purge", "--data", str(real), "--yes"]) == 0
    assert not (tmp_path / "submissions" / "report").exists()
    assert (public / "index.html").exists()


def test_a_public_report_opens_no_text(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be made where neither the texts nor the corpus are."""
    for label in LABELS:
        (tmp_path / label).mkdir()
        for name in ("scores.json", "cases.npz", "usage.json", "manifest.json"):
            shutil.copy(home / RUNS / label / name, tmp_path / label)
    report(str(tmp_path / "page"), str(tmp_path))
    assert (tmp_path / "page" / "data.js").read_bytes() == (home / "public" / "data.js").read_bytes()


# --------------------------------------------------------------------------- how it looks


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2) of #rrggbb."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_figures_on_coloured_slices_can_be_read_in_light_and_in_dark(home: Path) -> None:
    style = (home / "public" / "report.css").read_text()
    light, dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    for theme in (light, dark):
        colours = dict(re.findall(r"--([\w-]+): (#\w{6});", theme))
        for hue in (f"hue-{at}" for at in range(8)):
            low, high = sorted(luminance(colours[one]) for one in ("paper", hue))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (hue, colours[hue])


# --------------------------------------------------------------------------- where it lies


def test_a_private_report_is_private(home: Path) -> None:
    private = home / "private"
    assert oct(private.stat().st_mode)[-3:] == "700"
    assert (private / ".gitignore").read_text() == "*\n"
    mark = read_mark(private)
    assert mark is not None
    assert mark["private"]
    assert mark["data"] == [str((home / "ward").resolve())]
    assert not {path.name for path in (home / "public").iterdir()} & {"cases.js", "cases.html", "cases-0"}
    assert read_mark(home / "public") == {"report": 1, "private": False, "data": []}


def test_purge_takes_private_reports_and_leaves_public_ones(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("ward", "workspace", "submissions"):
        shutil.copytree(home / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(home / "private", tmp_path / "submissions" / "report")
    shutil.copytree(home / "private", tmp_path / "elsewhere" / "report")
    shutil.copytree(home / "public", tmp_path / "submissions" / "page")
    asked = ["purge", "--data", str(home / "ward"), "--yes"]
    assert main([*asked, "--out", "elsewhere/report"]) == 0
    assert "elsewhere/report" in capsys.readouterr().out
    assert not (tmp_path / "elsewhere" / "report").exists()
    assert main(asked) == 0
    assert not (tmp_path / "submissions" / "report").exists()
    assert (tmp_path / "submissions" / "page" / "index.html").exists()


def test_what_a_killed_private_report_left_is_found_by_purge_and_cleared_away_by_the_next(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    out, half = tmp_path / "page", tmp_path / ".page.half"
    with monkeypatch.context() as kill:
        kill.setattr(build, "write_cases", killed)
        kill.setattr(shutil, "rmtree", lambda *_, **__: None)  # nobody tidies up after a kill
        assert fails(capsys, "--out", str(out), "--private").startswith("\nharness: stopped")
    assert [*tmp_path.iterdir()] == [half]
    (half / "cases-0").mkdir()
    assert main(["purge", "--data", "ward", "--out", str(out)]) == 0
    assert f"MB  {half}\n" in capsys.readouterr().out
    with locked(half / ".lock", "it"):
        assert f"the report {out} is in use by another process\n" in fails(capsys, "--out", str(out))
    report(str(out))
    assert [*tmp_path.iterdir()] == [out]
    assert {path.name for path in out.iterdir()} == {path.name for path in (home / "public").iterdir()}


def test_what_is_not_ours_is_not_overwritten(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("")
    said = fails(capsys, "--out", str(tmp_path / "thesis"))
    assert f"{tmp_path / 'thesis'} is there and holds no report" in said
    assert (tmp_path / "thesis" / "chapter.tex").exists()
    said = fails(capsys, "--out", "private")
    assert "private holds a private report, with texts\n  -> name another folder for the public one" in said
    assert main(["leaderboard", "--private"]) == 2
    assert "--private is a report with texts\n  -> write --format html" in capsys.readouterr().err
    assert "a report is a folder\n  -> say where it is to lie: --out FOLDER" in fails(capsys)


def test_texts_that_are_gone_and_data_that_changed(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(home / "submissions", tmp_path / "submissions")
    (tmp_path / "submissions/discharge-me/ward/test_phase_1/careful/submission.csv").unlink()
    said = fails(capsys, str(tmp_path / "submissions"), "--out", str(tmp_path / "page"), "--private")
    assert "the texts of 'careful' are not in " in said
    assert not (tmp_path / "page").exists()
    assert [*tmp_path.iterdir()] == [tmp_path / "submissions"]


# --------------------------------------------------------------------------- claims


def keys(text: str) -> list[str]:
    return [claim.key for claim in Reader().claims(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("aspirin 81 mg daily, 81mg and 81.0 milligrams", ["81 mg", "81 mg", "81 mg"]),
        ("1,000 mg of it, 2.5 mcg/hr, 2.5 ug / hour", ["1000 mg", "2.5 mcg/h", "2.5 mcg/h"]),
        ("10 units, 10 IU, 5 ml, 5 cc, 50 %", ["10 unit", "10 unit", "5 ml", "5 ml", "50 %"]),
        ("on 3/4/2019, March 4, 2019, 4 Mar 2019, 2019-03-04", ["3/4/19"] * 4),
        ("March 4th and 13/13/2019 and room 12 mgmt", ["3/4"]),
        ("", []),
    ],
)
def test_claims_are_read_into_keys(text: str, found: list[str]) -> None:
    assert keys(text) == found


def test_what_the_input_does_not_contain() -> None:
    def drugs(text: str) -> dict[str, tuple[str, ...]]:
        return {name: (name,) for name in ("warfarin", "aspirin") if name in text.lower()}

    reader = Reader(lambda texts: list(map(drugs, texts)))
    known = known_keys(reader.claims("Aspirin 81 mg since 3/4/2019"))
    claims = reader.claims("Warfarin 5 mg, aspirin 81mg from March 4; WARFARIN again")
    assert [(one.kind, one.key) for one in unsupported(claims, known)] == [
        ("drug", "warfarin"),
        ("dose", "5 mg"),
        ("drug", "warfarin"),
    ]


def test_a_name_of_several_substances_is_known_if_one_is() -> None:
    claims = [Claim("drug", "a", 0, 5), Claim("drug", "b", 0, 5)]
    assert unsupported(claims, {"b"}) == []
    assert unsupported(claims, {"c"}) == [claims[0]]


@given(st.text(alphabet="ab 12/mg.,-\n", max_size=60))
def test_every_claim_stands_where_it_says(text: str) -> None:
    for claim in Reader().claims(text):
        assert 0 <= claim.start < claim.end <= len(text)
        assert keys(text[claim.start : claim.end]) == [claim.key]


def test_names_are_found_across_line_breaks_and_not_within_words() -> None:
    assert places("folic acid", searchable("Folic\n  acid, folic acids")) == [(0, 12)]


def test_names_are_found_however_their_characters_are_written() -> None:
    """As the matcher finds them, or a drug of the chart would be told as one that is not in it."""
    assert places("cat's claw", searchable("Cat’s claw, cat's\xa0claw, cats claw")) == [(0, 10), (12, 22)]
    assert places("fluoxetine", searchable("½ of \ufb02uoxetine")) == [(5, 14)]
    assert places("vitamin b12", searchable("Vitamin B₁₂.")) == [(0, 11)]


# --------------------------------------------------------------------------- lengths


@given(st.lists(st.integers(1, 3_000), min_size=1), st.lists(st.lists(st.integers(1, 3_000), min_size=1), max_size=4))
def test_every_text_is_in_a_bin(references: list[int], systems: list[list[int]]) -> None:
    width = bin_width(references, systems)
    for sample in (references, *systems):
        found = lengths(sample, width)
        assert found is not None
        assert sum(found.counts) == len(sample)
        assert len(found.counts) == BINS
        assert found.low <= found.median <= found.high


def test_one_system_that_goes_on_does_not_press_the_others_into_a_corner() -> None:
    usual = [100, 120, 140]
    assert bin_width(usual, [usual, usual, [9_000]]) == bin_width(usual, [usual, usual, usual])
    assert lengths([], 5) is None
