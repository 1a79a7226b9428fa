"""The lexical scorers against the packages and the published scorer's values; meteor has a file of its own."""

from __future__ import annotations

import gzip
import json
import math
import pickle
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import sacrebleu
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer as Oracle
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a

from harness import Pair
from scorers import _grams, _texts
from scorers._grams import clipped_matches
from scorers.bleu import Bleu
from scorers.meteor import Meteor
from scorers.rouge import Rouge
from scorers.sacrebleu import SacreBleu
from tests.conftest import SHARED, needs_shared

ORACLE = Oracle(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
ROUGE_OF_LINES = Rouge(("rougelsum", "rouge2", "rouge1", "rougel"), "none")
PLUGINS = [Rouge, Bleu, Meteor, SacreBleu]

WORDS = ["The", "patients", "patient's", "walked", "walking", "dying", "skies", "BID", "81mg", "___", "fever.", "naïve"]
WORDS += ["Übelkeit", "İstanbul", "µg", "ﬁne", "№5", "don't", "x", "a\u0301b", "\u2028", "日本語"]
prose = st.lists(st.sampled_from(WORDS), max_size=25).map(" ".join)
texts = st.one_of(prose, st.text(max_size=60), st.text("abeinst \n", max_size=60))


def pair(reference: str, hypothesis: str) -> Pair:
    return Pair("1", "1", "f", reference, hypothesis)


@cache
def opened(plugin: Any, language: str) -> Any:
    return plugin().open(SimpleNamespace(language=language))


def measure(plugin: Any, pairs: Sequence[Pair], language: str = "en") -> Any:
    return opened(plugin, language).measure(pairs)


def goldens() -> list[dict[str, Any]]:
    with gzip.open(SHARED / "goldens" / "overlap_pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


# --------------------------------------------------------------------------- rouge


@settings(max_examples=300)
@given(texts, texts)
@example("", "")
@example("...", "!!!")
@example("a b c d e", "e d c b a")
@example("generalizations generously", "general generous")
def test_rouge_equals_rouge_score_bit_for_bit(reference: str, hypothesis: str) -> None:
    scores = ORACLE.score(reference, hypothesis)
    expected = [scores[key].fmeasure for key in ("rouge1", "rouge2", "rougeL")]
    assert measure(Rouge, [pair(reference, hypothesis)]).tolist() == [expected]


lines = st.lists(st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join), max_size=5).map("\n".join)


@settings(max_examples=400)
@given(st.one_of(lines, texts), st.one_of(lines, texts))
@example("a b\n\nb a\n", "b a b\na")
@example("a\r\nb\u2028c", "c b\x0ba")
@example("\n", "a")
def test_unstemmed_and_of_lines_rouge_equals_rouge_score_bit_for_bit(reference: str, hypothesis: str) -> None:
    keys = ("rougeLsum", "rouge2", "rouge1", "rougeL")
    scores = Oracle([*keys], use_stemmer=False).score(reference, hypothesis)
    scorer = ROUGE_OF_LINES.open(SimpleNamespace(language="en"))
    assert scorer.measure([pair(reference, hypothesis)]).tolist() == [[scores[key].fmeasure for key in keys]]


def test_rouge_of_lines_in_another_language_knows_its_letters() -> None:
    scorer = ROUGE_OF_LINES.open(SimpleNamespace(language="de"))
    both = [pair("Übelkeit\nMüdigkeit", "Müdigkeit\nÜbelkeit"), pair("Übelkeit", "belkeit")]
    # Line by line all is there; in one row of words no more than half of it stands in the same order.
    assert scorer.measure(both)[:, [0, 3]].tolist() == [[1.0, 0.5], [0.0, 0.0]]
    stemmed = Rouge(("rougelsum",), "porter").open(SimpleNamespace(language="de"))
    assert str(stemmed.signature("rougelsum")) == (
        "metric:rougelsum|measure:f1|version:1|tokenizer:unicode|stemmer:none"
    )


def test_a_chosen_column_of_rouge_is_the_same_alone() -> None:
    both = [pair("she walked home\nand slept", "and walking home she sleeps"), pair("a b", "b\na")]
    together = ROUGE_OF_LINES.open(SimpleNamespace(language="en")).measure(both)
    for at, column in enumerate(ROUGE_OF_LINES.columns):
        alone = Rouge((column,), "none").open(SimpleNamespace(language="en"))
        assert alone.columns == (column,)
        assert alone.measure(both)[:, 0].tolist() == together[:, at].tolist()
        assert pickle.loads(pickle.dumps(alone)).measure(both).tolist() == alone.measure(both).tolist()
    with pytest.raises(ValueError, match="columns takes each column once, and one at least"):
        Rouge(())


def test_rouge_without_a_stemmer_signs_so() -> None:
    scorer = ROUGE_OF_LINES.open(SimpleNamespace(language="en"))
    signed = scorer.signature("rougelsum")
    assert str(signed) == "metric:rougelsum|measure:f1|version:1|tokenizer:rouge_score|stemmer:none"
    assert signed.environment == {}


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


def bleu(reference: Sequence[str], hypothesis: Sequence[str]) -> float:
    return float(measure(Bleu, [pair(" ".join(reference), " ".join(hypothesis))])[0, 0])


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


@settings(max_examples=200)
@given(st.lists(st.sampled_from("abcdeF"), min_size=4, max_size=30), st.data())
def test_bleu_of_texts_that_share_a_run_of_four_equals_sacrebleu(reference: list[str], data: Any) -> None:
    at = data.draw(st.integers(0, len(reference) - 4))
    noise = st.lists(st.sampled_from("abcdeFxyz"), max_size=12)
    hypothesis = [*data.draw(noise), *reference[at : at + 4], *data.draw(noise)]
    expected = sacrebleu_of(" ".join(reference), " ".join(hypothesis))
    # The formula's 1e-9 weighs more, the shorter the text.
    assert bleu(reference, hypothesis) == pytest.approx(expected, abs=1e-9, rel=0)


@settings(max_examples=200)
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


# --------------------------------------------------------------------------- n-grams

numbers = st.lists(st.integers(0, 5), max_size=20)


@settings(max_examples=200)
@given(st.lists(st.tuples(numbers, numbers), max_size=6), st.integers(1, 5), st.sampled_from([1, 2**31, 2**32 - 6]))
def test_clipped_matches_are_those_that_counting_finds(
    pairs: list[tuple[list[int], list[int]]], order: int, large: int
) -> None:
    """Large numbers take the way that does not sort value and position as one."""

    def grams(text: list[int], n: int) -> Counter[tuple[int, ...]]:
        return Counter(tuple(text[i : i + n]) for i in range(len(text) - n + 1))

    expected = [[(grams(a, n) & grams(b, n)).total() for n in range(1, order + 1)] for a, b in pairs]
    sides = [[array("I", [large + number for number in pair[side]]) for pair in pairs] for side in (0, 1)]
    assert clipped_matches(*sides, order).tolist() == expected


def test_pairs_that_are_cut_into_slices_keep_their_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [[array("I", [i, i + 1, i + side]) for i in range(50)] for side in (1, 2)]
    whole = clipped_matches(*sides, 3).tolist()
    for limit in ("TOKENS_AT_ONCE", "PAIRS_AT_ONCE"):
        monkeypatch.setattr(_grams, limit, 7)
        assert clipped_matches(*sides, 3).tolist() == whole


# --------------------------------------------------------------------------- sacrebleu


@needs_shared
def test_sacrebleu_is_what_sacrebleu_says() -> None:
    rows = goldens()
    values = measure(SacreBleu, [pair(row["reference"], row["hypothesis"]) for row in rows])[:, 0]
    np.testing.assert_allclose(values, [row["sacrebleu_13a_exp"] for row in rows], rtol=0, atol=1e-9)


@settings(max_examples=100)
@given(texts, texts)
def test_sacrebleu_is_sentence_bleu_by_default(reference: str, hypothesis: str) -> None:
    expected = sacrebleu.sentence_bleu(hypothesis.replace("\n", " "), [reference.replace("\n", " ")]).score
    assert measure(SacreBleu, [pair(reference, hypothesis)]).tolist() == [[expected]]


def test_sacrebleu_signs_as_sacrebleu_does_and_keeps_no_text() -> None:
    scorer = SacreBleu().open(SimpleNamespace(language="en"))
    signature = scorer.signature("sacrebleu")
    assert str(signature) == "metric:sacrebleu|scale:0-100|nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:1"
    assert set(signature.environment) == {"sacrebleu"}
    scorer.measure([pair("the patient", "a patient")])
    assert (
        str(scorer._metric.get_signature())
        == f"nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    )
    assert Tokenizer13a.__call__.cache_info().currsize == 0


# --------------------------------------------------------------------------- all


@pytest.mark.parametrize("plugin", PLUGINS)
@settings(max_examples=50)
@given(texts, texts)
def test_a_line_break_counts_as_a_space(plugin: Any, reference: str, hypothesis: str) -> None:
    """The published scorer replaces line breaks by spaces before it measures."""
    flat = pair(reference.replace("\n", " "), hypothesis.replace("\n", " "))
    assert measure(plugin, [pair(reference, hypothesis)]).tolist() == measure(plugin, [flat]).tolist()


@pytest.mark.parametrize("plugin", PLUGINS)
@settings(max_examples=30)
@given(pairs=st.lists(st.builds(pair, texts, texts), min_size=1, max_size=20), random=st.randoms())
def test_rows_depend_on_neither_batch_nor_order(plugin: Any, pairs: list[Pair], random: Any) -> None:
    whole = measure(plugin, pairs)
    scorer = opened(plugin, "en")
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


@pytest.mark.parametrize("plugin", PLUGINS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_scorer_can_go_to_another_process(plugin: Any, language: str) -> None:
    pairs = [pair("The patients were walking. NA", "Patient walks."), pair("a b c d", "a b c d e")]
    scorer = opened(plugin, language)
    there = pickle.loads(pickle.dumps(scorer))
    assert there.measure(pairs).tolist() == scorer.measure(pairs).tolist()
    assert [there.signature(column) for column in there.columns] == list(map(scorer.signature, scorer.columns))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_scorer_that_forgets_what_it_knew_says_the_same(plugin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = plugin().open(SimpleNamespace(language="en"))
    pairs = [pair(f"The patient no. {i} was walking.", f"Patient {i} walks, no. {i % 3}") for i in range(40)]
    before = scorer.measure(pairs).tolist()
    monkeypatch.setattr(_texts, "MANY_WORDS", 5)
    assert [scorer.measure([one]).tolist()[0] for one in pairs] == before


def test_a_memo_keeps_so_many_and_nothing_long() -> None:
    asked: list[str] = []
    memo = _texts.Memo(lambda key: (asked.append(key), key.upper())[1], most=2, longest=3)
    assert [memo[key] for key in ("a", "a", "b", "long", "long", "c", "a")] == ["A", "A", "B", "LONG", "LONG", "C", "A"]
    assert asked == ["a", "b", "long", "long", "c", "a"]
    assert len(memo) == 2


MEGABYTE = 1_000_000
LONG = {
    "prose": "The patient was seen by Dr. Who, and walked 5.5 m. " * (MEGABYTE // 51),
    "one word": "x" * MEGABYTE,
    "questions": "? " * (MEGABYTE // 2),
    "surrogates": "\ud800 😀 NA\t" * (MEGABYTE // 8),
    "words": " ".join(f"{number * 7919 % MEGABYTE:06}" for number in range(MEGABYTE // 7)),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_text_of_a_megabyte_takes_seconds(plugin: Any, text: str) -> None:
    started = time.perf_counter()
    values = measure(plugin, [pair("The patient was well. NA 😀 x", text)])
    assert np.isfinite(values).all()
    assert time.perf_counter() - started < 20
