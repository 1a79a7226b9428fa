"""rouge and bleu against the packages and the published scorer's values."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer as Oracle

from harness import Pair
from scorers.bleu import Bleu, bleu
from scorers.rouge import Rouge
from tests.conftest import SHARED, needs_shared

ORACLE = Oracle(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
PLUGINS = [Rouge, Bleu]

WORDS = ["The", "patients", "patient's", "walked", "walking", "dying", "skies", "BID", "81mg", "___", "fever.", "naïve"]
WORDS += ["Übelkeit", "İstanbul", "µg", "ﬁne", "№5", "don't", "x", "a\u0301b", "\u2028", "日本語"]
prose = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
texts = st.one_of(prose, st.text(max_size=60), st.text("abeinst \n", max_size=60))


def pair(reference: str, hypothesis: str) -> Pair:
    return Pair("1", "1", "f", reference, hypothesis)


def measure(plugin: Any, pairs: Sequence[Pair], language: str = "en") -> Any:
    return plugin().open(SimpleNamespace(language=language)).measure(pairs)


def goldens() -> list[dict[str, Any]]:
    with gzip.open(SHARED / "goldens" / "overlap_pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --------------------------------------------------------------------------- rouge


@settings(max_examples=300, deadline=None)
@given(texts, texts)
@example("", "")
@example("...", "!!!")
@example("a b c d e", "e d c b a")
@example("generalizations generously", "general generous")
def test_rouge_equals_rouge_score_bit_for_bit(reference: str, hypothesis: str) -> None:
    scores = ORACLE.score(reference, hypothesis)
    expected = [scores[key].fmeasure for key in ("rouge1", "rouge2", "rougeL")]
    assert measure(Rouge, [pair(reference, hypothesis)]).tolist() == [expected]


@needs_shared
def test_rouge_meets_the_published_scorer() -> None:
    rows = goldens()
    expected = [[row["rouge1"], row["rouge2"], row["rougeL"]] for row in rows]
    assert len(rows) == 80
    assert measure(Rouge, [pair(row["reference"], row["hypothesis"]) for row in rows]).tolist() == expected


def test_rouge_of_another_language_knows_its_letters_and_no_english_stems() -> None:
    german = [pair("Übelkeit und Müdigkeit", "belkeit und Müdigkeit"), pair("Größe", "GRÖSSE Größe")]
    assert measure(Rouge, german, "en")[0, 0] == 1.0  # rouge_score reads 'belkeit' in both
    assert measure(Rouge, german, "de")[:, 0].tolist() == pytest.approx([2 / 3, 2 / 3])
    composed, decomposed = "Müdigkeit", "Mu\u0308digkeit"
    assert measure(Rouge, [pair(composed, decomposed)], "de")[0, 0] == 1.0
    assert measure(Rouge, [pair("kg/m²", "kg/m2")], "de")[0, 0] == 0.5  # no character is read as another
    assert measure(Rouge, [pair("walked", "walking")], "de")[0, 0] == 0.0
    assert measure(Rouge, [pair("___ kam", "___ ging")], "de")[0, 0] == 0.0  # a blank is no word


def test_rouge_signs_its_tokenizer_and_only_the_libraries_that_matter() -> None:
    english = Rouge().open(SimpleNamespace(language="en"))
    german = Rouge().open(SimpleNamespace(language="de"))
    assert str(english.signature("rouge1")) == (
        "metric:rouge1|measure:f1|version:1|tokenizer:rouge_score|stemmer:porter"
    )
    assert str(german.signature("rougel")) == "metric:rougel|measure:f1|version:1|tokenizer:unicode|stemmer:none"
    assert set(english.signature("rouge2").environment) == {"nltk"}
    assert set(english.signature("rougel").environment) == {"nltk", "rapidfuzz"}
    assert set(german.signature("rougel").environment) == {"unicode", "rapidfuzz"}


# --------------------------------------------------------------------------- bleu


@needs_shared
def test_bleu_meets_the_published_scorer() -> None:
    rows = goldens()
    values = measure(Bleu, [pair(row["reference"], row["hypothesis"]) for row in rows])[:, 0]
    assert len(rows) == 80
    np.testing.assert_allclose(values, [row["bleu4"] for row in rows], rtol=0, atol=1e-9)


def sacrebleu_of(reference: str, hypothesis: str) -> float:
    metric = sacrebleu.BLEU(tokenize="none", smooth_method="none", effective_order=True)
    return metric.sentence_score(hypothesis, [reference]).score / 100


@needs_shared
def test_bleu_of_real_texts_equals_sacrebleu_without_tokenizer_and_smoothing() -> None:
    real = [row for row in goldens() if not row["id"].startswith("edge/")]
    pairs = [pair(row["reference"], row["hypothesis"]) for row in real]
    expected = np.array([sacrebleu_of(p.reference, p.hypothesis) for p in pairs])
    applies = expected > 0  # where an order has no match, the formula's tiny numbers speak
    assert applies.sum() >= 50
    np.testing.assert_allclose(measure(Bleu, pairs)[applies, 0], expected[applies], rtol=0, atol=2e-11)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("abcdeF"), min_size=4, max_size=30), st.data())
def test_bleu_of_texts_that_share_a_run_of_four_equals_sacrebleu(reference: list[str], data: Any) -> None:
    at = data.draw(st.integers(0, len(reference) - 4))
    noise = st.lists(st.sampled_from("abcdeFxyz"), max_size=12)
    hypothesis = [*data.draw(noise), *reference[at : at + 4], *data.draw(noise)]
    expected = sacrebleu_of(" ".join(reference), " ".join(hypothesis))
    # The formula's 1e-9 weighs more, the shorter the text.
    assert bleu(reference, hypothesis) == pytest.approx(expected, abs=1e-9, rel=0)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_bleu_is_the_formula(reference: list[str], hypothesis: list[str]) -> None:
    """The line of the task's description, computed the slow way."""
    product = 1.0
    for n in range(1, 5):
        guesses = [tuple(hypothesis[i : i + n]) for i in range(len(hypothesis) - n + 1)]
        grams = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
        clipped = sum(min(guesses.count(gram), grams.count(gram)) for gram in set(guesses))
        product *= (clipped + 1e-15) / (len(guesses) + 1e-9)
    ratio = (len(hypothesis) + 1e-15) / (len(reference) + 1e-9)
    expected = product**0.25 * (math.exp(1 - 1 / ratio) if ratio < 1 else 1)
    assert bleu(reference, hypothesis) == pytest.approx(expected, rel=1e-12)


def test_bleu_signature() -> None:
    signature = Bleu().open(SimpleNamespace(language="en")).signature("bleu")
    assert str(signature) == "metric:bleu|order:4|tokenizer:whitespace|case:kept|smoothing:1e-15/1e-09|version:1"
    assert signature.environment == {}


# --------------------------------------------------------------------------- both


@pytest.mark.parametrize("plugin", PLUGINS)
@settings(max_examples=50, deadline=None)
@given(texts, texts)
def test_a_line_break_counts_as_a_space(plugin: Any, reference: str, hypothesis: str) -> None:
    """The published scorer replaces line breaks by spaces before it measures."""
    flat = pair(reference.replace("\n", " "), hypothesis.replace("\n", " "))
    assert measure(plugin, [pair(reference, hypothesis)]).tolist() == measure(plugin, [flat]).tolist()


@pytest.mark.parametrize("plugin", PLUGINS)
@settings(max_examples=30, deadline=None)
@given(pairs=st.lists(st.builds(pair, texts, texts), min_size=1, max_size=20), random=st.randoms())
def test_rows_depend_on_neither_batch_nor_order(plugin: Any, pairs: list[Pair], random: Any) -> None:
    whole = measure(plugin, pairs)
    scorer = plugin().open(SimpleNamespace(language="en"))
    assert whole.shape == (len(pairs), len(scorer.columns))
    assert whole.dtype == np.float64
    for size in (1, 7):
        batches = [scorer.measure(pairs[i : i + size]) for i in range(0, len(pairs), size)]
        assert np.concatenate(batches).tolist() == whole.tolist()
    order = random.sample(range(len(pairs)), len(pairs))
    assert scorer.measure([pairs[i] for i in order]).tolist() == whole[order].tolist()
    assert scorer.measure([]).shape == (0, len(scorer.columns))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_columns_are_known_before_opening(plugin: Any) -> None:
    scorer = plugin().open(SimpleNamespace(language="en"))
    assert plugin().columns == scorer.columns
    assert [scorer.worst(column) for column in scorer.columns] == [0.0] * len(scorer.columns)
