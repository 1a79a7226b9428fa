"""Features, selectors, and the choice that does not depend on who stands first."""

from __future__ import annotations

import dataclasses
import math
import random
import typing
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import harness.selection.aids as aids_module
import harness.selection.measuring as measuring_module
from harness import ByField, Candidate, Case, Learned, Offer, Part, Rules, SettingsError, Weighted, minimum_bayes_risk
from harness.errors import PluginError, RunError
from harness.lineup import build
from harness.resources import Resources
from harness.run import Generated
from harness.selection.choose import select, shares
from harness.selection.features import FEATURES, MEMBER, Asset, find_features
from harness.selection.gains import Scored, gain
from harness.selection.learned import Term, folds, read_fitted, write_fitted
from harness.selection.measuring import FeatureStore, Measuring
from harness.selection.offers import Stall, set_out
from harness.selection.reading import Reading, Seen
from harness.stats.resample import Resampling
from systems.des import DynamicExpertSelection
from tests.toys import TASK

LEXICAL = [one for one in FEATURES.values() if one.needs is None]


def seen(text: str, source: str = "", others: Sequence[str] = (), usual: int = 10, **more: object) -> Seen:
    return Seen(Reading(text), Reading(source), [Reading(one) for one in others], usual, **more)  # type: ignore[arg-type]


def value(name: str, text: str, source: str = "", others: Sequence[str] = (), **more: object) -> float:
    return FEATURES[name].compute(seen(text, source, others, **more))


# --------------------------------------------------------------------------- features


@pytest.mark.parametrize(
    ("name", "text", "source", "expected"),
    [
        ("words", "She went home.", "", 3.0),
        ("length_ratio", "one two three four five", "", 0.5),
        ("length_distance", "one two three four five", "", math.log(2)),
        ("repeated", "a b c d a b c d", "", 0.2),
        ("unfinished", "She was sent", "", 1.0),
        ("unfinished", "She was sent home.", "", 0.0),
        ("line_words", "Heading:\nfour words stand here", "", 2.5),
        ("second_person", "You take your pills", "", 0.5),
        ("copied", "a b c d e", "x a b c d y", 0.5),
        ("word_support", "fever and cough", "Cough, fever.", 2 / 3),
        ("word_coverage", "fever", "fever cough", 0.5),
        ("unsupported_numbers", "fever above 101 for 3 days", "3 days", 100 / 6),
        ("unsupported_doses", "aspirin 81 mg, heparin 5,000 units", "aspirin 81.0mg", 100 / 6),
        ("unsupported_dates", "seen on March 14 and Mar 15", "seen on 3/14/2019", 100 / 7),
    ],
)
def test_a_feature_is_what_its_line_says(name: str, text: str, source: str, expected: float) -> None:
    assert value(name, text, source) == pytest.approx(expected)


def test_readability_is_textstats() -> None:
    import textstat

    text = "You were in the hospital. We gave you anticoagulation for a pulmonary embolism."
    assert value("flesch_kincaid", text) == pytest.approx(textstat.flesch_kincaid_grade(text), abs=1e-4)
    assert value("dale_chall", text) == pytest.approx(textstat.dale_chall_readability_score(text), abs=1e-4)
    assert value("coleman_liau", text) == pytest.approx(textstat.coleman_liau_index(text), abs=1e-4)


def test_agreement_is_rouge_l_without_a_stemmer() -> None:
    from rouge_score.rouge_scorer import RougeScorer

    rouge = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
    own, others = "the patient had a fever and a cough", ["a fever had the patient", "the patient went home"]
    theirs = [rouge.score(own, other) for other in others]
    for name, key in (("agreement", "rougeL"), ("agreement_words", "rouge1"), ("agreement_bigrams", "rouge2")):
        mean = sum(one[key].fmeasure for one in theirs) / 2
        assert value(name, own, others=others) == pytest.approx(mean)
        assert value(name, own) == 0


def test_what_differs_in_the_last_bit_is_rounded() -> None:
    assert value("logprob", "a", logprob=-0.12345678) == value("logprob", "a", logprob=-0.12345679) == -0.123
    assert value("logprob", "a") == 0
    assert value("cut_off", "a", finish="length") == 1


def test_concepts_and_vectors() -> None:
    text = Reading("t", frozenset({"UNII:1", "UNII:2", "HP:1"}), np.array([[1.0, 0.0], [0.0, 1.0]]))
    source = Reading("s", frozenset({"UNII:1", "HP:1", "HP:2"}), np.array([[1.0, 0.0]]))
    both = Seen(text, source, [source], 1)
    assert FEATURES["concept_support"].compute(both) == pytest.approx(2 / 3)
    assert FEATURES["concept_coverage"].compute(both) == pytest.approx(2 / 3)
    assert FEATURES["unsupported_drugs"].compute(both) == 100.0
    assert FEATURES["source_similarity"].compute(both) == 0.5
    assert FEATURES["agreement_meaning"].compute(both) == pytest.approx(math.sqrt(0.5), abs=1e-4)


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
@settings(max_examples=60)
def test_every_feature_of_any_text_is_a_finite_number(text: str, source: str, others: list[str]) -> None:
    one = seen(text, source, others)
    assert all(math.isfinite(feature.compute(one)) for feature in LEXICAL)


def test_every_feature_says_what_it_is() -> None:
    assert all(one.means.endswith(".") or "." in one.means for one in FEATURES.values())
    assert all(one.unit and one.source for one in FEATURES.values())
    assert not {"align"} & set(FEATURES)


# --------------------------------------------------------------------------- laying out


class Aids:
    """A guide, and an asset that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def usual_words(self, field: str) -> int:
        return 5

    def identity(self, asset: Asset) -> str:
        return "concepts-1"

    def concepts(self, texts: Sequence[str]) -> list[frozenset[str]]:
        self.asked += len(texts)
        return [frozenset(text.split()) for text in texts]

    def vectors(self, texts: Sequence[str]) -> object:
        return np.ones((len(texts), 1))


def test_features_of_concepts_are_made_anew_when_names_are_found_by_other_rules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aids = aids_module.ResourceAids(typing.cast(Resources, None), tmp_path)
    before = aids.identity("concepts")
    monkeypatch.setattr(aids_module, "RULES", {**aids_module.RULES, "tokens": "words-1"})
    assert aids.identity("concepts") != before


CASES = [Case(f"{i}", f"g{i % 3}", (Part("note", "x", "X", "words of the chart"),)) for i in range(6)]


def member(name: str, *texts: str) -> Generated:
    """Writes the texts in turn; an empty one is a failure."""
    generated = Generated()
    for i, case in enumerate(CASES):
        for field in TASK.fields:
            if text := texts[i % len(texts)]:
                generated.candidates[case.id, field.name] = (Candidate(case.id, field.name, text, system=name),)
    return generated


MEMBERS = {
    "short": member("short", "a word"),
    "long": member("long", "many words " * 9, "", "five words of the chart"),
    "same": member("same", "a word"),
}


def measuring(folder: Path, aids: Aids, jobs: int = 1) -> Measuring:
    folder.mkdir(exist_ok=True)
    shelves = {}
    for name in MEMBERS:
        (folder / name).mkdir(exist_ok=True)
        shelves[name] = FeatureStore(folder / name)
    return Measuring(shelves, FeatureStore(folder), aids, jobs)


def test_the_same_choice_whatever_the_order_of_members(tmp_path: Path) -> None:
    selectors = (
        Rules(prefer=("smallest words",)),
        minimum_bayes_risk(),
        Weighted({"agreement": 1.0, "words": -0.5}),
        Learned((), {field.name: {"words": Term(-1.0, 0.5, 3.0, 2.0)} for field in TASK.fields}),
    )
    for number, selector in enumerate(selectors):
        chosen = []
        for order in (["short", "long", "same"], ["same", "long", "short"], ["long", "same", "short"]):
            stalls = set_out(CASES, TASK, {name: MEMBERS[name] for name in order}, "pool")
            desk = measuring(tmp_path / f"{number}-{order[0]}", Aids())
            offers = desk.offers(stalls, find_features(selector.reads, "pool"))
            chosen.append(select(stalls, offers, selector, "pool").candidates)
        assert chosen[0] == chosen[1] == chosen[2]


def test_a_member_that_failed_has_no_candidate_there() -> None:
    stalls = set_out(CASES, TASK, MEMBERS, "pool")
    assert [len(stall.members) for stall in stalls[::2]] == [3, 2, 3, 3, 2, 3]
    assert stalls[0].source == ""  # the toy task lets nobody read


def test_a_case_without_any_candidate_is_named() -> None:
    with pytest.raises(RunError) as error:
        set_out(CASES, TASK, {"long": MEMBERS["long"]}, "pool")
    assert str(error.value) == (
        "no member of the pool 'pool' has a candidate for case 1, course, case 1, advice, case 4, course, "
        "case 4, advice\n  -> let its members write: harness submit pool; or add one that always writes, such as lead"
    )


def test_features_are_computed_once_and_kept_beside_the_candidates(tmp_path: Path) -> None:
    stalls, aids = set_out(CASES, TASK, MEMBERS, "pool"), Aids()
    names = ["words", "agreement", "concept_support"]
    first = measuring(tmp_path, aids).offers(stalls, find_features(names, "x"))
    asked = aids.asked
    assert asked > 0
    assert measuring(tmp_path, aids).offers(stalls, find_features(names, "x")) == first
    assert aids.asked == asked
    assert (tmp_path / "long" / "features.sqlite").stat().st_mode & 0o077 == 0

    fewer = set_out(CASES, TASK, {name: MEMBERS[name] for name in ("short", "long")}, "pool")
    again = measuring(tmp_path, aids).offers(fewer, find_features(names, "x"))
    assert aids.asked == asked, "what a candidate is by itself does not depend on the pool"
    assert again[0].features[0]["agreement"] != first[0].features[0]["agreement"]


def test_several_processes_compute_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring_module, "STALLS_AT_ONCE", 4)
    stalls = set_out(CASES, TASK, MEMBERS, "pool")
    alone = measuring(tmp_path / "1", Aids()).offers(stalls, LEXICAL)
    assert measuring(tmp_path / "2", Aids(), jobs=2).offers(stalls, LEXICAL) == alone


def test_an_offer_says_who_wrote_and_nothing_else_that_was_not_asked(tmp_path: Path) -> None:
    stalls = set_out(CASES, TASK, MEMBERS, "pool")
    offer = measuring(tmp_path, Aids()).offers(stalls, find_features(["words"], "x"))[0]
    assert {name for one in offer.features for name in one} == {"words", *(f"{MEMBER}{name}" for name in MEMBERS)}


def test_a_selector_cannot_see_a_reference() -> None:
    """By type: an offer holds names and numbers; what a selector learns from are offers and scores."""
    hints = typing.get_type_hints(Offer)
    assert set(hints) == {"field", "group", "features"}
    assert "Reference" not in str(hints)
    assert [f.name for f in dataclasses.fields(Stall)] == ["case", "field", "group", "source", "candidates", "members"]


def test_shares_of_the_writers() -> None:
    stalls = set_out(CASES, TASK, {"short": MEMBERS["short"]}, "pool")
    offers = [Offer(stall.field, stall.group, ({},)) for stall in stalls]
    assert shares(select(stalls, offers, Rules(), "pool")) == {"short": 12}


# --------------------------------------------------------------------------- selectors


def offer(*features: dict[str, float], field: str = "course", group: str = "g") -> Offer:
    return Offer(field, group, features)


def test_rules_put_aside_and_then_prefer() -> None:
    rules = Rules(("cut_off < 1", "repeated <= 0.2"), ("smallest length_distance", "largest agreement"))
    one = {"cut_off": 0.0, "repeated": 0.5, "length_distance": 0.0, "agreement": 0.0}
    two, three = {**one, "repeated": 0.1, "length_distance": 0.4}, {**one, "repeated": 0.2, "length_distance": 0.4}
    three["agreement"] = 0.3
    assert rules.choose(offer(one, two, three)) == 2
    assert rules.reasons(offer(one, two, three)) == [
        "cut_off < 1: 3 of 3",
        "repeated <= 0.2: 2 of 3",
        "smallest length_distance: 0.4, 2 are equal",
        "largest agreement: 0.3 decides",
    ]
    assert rules.choose(offer(one)) == 0
    assert rules.reasons(offer(one)) == ["cut_off < 1: 1 of 1", "repeated <= 0.2: none, so all stay"]
    assert rules.reads == ("cut_off", "repeated", "length_distance", "agreement")


@pytest.mark.parametrize("rule", ["repeated", "repeated = 1", "repeated <= much", "< 3", ""])
def test_a_rule_that_cannot_be_read_is_refused(rule: str) -> None:
    with pytest.raises(SettingsError, match=r"the rule '.*' cannot be read\n  -> write FEATURE <= NUMBER, or <, >, >="):
        Rules((rule,))
    with pytest.raises(SettingsError, match="the preference 'least words' cannot be read\n  -> write smallest FEATURE"):
        Rules(prefer=("least words",))


def test_a_feature_that_does_not_exist_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="the pool 'des': there is no feature 'wrods'\n  -> did you mean words"):
        find_features(Rules(("wrods < 3",)).reads, "the pool 'des'")


def test_weights_are_of_normalised_features() -> None:
    weighted = Weighted({"a": 1.0, "b": -0.5})
    one = offer({"a": 1.0, "b": 100.0}, {"a": 2.0, "b": 300.0}, {"a": 3.0, "b": 200.0})
    assert weighted.choose(one) == 2
    assert weighted.reasons(one) == ["a: +1.225", "b: -0.000"]
    assert weighted.choose(offer({"a": 1.0, "b": 1.0}, {"a": 1.0, "b": 1.0})) == 0


def test_fields_may_have_selectors_of_their_own() -> None:
    by_field = ByField(Rules(prefer=("smallest a",)), {"advice": Rules(prefer=("largest a",))})
    both = ({"a": 1.0}, {"a": 2.0})
    assert by_field.choose(Offer("course", "g", both)) == 0
    assert by_field.choose(Offer("advice", "g", both)) == 1
    assert by_field.reasons(Offer("advice", "g", both)) == ["largest a: 2 decides"]
    assert by_field.reads == ("a",)


def lessons(subjects: int, noise: float = 0.0) -> tuple[list[Offer], list[list[float]]]:
    """A candidate is good where `a` is near 0.5; `good` writes a little better; `b` tells nothing."""
    rng = random.Random(0)
    offers, scores = [], []
    for subject in range(subjects):
        row = [{"a": rng.random(), "b": rng.random(), f"{MEMBER}{name}": 1.0} for name in ("good", "fair", "fair")]
        offers.append(Offer("course", f"s{subject}", tuple(row)))
        scores.append(
            [1 - (one["a"] - 0.5) ** 2 + 0.01 * (f"{MEMBER}good" in one) + rng.gauss(0, noise) for one in row]
        )
    return offers, scores


def test_the_regression_learns_what_makes_a_candidate_good() -> None:
    offers, scores = lessons(60)
    learned = Learned(("a", "b")).fit(offers[:40], scores[:40])
    assert learned.ready
    assert not Learned(("a",)).ready
    lost = [max(row) - row[learned.choose(one)] for one, row in zip(offers[40:], scores[40:], strict=True)]
    assert sum(lost) / len(lost) < 0.002
    assert learned.reads == ("a", "b")
    assert learned.reasons(offers[0])[0].startswith("a: +")


def test_the_regression_keeps_to_the_best_writer_where_features_tell_nothing() -> None:
    rng = random.Random(1)
    offers, _ = lessons(40)
    scores = [[0.1 * (f"{MEMBER}good" in one) + rng.gauss(0, 0.02) for one in row.features] for row in offers]
    learned = Learned(("a", "b")).fit(offers, scores)
    assert set(learned.fitted["course"]) == {"member:good", "member:fair"}
    assert {learned.choose(one) for one in offers} == {0}


def test_the_regression_refuses_too_few_subjects_and_strangers() -> None:
    with pytest.raises(RunError, match="7 subjects are too few to learn from how to choose the course"):
        Learned(("a",)).fit(*lessons(7))
    learned = Learned(("a",)).fit(*lessons(20))
    with pytest.raises(SettingsError, match="nobody taught the selector of the member new\n"):
        learned.choose(offer({"a": 1.0, f"{MEMBER}new": 1.0}))
    with pytest.raises(SettingsError, match="nobody taught the selector how to choose the advice"):
        learned.choose(offer({"a": 1.0}, field="advice"))


def test_what_is_fitted_is_read_back_from_a_lineup() -> None:
    import tomllib

    learned = Learned(("a", "b")).fit(*lessons(30))
    table = tomllib.loads(write_fitted(learned, "des"))["systems"]["des"]["fitted"]
    assert read_fitted(table) == learned.fitted
    with pytest.raises(SettingsError, match=r"fitted\.course\.a is no term of a regression"):
        read_fitted({"course": {"a": {"wait": 1}}})
    with pytest.raises(SettingsError, match=r"fitted\.course is no table"):
        read_fitted({"course": 1})


def test_no_subject_is_on_both_sides_of_a_fold() -> None:
    groups = [f"s{i % 7}" for i in range(30)]
    asked = []
    for taught, rest in folds(groups):
        assert not {groups[i] for i in taught} & {groups[i] for i in rest}
        asked += rest
    assert sorted(asked) == list(range(30))


# --------------------------------------------------------------------------- the declaration


def test_a_pool_is_declared_in_a_lineup() -> None:
    plain = DynamicExpertSelection(members=("a", "b"))
    assert plain.pool().selector == Rules(plain.rules, plain.prefer)
    assert DynamicExpertSelection(choose="mbr").pool().selector == minimum_bayes_risk("agreement")
    own = DynamicExpertSelection(fields={"advice": {"prefer": ("smallest flesch_kincaid",)}}).pool().selector
    assert isinstance(own, ByField)
    assert own.choose(Offer("advice", "g", ({"flesch_kincaid": 9.0}, {"flesch_kincaid": 6.0}))) == 1
    assert not DynamicExpertSelection(choose="learned").pool().selector.ready


def test_a_wrong_declaration_is_refused() -> None:
    with pytest.raises(SettingsError, match='choose = "weighted" without weights that are numbers'):
        DynamicExpertSelection(choose="weighted").pool()
    with pytest.raises(SettingsError, match="here: fit_cases takes 1 or more\n"):
        build(DynamicExpertSelection, {"fit_cases": 0}, "here")


def test_a_selector_that_chooses_what_is_not_there_is_named() -> None:
    class Last(Rules):
        def choose(self, offer: Offer) -> int:
            return len(offer.features)

    stalls = set_out(CASES, TASK, MEMBERS, "pool")
    offers = [Offer(stall.field, stall.group, tuple({} for _ in stall.members)) for stall in stalls]
    with pytest.raises(PluginError, match="the selector of the pool 'pool' chose number 3 of 3 candidates"):
        select(stalls, offers, Last(), "pool")


# --------------------------------------------------------------------------- what it gains


def scored(chosen: np.ndarray, single: np.ndarray) -> Scored:
    oracle = np.maximum(single.max(axis=2), chosen)
    groups = tuple(f"s{i // 2}" for i in range(chosen.shape[1]))
    return Scored(("course",), ("a", "b"), groups, chosen, oracle, single.mean(axis=2), single)


def test_the_gain_is_over_the_best_member_of_each_resample() -> None:
    rng = np.random.default_rng(0)
    single = rng.normal(0.3, 0.1, (1, 80, 2))
    one = gain(scored(single.max(axis=2), single), Resampling(2000))
    means = single[0].mean(axis=0)
    assert one.best == pytest.approx(means.max())
    assert one.over_best.value == pytest.approx(single.max(axis=2).mean() - means.max())
    assert one.random == pytest.approx(single.mean())
    assert one.regret.value == pytest.approx(0.0)
    assert one.share == pytest.approx(1.0)
    assert 0 < one.over_best.low < one.over_best.value < one.over_best.high

    # Choosing always the same member gains nothing over the better one, and less than nothing where the other is lucky.
    same = gain(scored(single[..., int(means.argmax())], single), Resampling(2000))
    assert same.over_best.value == 0
    assert same.over_best.high == 0
    assert same.over_best.low < 0


def test_cases_without_a_reference_are_out() -> None:
    single = np.array([[[0.1, 0.3], [np.nan, np.nan], [0.3, 0.1], [0.5, 0.3]]])
    one = gain(scored(single.max(axis=2), single), Resampling(200))
    assert one.best == pytest.approx(0.3)
    assert one.chosen == pytest.approx((0.3 + 0.3 + 0.5) / 3)
