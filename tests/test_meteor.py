"""meteor against nltk's own code, fed with the tables of ours: `make oracle` has nltk with its own data."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import NLTKWordTokenizer, PunktSentenceTokenizer
from nltk.translate.meteor_score import single_meteor_score

import harness
from benchmarks.texts import ODD_LETTERS, ODD_SPACES, ODD_WORDS, odd_pairs, summaries
from harness import Pair, punkt_parameters
from harness.nlp.sentences import PUNKT
from scorers._english import EnglishWords
from scorers._wordnet import WordNet
from scorers.meteor import WORDNET as SYNONYMS
from scorers.meteor import Meteor
from tests.conftest import SHARED, needs_shared

TABLES = Path(harness.__file__).resolve().parents[1] / "scorers" / "tables"
spaces = st.sampled_from([" "] * 12 + ["", "", *ODD_SPACES])
odd = st.lists(st.tuples(st.sampled_from(ODD_WORDS.split()), spaces), max_size=25).map(
    lambda parts: "".join(word + space for word, space in parts)
)
texts = st.one_of(odd, st.text(max_size=60), st.text(ODD_LETTERS, max_size=60))


@cache
def ours() -> EnglishWords:
    return EnglishWords(punkt_parameters())


@cache
def wordnet() -> WordNet:
    return WordNet((TABLES / SYNONYMS).read_text("utf-8"))


class Corpus:
    """Of nltk's reader of WordNet what METEOR asks, answered from the compiled table."""

    def synsets(self, word: str) -> list[Any]:
        lemmas = [SimpleNamespace(name=lambda name=name: name) for name in wordnet().synonyms(word)]
        return [SimpleNamespace(lemmas=lambda: lemmas)]


@cache
def punkt() -> PunktSentenceTokenizer:
    return PunktSentenceTokenizer(punkt_parameters())


def nltk_words(text: str) -> list[str]:
    return [token for sentence in punkt().tokenize(text) for token in NLTKWordTokenizer().tokenize(sentence)]


def nltk_meteor(reference: str, hypothesis: str) -> float:
    wanted, given_ = (nltk_words(text.replace("\n", " ")) for text in (reference, hypothesis))
    return float(single_meteor_score(wanted, given_, wordnet=Corpus()))


@cache
def scorer(language: str = "en") -> Any:
    return Meteor().open(SimpleNamespace(language=language))


def measure(pairs: Sequence[tuple[str, str]], language: str = "en") -> list[float]:
    asked = [Pair("1", "1", "f", *texts) for texts in pairs]
    return [row[0] for row in scorer(language).measure(asked).tolist()]


# --------------------------------------------------------------------------- words


@settings(max_examples=400)
@given(texts)
@example("")
@example("He said. \"No.\" (Yes.) 'Maybe.' Then...")
@example("``a'' 'b' \"c\" (\"d\")")
@example("Pt. seen by Dr. Who. BP 120/80. On 5. May. a.m. Then p.m. J. Smith. No. 5. e.g. this")
@example("cannot wanna gonna, gimme. d'ye more'n 'tis 'Twas don't patients' x's")
@example("a. \t) b.\r' c.\u00a0D. E.\u2028F. g.\x1cH")
def test_words_are_those_of_nltk(text: str) -> None:
    assert ours()(text) == nltk_words(text)


def test_words_of_many_texts_are_those_of_nltk() -> None:
    references, *_ = summaries(3, seed=1)
    for text in [*references, *(text for pair in odd_pairs(600, seed=1) for text in pair)]:
        assert ours()(text) == nltk_words(text)


# --------------------------------------------------------------------------- synonyms


def test_synonyms_are_names_of_one_word_in_lower_case() -> None:
    assert {"help", "assist", "aid", "assistance"} <= set(wordnet().synonyms("aid"))
    assert "goose" in wordnet().synonyms("geese")  # an irregular form
    assert "hurry" in wordnet().synonyms("hurries")  # an ending replaced
    assert "icecream" in wordnet().synonyms("ice_cream")  # a form of two words
    assert wordnet().synonyms("xyzzy") == ("xyzzy",)
    assert wordnet().synonyms("") == ("",)
    assert all("_" not in name and name == name.lower() for name in wordnet().synonyms("heart"))


# --------------------------------------------------------------------------- the score


@settings(max_examples=300)
@given(texts, texts)
@example("", "")
@example("x", "")
@example("Pain improved. Walking daily.", "Walks daily; hurting bettered.")
def test_meteor_equals_nltk_bit_for_bit(reference: str, hypothesis: str) -> None:
    assert measure([(reference, hypothesis)]) == [nltk_meteor(reference, hypothesis)]


def test_meteor_of_long_texts_equals_nltk_bit_for_bit() -> None:
    references, one, other = summaries(6, seed=2)
    pairs = [*zip(references, one, strict=True), *zip(references, other, strict=True), *odd_pairs(300, seed=2)]
    assert measure(pairs) == [nltk_meteor(*pair) for pair in pairs]


@needs_shared
def test_meteor_meets_the_published_scorer() -> None:
    with gzip.open(SHARED / "goldens" / "overlap_pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) == 80
    values = measure([(row["reference"], row["hypothesis"]) for row in rows])
    assert values == pytest.approx([row["meteor"] for row in rows], rel=0, abs=1e-9)


def test_each_stage_matches_what_the_one_before_left() -> None:
    alike, stem, synonym, nothing = measure(
        [("help daily", "help daily"), ("helps daily", "helping daily"), ("help daily", "aid daily"), ("help", "daily")]
    )
    assert alike == stem == synonym == 0.9375  # two of two words, in one chunk
    assert nothing == 0.0


def test_in_another_language_words_match_as_they_are() -> None:
    assert measure([("Hilfe für Müde", "hilfe FÜR Mu\u0308de")], "de") == [pytest.approx(1 - 0.5 / 27)]
    assert measure([("helps", "helping"), ("aid", "help")], "de") == [0.0, 0.0]
    assert measure([("a b.", "a b .")], "de") == [pytest.approx(1 - 0.5 / 27)]


def test_meteor_signs_its_stages_and_its_tables() -> None:
    tables = (PUNKT, TABLES / SYNONYMS)
    punkt_digest, wordnet_digest = (sha256(table.read_bytes()).hexdigest()[:16] for table in tables)
    english, german = scorer().signature("meteor"), scorer("de").signature("meteor")
    assert str(english) == (
        f"metric:meteor|alpha:0.9|beta:3|gamma:0.5|tokenizer:nltk/punkt-{punkt_digest}|stages:exact,porter,wordnet|"
        f"wordnet:3.0-{wordnet_digest}|version:1"
    )
    assert str(german) == "metric:meteor|alpha:0.9|beta:3|gamma:0.5|tokenizer:unicode|stages:exact|version:1"
    assert set(english.environment) == {"nltk"}
    assert set(german.environment) == {"unicode"}


def test_the_tables_lie_where_their_inventory_says_each_with_its_licence_beside_it() -> None:
    rows = re.findall(r"^\| `(\S+)`.*`(LICENSE\.\w+)` beside it \|$", (TABLES / "README.md").read_text("utf-8"), re.M)
    listed = {TABLES.parents[1] / table: licence for table, licence in rows}
    assert listed.keys() == {PUNKT, TABLES / SYNONYMS}
    assert [table.name for table, licence in listed.items() if not table.with_name(licence).is_file()] == []
