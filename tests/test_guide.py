"""What the guide learns, with token vectors whose answer is known by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness import guide
from harness.errors import RunError
from harness.guide import LearnedGuide, bert_f1, dump, learn, load
from harness.types import Example, ModelInput, Part
from tests.conftest import GUIDE_SAMPLE as SAMPLE

FIELD = "brief_hospital_course"
CASES = (f"case{number}" for number in itertools.count())


@pytest.fixture(autouse=True)
def as_large_as_a_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guide, "SAMPLE", SAMPLE)


def one_hot(texts: Sequence[str]) -> list[Any]:
    """A vector a word: equal words are similar by 1, others by 0. Positions are letters."""
    return [np.eye(26)[[ord(word[0]) - ord("a") for word in text.split()]].reshape(-1, 26) for text in texts]


def example(target: str, case: str = "", **parts: str) -> Example:
    chart = tuple(Part("note", name, name, text) for name, text in parts.items())
    return Example(ModelInput(case or next(CASES), "1", FIELD, chart), target)


def test_bert_f1_by_hand() -> None:
    candidate, reference = one_hot(["a b c d", "a b x"])
    assert bert_f1(candidate, reference) == pytest.approx(2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3))
    assert bert_f1(candidate, candidate) == pytest.approx(1)
    assert bert_f1(*one_hot(["a b", "c d"])) == 0
    assert bert_f1(*one_hot(["", "c d"])) == 0


def test_bert_f1_agrees_with_the_bert_score_package() -> None:
    torch = pytest.importorskip("torch")
    greedy_cos_idf = pytest.importorskip("bert_score.utils").greedy_cos_idf
    random = np.random.default_rng(0)
    for n, m in itertools.product([3, 9], [2, 7]):
        a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (random.normal(size=(k, 16)) for k in (n, m)))
        masks = [torch.ones(1, k) for k in (m, n)]
        weights = [torch.ones(1, k) for k in (m, n)]
        reference, candidate = (torch.tensor(x)[None].float() for x in (b, a))
        expected = greedy_cos_idf(reference, masks[0], weights[0], candidate, masks[1], weights[1])[2]
        assert bert_f1(a, b) == pytest.approx(float(expected), abs=1e-6)


def test_parts_by_relevance_rare_ones_last_ties_by_name() -> None:
    known = [example("a b c", near="a b c", far="x y z", half="a y", also_half="a z") for _ in range(30)]
    known += [example("a b c", near="a b d", rare="a b c")]
    guide = learn({FIELD: known}, one_hot)
    assert guide.order(FIELD) == ("near", "also_half", "half", "far", "rare")


def test_a_kind_of_part_that_the_sample_missed_still_has_a_place() -> None:
    known = [example("a b", near="a b") for _ in range(400)] + [example("a b", rare="a b")]
    assert learn({FIELD: known}, one_hot).order(FIELD) == ("near", "rare")


def test_a_sample_is_read_and_the_seed_decides_which() -> None:
    read: list[str] = []

    def watched(texts: Sequence[str]) -> list[Any]:
        read.append(texts[0])
        return one_hot(texts)

    known = [example(f"a {'b ' * (number + 1)}", case=str(number), near="a") for number in range(80)]
    learn({FIELD: known}, watched, seed=1)
    learn({FIELD: known}, watched, seed=1)
    learn({FIELD: known}, watched, seed=2)
    assert len(read) == 3 * SAMPLE
    assert read[:SAMPLE] == read[SAMPLE : 2 * SAMPLE] != read[2 * SAMPLE :]


def test_what_two_fields_share_of_a_chart_is_read_once() -> None:
    read: list[str] = []

    def watched(texts: Sequence[str]) -> list[Any]:
        read.extend(texts)
        return one_hot(texts)

    known = [example("a b", near="a c", far="d e")]
    learn({FIELD: known, "other": [replace(known[0], input=replace(known[0].input, field="other"))]}, watched)
    assert sorted(read) == ["a b", "a c", "d e"]


def test_words_is_the_median() -> None:
    known = [example(" ".join("a" * words), near="a") for words in (2, 3, 100)]
    assert learn({FIELD: known}, one_hot).words(FIELD) == 3


def test_no_example_is_an_error() -> None:
    with pytest.raises(RunError) as error:
        learn({FIELD: []}, one_hot)
    assert str(error.value) == (
        "the train split has no example of brief_hospital_course to learn from\n"
        "  -> give a corpus whose train split has targets of two words or more"
    )


def test_dump_and_load() -> None:
    guide = LearnedGuide({FIELD: ("b", "a")}, {FIELD: 300})
    text = '{"lengths":{"brief_hospital_course":300},"orders":{"brief_hospital_course":["b","a"]}}'
    assert dump(guide) == text
    assert load(text) == guide


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"orders":{"f":1},"lengths":{}}'])
def test_a_torn_file_is_an_error(text: str) -> None:
    with pytest.raises(RunError) as error:
        load(text)
    assert str(error.value) == (
        "what was learned of the train split cannot be read\n"
        "  -> delete the folder guide of the corpus's workspace: it is learned anew"
    )
