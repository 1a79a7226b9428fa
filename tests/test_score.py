"""Pairs -> statistics -> card: who is at fault, what is counted, what is written."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest

from harness import Pair, scorecard
from harness.aggregate import mean_over_columns, mean_over_fields
from harness.errors import AssetError, CannotJudge, PluginError, ScoreError, SettingsError
from harness.files import digest_bytes
from harness.lineup import DEFAULT_LINEUP, read_lineup
from harness.nlp.networks import TO_FIT
from harness.panel import Choice, OpenScorer, ScorerContext, choose, open_scorers
from harness.plugins import registry
from harness.score import Measured, Stats, ids_digest, score
from harness.scorecard import make_card, read_card, read_stats, variants_in, write_cards
from harness.types import ColumnScore, Reference, ScoreCard, Submission
from tests.full import MEMORY
from tests.toys import MANIFEST, TASK, WORDS, Words, scoring_with

TEXTS = {
    # id: reference of course, of advice, hypothesis of course, of advice
    "10": ("one two", "NA", "one two three", "NA"),
    "9": ("one", "rest", "one two", ""),
    "100": ("one two three", " \n", "one", "drink"),
    "11": ("x", "walk", "x y z w", "\t\n"),
}
REFERENCES = {i: Reference(i, f"s{i}", {"course": c, "advice": a}) for i, (c, a, _, _) in TEXTS.items()}
SUBMISSION = Submission("toy", {i: {"course": c, "advice": a} for i, (_, _, c, a) in TEXTS.items()})


def scored(
    *scorers: OpenScorer, submission: Submission = SUBMISSION, references: Mapping[str, Reference] = REFERENCES
) -> tuple[ScoreCard, Stats]:
    measured = judged(*scorers, submission=submission, references=references)
    return make_card(measured, MANIFEST, TASK, "corrected"), measured.stats


def judged(
    *scorers: OpenScorer, submission: Submission = SUBMISSION, references: Mapping[str, Reference] = REFERENCES
) -> Measured:
    with TemporaryDirectory() as folder, scoring_with(scorers, Path(folder)) as scoring:
        return score(submission, references.values(), TASK, scoring, "salt", len(references))


def broken(measure: Callable[[Any, Any], Any]) -> OpenScorer:
    return OpenScorer("words", Words.columns, type("Broken", (Words,), {"measure": measure})())


# --------------------------------------------------------------------------- who is at fault


def test_values_are_means_over_cases_and_faults_are_counted() -> None:
    card, _ = scored(WORDS)
    assert card.scores == {
        "words": {
            "course": ColumnScore(value=(2 + 3 + 4 + 1) / 4, n=4, failed=0, excluded=0),
            "advice": ColumnScore(value=(-1 + 1 - 1) / 3, n=3, failed=2, excluded=1),
        },
        "share": {
            "course": ColumnScore(value=(2 / 1 + 3 / 2 + 4 / 1 + 1 / 3) / 4, n=4, failed=0, excluded=0),
            "advice": ColumnScore(value=(0 + 1 + 0) / 3, n=3, failed=2, excluded=1),
        },
    }


def test_a_system_never_gains_by_failing() -> None:
    whole, _ = scored(WORDS)
    for lost in (Submission("toy", {}), Submission("toy", {i: {} for i in TEXTS})):
        card, stats = scored(WORDS, submission=lost)
        assert card.scores["words"] == {
            "course": ColumnScore(-1.0, n=4, failed=4, excluded=0),
            "advice": ColumnScore(-1.0, n=3, failed=3, excluded=1),
        }
        assert stats.failed.sum() == 7
        assert mean_over_fields(card.scores["share"]) < mean_over_fields(whole.scores["share"])


def test_a_case_without_reference_is_out_whatever_was_handed_in() -> None:
    """Case 100 has no reference for the advice: neither a text nor none makes a difference there."""
    rows = {**SUBMISSION.rows, "100": {"course": "one", "advice": ""}}
    assert scored(WORDS)[0] == scored(WORDS, submission=Submission("toy", rows))[0]


def test_a_scorer_meets_no_empty_text() -> None:
    met: list[Pair] = []

    def measure(self: Any, pairs: Any) -> Any:
        met.extend(pairs)
        return Words.measure(self, pairs)

    scored(broken(measure))
    assert {(p.case, p.group, p.field) for p in met} == {
        ("9", "s9", "course"),
        ("10", "s10", "course"),
        ("11", "s11", "course"),
        ("100", "s100", "course"),
        ("10", "s10", "advice"),
    }
    assert all(p.reference.strip() and p.hypothesis.strip() for p in met)


def test_a_field_without_any_reference_has_no_value_and_no_mean() -> None:
    references = {i: replace(r, values={"course": r.values["course"], "advice": ""}) for i, r in REFERENCES.items()}
    card, _ = scored(WORDS, references=references)
    advice = card.scores["words"]["advice"]  # type: ignore[index]
    assert math.isnan(advice.value)
    assert (advice.n, advice.failed, advice.excluded) == (0, 0, 4)
    assert mean_over_fields(card.scores["words"]) is None


def test_a_column_without_its_asset_is_not_available() -> None:
    absent = OpenScorer("bertscore", ("bertscore",), None, {"bertscore": "the encoder is missing"})
    card, stats = scored(WORDS, absent)
    assert card.scores["bertscore"] is None
    assert "bertscore" not in card.signatures
    assert stats.columns == ("words", "share")
    assert mean_over_fields(card.scores["bertscore"]) is None


def test_without_any_asset_there_is_a_card_that_says_so() -> None:
    card, stats = scored(OpenScorer("bertscore", ("bertscore",), None, {"bertscore": "the encoder is missing"}))
    assert card.scores == {"bertscore": None}
    assert (stats.columns, stats.values.shape, stats.refused.dtype) == ((), (2, 4, 0), np.uint16)
    assert stats.failed.sum() == 2


def test_no_reference_at_all_is_an_error() -> None:
    with pytest.raises(ScoreError) as error:
        scored(WORDS, references={})
    assert str(error.value) == ("there is no reference to score against\n  -> choose a split that has its targets")


def test_means_are_whole_or_absent() -> None:
    values = {"a": 0.25, "b": 0.75, "c": None}
    assert mean_over_columns(values, ("a", "b")) == 0.5
    assert mean_over_columns(values, ("a", "c")) is None
    assert mean_over_columns(values, ("a", "unheard")) is None
    assert mean_over_columns(values, ()) is None
    assert mean_over_fields({"x": ColumnScore(1, 1, 0, 0), "y": ColumnScore(0, 9, 0, 0)}) == 0.5


# --------------------------------------------------------------------------- statistics and digests


def test_statistics_hold_every_case_under_a_salted_name() -> None:
    _, stats = scored(WORDS)
    order = ("9", "10", "11", "100")  # as numbers
    assert stats.ids == tuple(digest_bytes(f"salt{i}".encode())[:16] for i in order)
    assert stats.groups == tuple(digest_bytes(f"salts{i}".encode())[:16] for i in order)
    assert (stats.fields, stats.columns) == (("course", "advice"), ("words", "share"))
    nan = math.nan
    np.testing.assert_array_equal(stats.values[:, :, 0], [[2, 3, 4, 1], [-1, 1, -1, nan]])
    np.testing.assert_array_equal(stats.failed, [[False] * 4, [True, False, True, False]])


def test_the_order_of_files_and_batches_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    card, stats = scored(WORDS)
    monkeypatch.setattr("harness.score.CHUNK", 3)
    turned = Submission("toy", dict(reversed(SUBMISSION.rows.items())))
    card2, stats2 = scored(replace(WORDS, batch=2), submission=turned, references=dict(sorted(REFERENCES.items())))
    assert card2 == card
    np.testing.assert_array_equal(stats2.values, stats.values)


def test_digests_tell_cases_and_references_apart() -> None:
    card, _ = scored(WORDS)
    assert card.ids_digest == ids_digest(["100", "11", "9", "10"]) == digest_bytes(b"9\n10\n11\n100")
    fewer, _ = scored(WORDS, references={i: REFERENCES[i] for i in ("9", "10")})
    assert fewer.ids_digest != card.ids_digest
    other = {**REFERENCES, "9": replace(REFERENCES["9"], values={"course": "one", "advice": "rest."})}
    changed, _ = scored(WORDS, references=other)
    assert changed.ids_digest == card.ids_digest
    assert changed.reference_digest != card.reference_digest


def test_the_signature_names_the_variant() -> None:
    card, _ = scored(WORDS)
    assert str(card.signatures["share"]) == "metric:share|variant:corrected|version:1"
    assert card.signatures["share"].environment == {"numpy": "2"}


# --------------------------------------------------------------------------- scorers that fail


def _fails_on(case: str, fault: Any) -> OpenScorer:
    def measure(self: Any, pairs: Any) -> Any:
        return (
            fault(self, pairs)
            if any((p.case, p.field) == (case, "course") for p in pairs)
            else (Words.measure(self, pairs))
        )

    return broken(measure)


def _raises(self: Any, pairs: Any) -> Any:
    raise LookupError("one two three is the patient's text")


def _nan(self: Any, pairs: Any) -> Any:
    return np.where([[p.case == "11"] for p in pairs], math.nan, Words.measure(self, pairs))


def _short(self: Any, pairs: Any) -> Any:
    return Words.measure(self, pairs)[1:]


@pytest.mark.parametrize("case", ["9", "11", "100"])
def test_a_scorer_that_raises_is_named_with_the_case_and_without_its_text(case: str) -> None:
    with pytest.raises(ScoreError) as error:
        scored(_fails_on(case, _raises))
    line = _raises.__code__.co_firstlineno + 1
    assert str(error.value) == (
        f"the scorer 'words' failed: LookupError in test_score.py, line {line}, on case {case}, course\n"
        "  -> mend it, or name the others: --scorers a,b"
    )
    assert error.value.__suppress_context__
    assert error.value.__cause__ is None


def _exits(self: Any, pairs: Any) -> Any:
    sys.exit("one two three is the patient's text")


def test_a_scorer_that_exits_is_named_with_the_code_and_without_its_text() -> None:
    with pytest.raises(ScoreError) as error:
        scored(_fails_on("11", _exits))
    line = _exits.__code__.co_firstlineno + 1
    assert error.value.what == (
        f"the scorer 'words' failed: SystemExit, exit code 1 in test_score.py, line {line}, on case 11, course"
    )


def test_a_scorer_that_returns_nan_is_named_with_the_case() -> None:
    with pytest.raises(ScoreError, match=r"'words' returned a value that is not a finite number, on case 11, course"):
        scored(broken(_nan))


def test_a_scorer_that_returns_too_few_rows_is_named() -> None:
    with pytest.raises(ScoreError) as error:
        scored(_fails_on("10", _short))
    assert error.value.what == (
        "the scorer 'words' returned an array of shape (4, 2) where (5, 2) (pairs, columns) was due, on case 10, course"
    )


def test_a_scorer_that_fails_on_no_pair_alone_is_named_all_the_same() -> None:
    def measure(self: Any, pairs: Any) -> Any:
        return _raises(self, pairs) if len(pairs) > 1 else Words.measure(self, pairs)

    with pytest.raises(ScoreError, match=r"test_score.py, line \d+, on 5 pairs at once, on none alone"):
        scored(broken(measure))


def test_a_full_disk_is_not_laid_at_the_scorer_that_measures() -> None:
    def measure(self: Any, pairs: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OSError, match="No space"):
        scored(broken(measure))


@pytest.mark.parametrize("error", MEMORY)
def test_a_full_memory_is_not_laid_at_the_scorer_that_measures(error: Exception) -> None:
    def measure(self: Any, pairs: Any) -> Any:
        raise error

    with pytest.raises(ScoreError) as caught:
        scored(broken(measure))
    assert str(caught.value) == (
        "the scorer 'words' ran out of memory on 5 pairs\n  -> make room (`nvidia-smi` says who is on a card), lower "
        '--jobs, or, where a card is full, write device = "cpu" under [scorers.NAME] in the lineup'
    )


def test_a_worst_value_must_count_in_the_mean() -> None:
    class Lenient(Words):
        def worst(self, column: str) -> float:
            return math.nan

    with pytest.raises(ScoreError) as error:
        scored(OpenScorer("words", Words.columns, Lenient()))
    assert str(error.value) == (
        "the scorer 'words' gives a failed text [nan, nan] in its columns words, share\n"
        "  -> let `worst` return a finite number: a failed text counts in the mean"
    )


@pytest.mark.parametrize("worst", [None, "0", np.zeros(2)])
def test_a_worst_value_is_a_number(worst: Any) -> None:
    class Lenient(Words):
        def worst(self, column: str) -> Any:
            return worst

    with pytest.raises(PluginError) as error:
        scored(OpenScorer("words", Words.columns, Lenient()))
    assert str(error.value) == (
        f"the scorer 'words' gives a failed text {type(worst).__name__} in its column words\n"
        "  -> let `worst` return a finite number: a failed text counts in the mean"
    )


@pytest.mark.parametrize("signature", [None, "v1", {"metric": "words"}])
def test_what_a_scorer_signs_with_is_a_signature(signature: Any) -> None:
    class Careless(Words):
        def signature(self, column: str) -> Any:
            return signature

    with pytest.raises(PluginError) as error:
        scored(OpenScorer("words", Words.columns, Careless()))
    assert str(error.value) == (
        f"the scorer 'words' signs its column words with {type(signature).__name__}\n"
        "  -> let `signature` return a harness.Signature"
    )


@pytest.mark.parametrize(
    ("method", "message"),
    [
        ("worst", "failed to say the worst of its column words: LookupError in test_score.py, line {line}"),
        ("signature", "failed to sign its column words: LookupError in test_score.py, line {line}"),
    ],
)
def test_a_scorer_that_fails_to_say_what_it_is_is_named(method: str, message: str) -> None:
    def fails(self: Any, column: str) -> Any:
        raise LookupError("one two three is the patient's text")

    whose = type("Careless", (Words,), {method: fails})
    with pytest.raises(PluginError) as error:
        scored(OpenScorer("words", Words.columns, whose()))
    assert error.value.what == f"the scorer 'words' {message.format(line=fails.__code__.co_firstlineno + 1)}"


def test_a_refusal_that_names_its_pair_by_no_index_is_an_error() -> None:
    def measure(self: Any, pairs: Any) -> Any:
        raise CannotJudge("too long", at=pairs[0].hypothesis)

    with pytest.raises(ScoreError) as error:
        scored(broken(measure))
    assert str(error.value) == (
        "the scorer 'words' names the text that it refuses by str\n  -> raise CannotJudge(reason, at=index of the pair)"
    )


# --------------------------------------------------------------------------- opening scorers


def _no_encoder() -> Any:
    raise AssetError("the encoder is not here", todo="harness assets fetch encoder")


def opened(folder: Path, text: str, *names: str, **settings: Any) -> tuple[OpenScorer, ...]:
    path = folder / "mine.py"
    path.write_text("from dataclasses import dataclass\nfrom harness import Pair, scorer\n\n" + text)
    found = registry([path])
    context = ScorerContext(TASK.language, folder, load_encoder=_no_encoder)
    return open_scorers([Choice(found.entry("scorer", name), settings, "f.toml") for name in names], context)


SHORT = """
@scorer("length", worst=-5)
def length(pair: Pair) -> float:
    return len(pair.hypothesis) / len(pair.reference)
"""
LONG = """
@scorer("semantic")
@dataclass(frozen=True)
class Semantic:
    columns = ("semantic",)
    def open(self, context):
        %s
"""


def test_a_function_is_a_scorer(tmp_path: Path) -> None:
    (length,) = opened(tmp_path, SHORT, "length")
    card, _ = scored(length)
    by_field = card.scores["length"]
    assert by_field is not None
    assert by_field["advice"] == ColumnScore((-5 + 1 - 5) / 3, n=3, failed=2, excluded=1)
    source = digest_bytes((tmp_path / "mine.py").read_bytes())[:16]
    assert str(card.signatures["length"]) == f"metric:length|source:{source}|variant:corrected"


def test_an_edited_function_is_another_measure(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (first,) = opened(tmp_path / "a", SHORT, "length")
    (second,) = opened(tmp_path / "b", SHORT + "# edited\n", "length")
    assert scored(first)[0].signatures != scored(second)[0].signatures


@pytest.mark.parametrize(
    ("value", "kind"),
    [("pair.reference", "str"), ("'0.5'", "str"), ("{'f1': 0.5}", "dict"), ("None", "NoneType"), ("(1, 2)", "tuple")],
)
def test_a_function_that_returns_no_number_is_an_error(tmp_path: Path, value: str, kind: str) -> None:
    (bad,) = opened(tmp_path, f'@scorer("bad")\ndef bad(pair: Pair) -> float:\n    return {value}\n', "bad")
    with pytest.raises(ScoreError) as error:
        scored(bad)
    assert str(error.value) == (
        f"the scorer 'bad' returned {kind} for case 10, course, where a float is due\n"
        "  -> let it return one number, or name the others: --scorers a,b"
    )


@pytest.mark.parametrize("value", ["1", "True", "Decimal('1')", "np.float32(1)", "np.array(1)"])
def test_what_becomes_a_number_is_one(tmp_path: Path, value: str) -> None:
    text = f'@scorer("good")\ndef good(pair: Pair) -> float:\n    return {value}\n'
    (good,) = opened(tmp_path, f"from decimal import Decimal\nimport numpy as np\n{text}", "good")
    assert scored(good)[0].scores["good"]["advice"].value == pytest.approx(1 / 3)


def test_a_missing_asset_is_reported_and_leaves_the_rest(tmp_path: Path) -> None:
    semantic, length = opened(tmp_path, SHORT + LONG % "context.encoder", "semantic", "length")
    assert semantic == OpenScorer(
        "semantic", ("semantic",), None, {"semantic": "the encoder is not here\n  -> harness assets fetch encoder"}
    )
    card, _ = scored(semantic, length)
    assert [column for column, by_field in card.scores.items() if by_field is None] == ["semantic"]


def test_a_scorer_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as error:
        opened(tmp_path, LONG % "1 / 0", "semantic")
    assert str(error.value) == (
        f"the scorer 'semantic' ({tmp_path / 'mine.py'}) cannot be opened: ZeroDivisionError in mine.py, line 10\n"
        "  -> mend the file"
    )


SETTLED = """
@scorer("settled")
@dataclass(frozen=True)
class Settled:
    width: int = 1
    def __post_init__(self):
        raise TypeError("Mr Smith has no width")
"""


def test_a_scorer_that_cannot_take_its_settings_is_named(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as error:
        opened(tmp_path, SETTLED, "settled")
    assert str(error.value) == (
        f"the scorer 'settled' ({tmp_path / 'mine.py'}) cannot take its settings: TypeError in mine.py, line 10\n"
        "  -> mend the file"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            LONG % "pass",
            "opens with NoneType, which has no columns, measure, worst, signature\n"
            '  -> give it columns = ("NAME",), measure(pairs), worst(column), signature(column): see docs/plugins.md',
        ),
        (
            LONG % "return self\n    def measure(self, pairs):\n        pass",
            "opens with Semantic, which has no worst, signature\n"
            "  -> give it worst(column), signature(column): see docs/plugins.md",
        ),
        (
            (LONG % "pass").replace('("semantic",)', '("semantic")'),
            'has no columns\n  -> give it columns = ("NAME",): see docs/plugins.md',
        ),
        (
            (LONG % "pass").replace("def open", "def start"),
            "has no open\n  -> give it open(context): see docs/plugins.md",
        ),
    ],
)
def test_what_a_scorer_lacks_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PluginError) as error:
        opened(tmp_path, text, "semantic")
    assert str(error.value) == f"the scorer 'semantic' ({tmp_path / 'mine.py'}) {message}"


def test_a_folder_that_cannot_be_made_is_not_laid_at_the_scorer(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    choice = Choice(registry().entry("scorer", "bleu"))
    with pytest.raises(NotADirectoryError):
        open_scorers([choice], ScorerContext(TASK.language, tmp_path / "file"))


def test_a_full_disk_is_not_laid_at_the_scorer_that_opens(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        opened(tmp_path, LONG % f"raise OSError({errno.ENOSPC}, 'No space left on device')", "semantic")


def test_a_full_memory_is_not_laid_at_the_scorer_that_opens(tmp_path: Path) -> None:
    with pytest.raises(ScoreError) as caught:
        opened(tmp_path, LONG % """raise RuntimeError("DefaultCPUAllocator: can't allocate memory")""", "semantic")
    assert str(caught.value) == f"the scorer 'semantic' ran out of memory while it was opened\n  -> {TO_FIT}"


SET = """
@scorer("set")
@dataclass(frozen=True)
class Set:
    width: int = 2
    columns = ("set",)
    def open(self, context):
        found = context.beside("ledger.jsonl").read_text() if self.width == 9 else context.work.name
        raise LookupError if found != "set" or self.width != 3 else context.asset("bart-large")
"""


def test_a_scorer_takes_the_settings_of_the_lineup(tmp_path: Path) -> None:
    """It sees its setting, a folder of its own, the assets, and what the corpus keeps beside its tables."""
    (one,) = opened(tmp_path, SET, "set", width=3)
    assert one.lack.startswith("there is no asset 'bart-large'")
    assert oct((tmp_path / "set").stat().st_mode & 0o777) == "0o700"
    (one,) = opened(tmp_path, SET, "set", width=9)
    assert one.lack.startswith("the corpus keeps no ledger.jsonl beside the tables of this split\n")
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "ledger.jsonl").write_text("{}")
    context = ScorerContext("en", tmp_path, tmp_path / "test")
    assert context.beside("ledger.jsonl").read_text() == "{}"
    with pytest.raises(AssetError, match=r"^the corpus keeps no facts.csv beside the tables of test\n"):
        context.beside("facts.csv")


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        (SET, {"width": "wide"}, "f.toml: width: takes int, not 'wide'\n  -> correct it in the lineup or after --set"),
        (SET, {"widht": 3}, "f.toml: there is no setting 'widht'\n  -> did you mean width?"),
        (SHORT, {"width": 3}, "f.toml: the scorer 'length' is a function and takes no settings\n  -> leave out width"),
    ],
)
def test_a_setting_that_a_scorer_does_not_take_is_named(
    tmp_path: Path, text: str, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(SettingsError) as error:
        opened(tmp_path, text, "set" if text is SET else "length", **settings)
    assert str(error.value) == message


def test_a_scorer_that_is_a_plain_class_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as error:
        opened(tmp_path, '@scorer("plain")\nclass Plain:\n    columns = ("plain",)\n', "plain")
    assert str(error.value) == (
        f"{tmp_path / 'mine.py'}: the scorer 'plain' is a class but no dataclass\n"
        "  -> put @dataclass(frozen=True) under its decorator"
    )


def test_two_scorers_cannot_fill_one_column(tmp_path: Path) -> None:
    with pytest.raises(PluginError) as error:
        opened(tmp_path, '@scorer("semantic2")\n@dataclass(frozen=True)\nclass Other:\n    columns = ("rouge1",)\n'
               '    measure = worst = signature = print\n    def open(self, context):\n        return self\n',
               "semantic2", "rouge")  # fmt: skip
    assert str(error.value) == (
        "the scorers 'semantic2' and 'rouge' both fill the column 'rouge1'\n  -> leave one of them out: --scorers"
    )


def test_no_scorer_fills_a_column_that_is_called_as_a_mean_of_the_task(tmp_path: Path) -> None:
    """The board would show the mean in its place, with the interval of the scorer's column."""
    file = tmp_path / "mine.py"
    file.write_text('from harness import scorer\n\n\n@scorer("overlap5")\ndef mine(pair):\n    return 1.0\n')
    plugins = registry([file])
    with pytest.raises(PluginError) as error:
        choose(["overlap5"], plugins, read_lineup(DEFAULT_LINEUP), plugins.task("discharge-me"))
    assert str(error.value) == (
        f"the scorer 'overlap5' ({file}) fills the column 'overlap5', and so the task discharge-me calls the mean of "
        "bleu, rouge1, rouge2, rougel, meteor\n  -> give the column another name"
    )


# --------------------------------------------------------------------------- files

CARD = "scores.json"


def written(folder: Path, **what: Any) -> None:
    card, stats = scored(WORDS, **what)
    write_cards([card], stats, folder)


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card, stats = scored(WORDS, OpenScorer("bertscore", ("bertscore",), None, {"bertscore": "missing"}))
    write_cards([card], stats, tmp_path)
    again = read_card(tmp_path / CARD)
    assert again == card
    assert again.manifest.hosts == ("127.0.0.1",)
    assert str(again.signatures["words"]) == str(card.signatures["words"])
    read = read_stats(tmp_path, card)
    assert (read.fields, read.columns, read.ids, read.groups) == (
        stats.fields,
        stats.columns,
        stats.ids,
        stats.groups,
    )
    np.testing.assert_array_equal(read.values, stats.values)
    np.testing.assert_array_equal(read.failed, stats.failed)


def test_the_same_scores_are_the_same_bytes(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        folder.mkdir()
        written(folder)
    for name in ("scores.json", "cases.npz"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert sorted(path.name for path in folders[0].iterdir()) == ["cases.npz", "scores.json"]


def test_a_card_holds_no_id_and_no_text(tmp_path: Path) -> None:
    references = {f"2000000{i}": replace(r, id=f"2000000{i}", group=f"1000{i}") for i, r in REFERENCES.items()}
    rows = {f"2000000{i}": row for i, row in SUBMISSION.rows.items()}
    written(tmp_path, references=references, submission=Submission("toy", rows))
    files = (tmp_path / "scores.json").read_bytes() + (tmp_path / "cases.npz").read_bytes()
    wide = "2000000".encode("utf-32-le")
    for secret in (b"2000000", wide, b"1000", b"drink", b"three"):
        assert secret not in files


def test_a_value_that_does_not_exist_is_null(tmp_path: Path) -> None:
    references = {i: replace(r, values={"course": "x"}) for i, r in REFERENCES.items()}
    written(tmp_path, references=references)
    data = json.loads((tmp_path / "scores.json").read_text(), parse_constant=pytest.fail)
    assert data["scores"]["words"]["advice"]["value"] is None
    again = read_card(tmp_path / CARD).scores["words"]
    assert again is not None
    assert math.isnan(again["advice"].value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: None, "holds no scores.json"),
        (lambda text: text[:-9], "is not a score card"),
        (lambda text: "[]", "is not a score card"),
        (lambda text: text.replace('\n "schema": 3', '\n "schema": 2'), "has the schema 2, this version reads 3"),
        (lambda text: text.replace('"split"', '"spilt"'), "is not a whole score card (Manifest.__init__() got an "),
        (
            lambda text: text.replace('"reference_digest"', '"refs"'),
            "is not a whole score card: it has no reference_dig",
        ),
        (lambda text: re.sub(r'"value": [0-9.]+', '"value": NaN', text), "has NaN where a number belongs"),
        (lambda text: re.sub(r'"value": [0-9.]+', '"value": -Infinity', text), "has -Infinity where a number belongs"),
        (
            lambda text: re.sub(r'"value": [0-9.]+', '"value": null', text, count=1),
            "its column share has no number for advice",
        ),
        (
            lambda text: text.replace('"advice"', '"advises"', 1),
            "its column share lacks advice, which others have",
        ),
        (
            lambda text: re.sub(r'"value": [0-9.]+', '"value": 0.9', text, count=1),
            "was edited after it was written: its digest is not that of what it says",
        ),
        (lambda text: text.replace('"label": "lead"', '"label": "mine"'), "was edited after it was written"),
    ],
)
def test_a_card_that_cannot_be_read_says_so(tmp_path: Path, change: Any, message: str) -> None:
    written(tmp_path)
    path = tmp_path / "scores.json"
    text = change(path.read_text())
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(ScoreError) as error:
        read_card(tmp_path / CARD)
    assert message in error.value.what
    assert str(tmp_path) in error.value.what
    assert error.value.todo.startswith("score the submission")


@pytest.mark.parametrize("last", ["scores.json", "scores-official.json", "cases.npz"])
def test_a_crash_while_cards_are_written_leaves_none_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    """And what was asked for before is known afterwards."""
    card, stats = scored(WORDS)
    cards = [card, replace(card, variant="official")]
    write_cards(cards, stats, tmp_path)
    assert variants_in(tmp_path) == ["corrected", "official"]

    def crash(path: Path, data: bytes) -> None:
        if path.name == last:
            raise KeyboardInterrupt
        path.write_bytes(data)

    monkeypatch.setattr(scorecard, "write_atomic", crash)
    with pytest.raises(KeyboardInterrupt):
        write_cards(cards, stats, tmp_path)
    assert variants_in(tmp_path) == ["corrected", "official"]
    with pytest.raises(ScoreError, match=r"cases.npz does not belong to the card beside it"):
        read_stats(tmp_path, card)


def test_statistics_of_another_card_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "cases.npz").write_bytes(b"torn")
    with pytest.raises(ScoreError, match=r"cases.npz does not belong to the card beside it"):
        read_stats(tmp_path, read_card(tmp_path / CARD))
