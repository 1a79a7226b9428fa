"""Intervals, tests and ranks: against naive computations, by their properties, and in small simulations."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import astuple
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import stats
from harness.errors import LeaderboardError
from harness.leaderboard import mean_over_columns, mean_over_fields
from harness.stats.bootstrap import standard_error, student
from harness.stats.compare import p_bootstrap, sign_tail, smallest_difference
from harness.stats.resample import SIGNS, WITH_REPLACEMENT, Floats, resampled_sums, rounding, subsets
from harness.types import ColumnScore

FIELDS = ("course", "advice")
COLUMNS = ("x", "y")
HOW = stats.Resampling(500, seed=1)


def scores(
    values: Floats,
    *,
    groups: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    fields: tuple[str, ...] = FIELDS,
    columns: tuple[str, ...] = COLUMNS,
) -> SimpleNamespace:
    """Statistics of one system; `values` of the shape (fields, cases, columns)."""
    ids = tuple(ids or (f"{i:05}" for i in range(values.shape[1])))
    return SimpleNamespace(fields=fields, columns=columns, ids=ids, groups=tuple(groups or ids), values=values)


def sample_of(*values: Floats, groups: Sequence[str] | None = None, ids: Sequence[str] | None = None) -> stats.Sample:
    systems = {f"s{i:04}": scores(one, groups=groups, ids=ids) for i, one in enumerate(values)}
    return stats.gather(systems, variant="corrected")


def one_column(*values: Floats, groups: Sequence[str] | None = None) -> tuple[stats.Sample, stats.Measure]:
    """Systems with one score a case, and the measure that is its mean."""
    shape = {"fields": ("f",), "columns": ("c",), "groups": groups}
    systems = {f"s{i:04}": scores(one[None, :, None], **shape) for i, one in enumerate(values)}
    sample = stats.gather(systems, variant="corrected")
    return sample, stats.Measure("c", ("c",), ("f",))


def made(seed: int, systems: int = 3, cases: int = 40, missing: float = 0.1) -> list[Floats]:
    """Random scores on cases of which some have no reference for a field."""
    random = np.random.default_rng(seed)
    level = random.beta(2, 5, (len(FIELDS), cases, 1))
    level[random.random(level.shape) < missing] = np.nan
    return [level + random.normal(0.03 * s, 0.1, (len(FIELDS), cases, len(COLUMNS))) for s in range(systems)]


OVERALL = stats.Measure("overall", COLUMNS, FIELDS)


def interval_of(sample: stats.Sample, system: str, measure: stats.Measure = OVERALL) -> stats.Interval:
    found = stats.intervals(stats.bootstrap(sample, HOW), [measure])[system][measure]
    assert found is not None
    return found


def compared(sample: stats.Sample, measure: stats.Measure = OVERALL, hidden: int = 250) -> tuple[stats.Comparison, ...]:
    pairs = stats.all_pairs(sample, measure)
    return stats.compare(stats.bootstrap(sample, HOW), measure, pairs, hidden=hidden)


# --------------------------------------------------------------------------- the numbers of the board


@given(seed=st.integers(0, 10**6), cases=st.integers(1, 30), missing=st.sampled_from([0.0, 0.2, 0.7]))
def test_a_value_is_the_board_s_to_the_last_bit(seed: int, cases: int, missing: float) -> None:
    values = made(seed, 2, cases, missing)
    if np.isnan(values[0]).all():
        return
    sample = sample_of(*values, groups=[str(i % 3) for i in range(cases)])
    for s, one in enumerate(values):
        card = {
            column: {field: _column_score(one[f, :, c]) for f, field in enumerate(FIELDS)}
            for c, column in enumerate(COLUMNS)
        }
        by_column = {column: mean_over_fields(card[column]) for column in COLUMNS}
        expected = {**by_column, "overall": mean_over_columns(by_column, COLUMNS)}
        for measure in stats.measures(sample, {"overall": COLUMNS}):
            value = sample.value(f"s{s:04}", measure)
            assert value == expected[measure.name] or (math.isnan(value) and expected[measure.name] is None)


def _column_score(values: Floats) -> ColumnScore:
    kept = values[~np.isnan(values)]
    return ColumnScore(float(np.mean(kept)) if len(kept) else math.nan, len(kept), 0, 0)


def test_a_mean_is_named_only_where_all_its_columns_are() -> None:
    sample = sample_of(*made(0))
    names = [one.name for one in stats.measures(sample, {"overall": ("x", "y", "z"), "both": ("y", "x")})]
    assert names == ["both", "x", "y"]
    assert stats.measures(sample, {})[0].within("advice") == stats.Measure("x", ("x",), ("advice",))


def test_a_column_that_a_system_lacks_is_not_available_for_it() -> None:
    full, other = made(0, 2)
    systems = {"full": scores(full), "half": scores(other[:, :, :1], columns=("x",))}
    sample = stats.gather(systems, variant="corrected")
    measures = stats.measures(sample, {"overall": COLUMNS})
    found = stats.intervals(stats.bootstrap(sample, HOW), measures)
    assert {m.name for m, one in found["half"].items() if one is None} == {"overall", "y"}
    assert None not in found["full"].values()
    alone = sample_of(full)
    full_alone, full_beside = interval_of(alone, "s0000", measures[0]), found["full"][measures[0]]
    assert full_beside is not None
    assert astuple(full_beside) == pytest.approx(astuple(full_alone), rel=1e-9)
    with pytest.raises(LeaderboardError, match=r"^half cannot be compared by overall: it is n/a\n  -> leave them out"):
        stats.rank(sample, measures[0], HOW)


# --------------------------------------------------------------------------- what is refused


def test_the_official_variant_is_refused_with_the_reason() -> None:
    with pytest.raises(LeaderboardError, match="a mean over the last batch is no statistic of the sample"):
        stats.gather({"a": scores(made(0)[0])}, variant="official")
    with pytest.raises(LeaderboardError, match="-> take the corrected variant: --variant corrected"):
        stats.check_resamplable("official")
    stats.check_resamplable("corrected")


@pytest.mark.parametrize("what", ["ids", "groups", "fields"])
def test_unlike_cases_are_refused(what: str) -> None:
    values = made(0)[0]
    other = scores(values)
    setattr(other, what, tuple(reversed(getattr(other, what))))
    with pytest.raises(LeaderboardError, match=f"'a' and 'b' cannot be compared, .*: their {what} differ"):
        stats.gather({"a": scores(values), "b": other}, variant="corrected")


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused(wrong: float) -> None:
    good, bad = made(0, 2, missing=0)
    bad[1, :3, 0] = wrong
    with pytest.raises(
        LeaderboardError, match=r"^'s0001' has no number in x, advice, for 3 of the cases that have a ref"
    ):
        sample_of(good, bad)


def test_an_empty_board_is_refused() -> None:
    with pytest.raises(LeaderboardError, match="there are no statistics to resample"):
        stats.gather({}, variant="corrected")
    with pytest.raises(LeaderboardError, match="no case has a reference"):
        sample_of(np.full((2, 5, 2), np.nan))
    with pytest.raises(LeaderboardError, match=r"^z needs z of course; there are only x, y of course, advice"):
        sample_of(made(0)[0]).value("s0000", stats.Measure("z", ("z",), ("course",)))


# --------------------------------------------------------------------------- resampling


def test_resampled_sums_are_those_of_the_weights() -> None:
    table = np.random.default_rng(0).normal(size=(30, 2, 3))
    for draw in (WITH_REPLACEMENT, SIGNS, subsets(7)):
        random = np.random.default_rng([HOW.seed, draw.stream])
        weights = np.array([np.ones(30), *(draw.weights(random, 30) for _ in range(HOW.times))])
        (sums,) = resampled_sums(draw, [table], HOW)
        exact = np.einsum("ru,ucs->rcs", weights, table)
        assert np.abs(sums - exact).max() < 1e-9
        assert (np.abs(sums - exact) <= rounding(table) + 1e-13).all()
    assert set(weights[1:].sum(axis=1)) == {7}
    assert set(weights.ravel()) == {0, 1}


def test_the_bootstrap_is_one_of_subjects() -> None:
    """Against putting the drawn subjects' cases in a list and taking their means."""
    groups = [str(i % 11) for i in range(40)]
    values = made(3)
    found = stats.bootstrap(sample_of(*values, groups=groups), HOW).replicates(OVERALL)
    random = np.random.default_rng([HOW.seed, WITH_REPLACEMENT.stream])
    subjects = sorted(set(groups))
    for row in found[1:21]:
        counts = WITH_REPLACEMENT.weights(random, len(subjects))
        cases = [
            i for s, n in zip(subjects, counts, strict=True) for i in range(40) if groups[i] == s for _ in range(n)
        ]
        expected = [np.nanmean(one[:, cases], axis=1).mean() for one in values]
        assert row == pytest.approx(expected, abs=1e-10)


@given(seed=st.integers(0, 10**6))
@settings(max_examples=20)
def test_the_block_size_changes_no_bit(seed: int) -> None:
    sample = sample_of(*made(seed, cases=25), groups=[str(i // 2) for i in range(25)])
    whole = stats.bootstrap(sample, stats.Resampling(60, seed)).means
    for memory in (1, 8 * 13 * 7):
        assert np.array_equal(whole, stats.bootstrap(sample, stats.Resampling(60, seed, memory)).means, equal_nan=True)
    assert not np.array_equal(whole, stats.bootstrap(sample, stats.Resampling(60, seed + 1)).means)


THREADS = """
import hashlib, numpy as np
from harness.stats.resample import WITH_REPLACEMENT, Resampling, resampled_sums
table = np.random.default_rng(0).normal(size=(2000, 8, 20))
print(hashlib.sha256(resampled_sums(WITH_REPLACEMENT, [table], Resampling(300))[0].tobytes()).hexdigest())
"""


def test_the_number_of_threads_changes_no_bit() -> None:
    digests = set()
    for threads in "12":
        env = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", THREADS], env=env, capture_output=True, text=True, check=True)
        digests.add(done.stdout)
    assert len(digests) == 1


# --------------------------------------------------------------------------- invariance


def conclusions(sample: stats.Sample) -> tuple[object, ...]:
    """All that the tests say; p-values to 5 digits, because a tail changes with the values' last bits."""
    pairs = [
        (c.first, c.second, c.by_tail, *(f"{p:.4e}" for p in (c.p, c.p_holm, c.p_bootstrap, c.reversal or 0)))
        for c in compared(sample, hidden=20)
    ]
    return pairs, [(p.system, p.rank, p.low, p.high, p.group) for p in stats.rank(sample, OVERALL, HOW).places]


def bounds(sample: stats.Sample) -> Floats:
    found = stats.intervals(stats.bootstrap(sample, HOW), [OVERALL])
    return np.array([[one.low, one.high] for by in sorted(found.items()) for one in by[1].values() if one])


@given(seed=st.integers(0, 10**6), data=st.data())
@settings(max_examples=20)
def test_the_order_of_cases_and_systems_changes_nothing(seed: int, data: st.DataObject) -> None:
    values, ids = made(seed), [f"{i:03}" for i in range(40)]
    groups = [str(i % 17) for i in range(40)]
    sample = sample_of(*values, groups=groups, ids=ids)

    order = data.draw(st.permutations(range(40)))
    shuffled = sample_of(
        *(one[:, order] for one in values), groups=[groups[i] for i in order], ids=[ids[i] for i in order]
    )
    assert conclusions(shuffled) == conclusions(sample)
    assert bounds(shuffled) == pytest.approx(bounds(sample), abs=1e-12)

    systems = {f"s{i:04}": scores(values[i], groups=groups, ids=ids) for i in data.draw(st.permutations(range(3)))}
    reordered = stats.gather(systems, variant="corrected")
    assert conclusions(reordered) == conclusions(sample)
    assert np.array_equal(bounds(reordered), bounds(sample))


@given(seed=st.integers(0, 10**6), shift=st.floats(-5, 5), scale=st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_shift_and_scale_go_through(seed: int, shift: float, scale: float) -> None:
    values = made(seed)
    sample, moved = sample_of(*values), sample_of(*(scale * one + shift for one in values))
    assert conclusions(moved) == conclusions(sample)
    assert bounds(moved) == pytest.approx(scale * bounds(sample) + shift, rel=1e-9, abs=1e-9)


def test_lower_is_better_where_that_is_said() -> None:
    values = made(1)
    best = stats.rank(sample_of(*values), OVERALL, HOW).places
    turned = stats.rank(sample_of(*(-one for one in values)), OVERALL, HOW, higher_is_better=False).places
    assert [(p.system, p.rank, p.low, p.high) for p in turned] == [(p.system, p.rank, p.low, p.high) for p in best]


def test_cases_without_any_reference_change_nothing() -> None:
    values = made(2)
    longer = [np.concatenate([one, np.full((2, 6, 2), np.nan)], axis=1) for one in values]
    assert conclusions(sample_of(*longer)) == conclusions(sample_of(*values))
    assert np.array_equal(bounds(sample_of(*longer)), bounds(sample_of(*values)))


def test_a_field_is_the_mean_of_the_cases_that_have_it() -> None:
    """300 of 400 cases have the field: the interval is that of a sample of those 300, but for chance."""
    values = np.random.default_rng(0).beta(2, 5, (2, 400, 2))
    values[1, ::4] = np.nan
    kept = values[:, ~np.isnan(values[1, :, 0])]
    advice = OVERALL.within("advice")
    some, alone = interval_of(sample_of(values), "s0000", advice), interval_of(sample_of(kept), "s0000", advice)
    assert some.value == pytest.approx(alone.value, rel=1e-15)
    assert some.high - some.low == pytest.approx(alone.high - alone.low, rel=0.1)


def test_a_subject_counts_once_however_often_it_stays() -> None:
    once = made(4, missing=0)
    ids, again = [f"{i:03}" for i in range(40)], [np.concatenate([one, one], axis=1) for one in once]
    twice = sample_of(*again, groups=[*ids, *ids], ids=[f"{side}{i}" for side in "ab" for i in ids])
    single = sample_of(*once, groups=ids, ids=ids)
    assert bounds(twice) == pytest.approx(bounds(single), abs=1e-12)
    assert [c.p for c in compared(twice)] == [c.p for c in compared(single)]
    by_case = sample_of(*again)
    assert np.ptp(bounds(by_case), axis=1) == pytest.approx(np.ptp(bounds(single), axis=1) / math.sqrt(2), rel=0.15)


# --------------------------------------------------------------------------- intervals


def test_intervals_of_normal_scores_are_student_s() -> None:
    x = np.random.default_rng(5).normal(0.3, 0.1, 2000)
    sample, measure = one_column(x)
    found = stats.intervals(stats.bootstrap(sample, stats.Resampling(4000)), [measure])["s0000"][measure]
    assert found is not None
    half = student(0.975, 1999) * x.std(ddof=1) / math.sqrt(2000)
    assert (found.low, found.high) == pytest.approx((x.mean() - half, x.mean() + half), abs=0.06 * half)


def test_intervals_of_skewed_scores_are_scipy_s() -> None:
    """What scipy 1.17 makes of these with method="BCa" and 300,000 resamples, at the level of normal quantiles that
    sqrt(20 / 19) times Student's at .975 has: 0.96824."""
    tail = [0.02, 0.05, 0.07, 0.11, 0.12, 0.18, 0.21, 0.26, 0.33, 0.41, 0.58, 0.93]
    sample, measure = one_column(np.array([0.0] * 8 + tail))
    found = stats.intervals(stats.bootstrap(sample, stats.Resampling(40_000)), [measure])["s0000"][measure]
    assert found is not None
    assert (found.low, found.high) == pytest.approx((0.0800, 0.3260), abs=0.003)


def test_equal_scores_have_no_width() -> None:
    flat = interval_of(sample_of(np.full((2, 9, 2), 0.1)), "s0000")
    assert astuple(flat) == pytest.approx((0.1, 0.1, 0.1), abs=1e-11)


@pytest.mark.parametrize(("subjects", "bounded"), [(1, False), (2, False), (5, False), (6, True)])
def test_too_few_subjects_have_no_bounds(subjects: int, bounded: bool) -> None:
    """However many cases they have."""
    sample = sample_of(*made(0, cases=12, missing=0), groups=[str(at % subjects) for at in range(12)])
    found = interval_of(sample, "s0000")
    assert (math.isfinite(found.low), math.isfinite(found.high)) == (bounded, bounded)
    assert {math.isfinite(c.difference.high - c.difference.low) for c in compared(sample)} == {bounded}
    if subjects == 1:
        assert {c.p for c in compared(sample)} == {1.0}


@pytest.mark.parametrize(("references", "bounded"), [(1, False), (5, False), (6, True)])
def test_only_subjects_that_have_a_reference_count(references: int, bounded: bool) -> None:
    """An interval rests on the field that fewest of them have, a test on all that judge."""
    values = made(0, 2, missing=0)
    for one in values:
        one[1, references:] = np.nan
    sample = sample_of(*values)
    assert sample.subjects == 40
    assert sample.referenced(OVERALL) == sample.referenced(OVERALL.within("advice")) == references
    assert sample.referenced(OVERALL.within("course")) == 40
    for measure, expected in (
        (OVERALL, bounded),
        (OVERALL.within("advice"), bounded),
        (OVERALL.within("course"), True),
    ):
        found = interval_of(sample, "s0000", measure)
        assert (math.isfinite(found.low), math.isfinite(found.high)) == (expected, expected)
        (pair,) = compared(sample, measure)
        assert math.isfinite(pair.smallest) == (expected or measure is OVERALL)


@pytest.mark.filterwarnings("error")
def test_a_field_that_nobody_has_is_without_a_value_and_without_a_warning() -> None:
    values = made(0, 2, missing=0)
    for one in values:
        one[1] = np.nan
    course, advice = OVERALL.within("course"), OVERALL.within("advice")
    found = stats.intervals(stats.bootstrap(sample_of(*values), HOW), [OVERALL, course, advice])
    for of_system in found.values():
        assert of_system[OVERALL] is of_system[advice] is None
        assert (known := of_system[course]) is not None
        assert math.isfinite(known.low)


def test_a_field_that_few_have_is_tested_as_if_the_others_were_not_there() -> None:
    values = made(0, 2, missing=0)
    for one in values:
        one[1, 8:] = np.nan
    (among_all,) = compared(sample_of(*values), OVERALL.within("advice"))
    (alone,) = compared(sample_of(*(one[:, :8] for one in values)), OVERALL.within("advice"))
    assert among_all.smallest == pytest.approx(alone.smallest, rel=1e-9)


def test_a_mean_is_tested_on_all_that_judge_it_however_few_have_one_of_its_fields() -> None:
    values = made(0, 2, missing=0)
    for one in values:
        one[1, 3:] = np.nan
    values[0][0] += 0.5
    (found,) = compared(sample_of(*values))
    assert found.p < 0.05
    assert found.p_bootstrap < 0.05
    assert math.isfinite(found.smallest)
    assert math.isinf(found.difference.high)


def test_a_resample_without_a_reference_is_left_out() -> None:
    values = made(6, 2, 100, missing=0)
    for one in values:
        one[1, 6:] = np.nan
    sample = sample_of(*values)
    assert np.isnan(stats.bootstrap(sample, HOW).replicates(OVERALL)).any()
    assert np.isfinite(bounds(sample)).all()
    assert all(math.isfinite(c.p_bootstrap) and math.isfinite(c.difference.low) for c in compared(sample))


def test_a_bound_of_nothing_is_nothing() -> None:
    """Two systems differ in one case of nine: resamples without it have no difference, to the last bit."""
    base = np.random.default_rng(0).random(9)
    other = base.copy()
    other[3] += 0.4
    (found,) = compared(*one_column(other, base))
    assert found.difference.low == 0 < found.difference.value < found.difference.high
    assert found.p == 1


@given(seed=st.integers(0, 10**6), cases=st.integers(6, 12), zeros=st.floats(0, 1))
@settings(max_examples=40)
def test_a_value_lies_in_its_interval(seed: int, cases: int, zeros: float) -> None:
    random = np.random.default_rng(seed)
    x = np.where(random.random(cases) < zeros, 0, random.lognormal(0, 2, cases))
    sample, measure = one_column(x)
    found = interval_of(sample, "s0000", measure)
    assert min(x) - 1e-9 <= found.low <= found.value <= found.high <= max(x) + 1e-9


@pytest.mark.parametrize(("p", "freedom", "expected"), [(0.975, 4, 2.7764), (0.975, 49, 2.0096), (0.8, 9, 0.8834)])
def test_student_s_quantiles(p: float, freedom: int, expected: float) -> None:
    assert student(p, freedom) == pytest.approx(expected, rel=1e-3)


def test_the_influence_is_what_leaving_a_subject_out_shows() -> None:
    groups = [str(i % 13) for i in range(60)]
    values = made(7, 1, 60)
    sample = sample_of(*values, groups=groups)
    left = []
    for subject in sorted(set(groups)):
        kept = [i for i in range(60) if groups[i] != subject]
        left.append(np.nanmean(values[0][:, kept], axis=1).mean())
    jackknife = math.sqrt(12 / 13 * np.sum((np.array(left) - np.mean(left)) ** 2))
    influence = sample.influence(OVERALL)[:, 0]
    assert influence.mean() == pytest.approx(0, abs=1e-12)
    assert standard_error(influence, 13) == pytest.approx(jackknife, rel=0.05)


# --------------------------------------------------------------------------- comparisons


def test_a_system_against_itself() -> None:
    values = made(8, 1, 300)[0]
    sample = sample_of(values, values.copy())
    (found,) = stats.compare(stats.bootstrap(sample, HOW), OVERALL, [("s0000", "s0001")])
    assert found == stats.Comparison("s0000", "s0001", stats.Interval(0, 0, 0), 1, 1, False, 1, math.inf, 0)
    (found,) = stats.compare(stats.bootstrap(sample, HOW), OVERALL, [("s0000", "s0000")])
    assert found.p == found.p_holm == found.p_bootstrap == 1


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=10))
@settings(max_examples=30)
def test_randomisation_counts_all_signs(differences: list[int]) -> None:
    """Against every assignment of signs; thirds make sums that are equal but for their last bits."""
    x = np.array(differences) / 3
    base = np.random.default_rng(0).random(len(x))
    sample, measure = one_column(base + x, base)
    how = stats.Resampling(3000)
    (found,) = stats.compare(stats.bootstrap(sample, how), measure, [("s0000", "s0001")])
    signs = np.array(list(product((-1, 1), repeat=len(x))))
    exact = np.mean(np.abs(signs @ np.array(differences)) >= abs(sum(differences)))
    assert found.p == pytest.approx(exact, abs=5 * math.sqrt(exact * (1 - exact) / 3000) + 1 / 3001)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=10))
def test_the_tail_is_a_bound(differences: list[float]) -> None:
    x = np.array(differences)
    signs = np.array(list(product((-1, 1), repeat=len(x))))
    exact = np.mean(np.abs(signs @ x) >= abs(x.sum()))
    assert sign_tail(x) >= min(exact, np.mean(np.abs(signs @ x) >= abs(x.sum()) * (1 + 1e-9))) - 1e-12


def test_beyond_the_floor_of_the_resamples_the_tail_goes_on() -> None:
    random = np.random.default_rng(0)
    base = random.random(400)
    sample, measure = one_column(base, base - random.normal(0.01, 0.1, 400), base - random.normal(0.2, 0.1, 400))
    floor = HOW.floor
    near, far = stats.compare(stats.bootstrap(sample, HOW), measure, [("s0000", "s0001"), ("s0000", "s0002")])
    assert floor == 1 / 501
    assert near.p >= floor
    assert not near.by_tail
    assert far.by_tail
    assert 0 < far.p < 1e-20
    assert far.p_bootstrap == floor
    x = math.sqrt(400) * 0.2 / math.hypot(0.2, 0.1)
    assert math.log(far.p) == pytest.approx(math.log(math.erfc(x / math.sqrt(2))), rel=0.2)


def test_holm() -> None:
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([0.7, 0.6]) == [1, 1]
    assert stats.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_no_correction_and_bonferroni(p_values: list[float]) -> None:
    corrected = stats.holm(p_values)
    for p, holm in zip(p_values, corrected, strict=True):
        assert p <= holm <= min(1, p * len(p_values)) * (1 + 1e-12)
    assert min(corrected) == pytest.approx(min(1, min(p_values) * len(p_values)))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(corrected)[order]) >= 0).all()


def test_the_smallest_difference_that_could_show() -> None:
    x = np.random.default_rng(1).normal(size=100)
    sample, measure = one_column(x, np.zeros(100))
    (found,) = compared(sample, measure)
    assert found.smallest == pytest.approx((1.9842 + 0.8453) * x.std(ddof=1) / 10, rel=1e-3)


def test_what_could_not_show_has_no_smallest_difference() -> None:
    """The test of 5 subjects has no p-value below 1 / 16, and rows that are equal in every case have no spread."""
    influence = np.random.default_rng(1).normal(size=6)
    assert smallest_difference(influence[:5], 5) == math.inf
    assert math.isfinite(smallest_difference(influence, 6))
    assert smallest_difference(np.zeros(40), 40) == math.inf


def test_the_paired_bootstrap_by_hand() -> None:
    replicates = np.array([1.0, 0.2, 1.9, 2.05, 0.9, math.nan])
    assert p_bootstrap(replicates, 10**6) == (1 + 1) / (4 + 1)
    assert p_bootstrap(replicates, 5) == (2 + 1) / (4 + 1)  # sqrt(5 / 4) x .9 reaches 1
    far = np.linspace(1, 1.5, 101)
    assert [p_bootstrap(far, subjects) for subjects in (1, 3, 6, 40)] == [1, 1 / 4, 1 / 32, 1 / 101]


def test_how_probably_a_hidden_sample_turns_two_systems_round() -> None:
    random = np.random.default_rng(2)
    base, apart = random.random(2000), random.normal(0.004, 0.1, 2000)
    sample, measure = one_column(base + apart, base)
    (found,) = stats.compare(stats.bootstrap(sample, stats.Resampling(2000)), measure, [("s0000", "s0001")])
    error = apart.std() * math.sqrt(1 / 250 - 1 / 2000)
    expected = math.erfc(apart.mean() / error / math.sqrt(2)) / 2
    assert 0.1 < expected < 0.5
    assert found.reversal == pytest.approx(expected, abs=0.04)
    small, measure = one_column(base[:250], base[:250] ** 2)
    assert compared(small, measure)[0].reversal is None


def test_a_hidden_sample_takes_each_field_s_own_cases() -> None:
    values = made(9, 2, 60, missing=0.3)
    (found,) = compared(sample_of(*values), hidden=30)
    random = np.random.default_rng([HOW.seed, subsets(30).stream])
    kept = np.flatnonzero(~np.isnan(values[0]).all(axis=(0, 2)))
    turned = []
    for _ in range(HOW.times):
        cases = kept[subsets(30).weights(random, len(kept))]
        first, second = (np.nanmean(one[:, cases], axis=1).mean() for one in values)
        turned.append(first > second)
    assert found.first == "s0001"
    assert found.reversal == np.mean(turned)


# --------------------------------------------------------------------------- ranks


def test_systems_that_are_far_apart_have_one_rank_each() -> None:
    random = np.random.default_rng(3)
    base = random.random(60)
    sample, measure = one_column(*(base + random.normal(0.2 * s, 0.05, 60) for s in (1, 3, 0, 2)))
    found = stats.rank(sample, measure, HOW)
    assert [p.system for p in found.places] == ["s0001", "s0003", "s0000", "s0002"]
    assert [(p.rank, p.low, p.high, p.group) for p in found.places] == [(i, i, i, i) for i in (1, 2, 3, 4)]
    assert (found.tests, found.floor, found.level) == (6, 1 / 501, 0.95)


def test_equal_systems_share_their_ranks() -> None:
    random = np.random.default_rng(4)
    base = random.random(80)
    sample, measure = one_column(base, base, base - 0.3)
    found = [(p.rank, p.low, p.high, p.group) for p in stats.rank(sample, measure, HOW).places]
    assert found == [(1, 1, 2, 1), (1, 1, 2, 1), (3, 3, 3, 2)]


def test_a_chain_of_ties_is_one_group() -> None:
    """The first and the last differ, but no line can be drawn between any two neighbours."""
    random = np.random.default_rng(5)
    base, noise = random.random(100), 0.1 * np.resize([-1, 1], 100)
    sample, measure = one_column(base + 0.03, base + 0.015 + noise, base + 0.001 * random.random(100))
    first, middle, last = stats.rank(sample, measure, HOW).places
    assert (first.low, first.high) == (1, 2)
    assert (middle.low, middle.high) == (1, 3)
    assert (last.low, last.high) == (2, 3)
    assert {first.group, middle.group, last.group} == {1}


def test_ranks_are_tested_all_together() -> None:
    """One pair of three alone is significant at .05, but not as one of three."""
    apart = np.resize([-1.0, 1.0], 30) + 0.4
    base = np.random.default_rng(0).random(30)
    sample, measure = one_column(base + apart, base, base + apart / 2 + np.resize([3.0, -3.0, -3.0, 3.0], 30))
    p_values = sorted(one.p for one in compared(sample, measure))
    assert 0.05 / 3 < p_values[0] < 0.05 < p_values[1]
    assert {(one.low, one.high) for one in stats.rank(sample, measure, HOW).places} == {(1, 3)}


def test_a_group_ends_where_all_above_beat_all_below() -> None:
    """The best is unsteady: the second beats the third, the first does not."""
    base, noise = np.random.default_rng(6).random(100), np.resize([-1.0, 1.0], 100)
    sample, measure = one_column(base + 0.06 + noise, base + 0.05, base + 0.001 * noise)
    places = stats.rank(sample, measure, HOW).places
    assert [(one.low, one.high) for one in places] == [(1, 3), (1, 2), (2, 3)]
    assert {one.group for one in places} == {1}


@given(seed=st.integers(0, 10**6), systems=st.integers(1, 6))
@settings(max_examples=20)
def test_a_rank_lies_in_its_interval(seed: int, systems: int) -> None:
    places = stats.rank(sample_of(*made(seed, systems)), OVERALL, stats.Resampling(100)).places
    assert all(1 <= one.low <= one.rank <= one.high <= systems for one in places)
    assert [one.rank for one in places] == sorted(one.rank for one in places)
    assert [one.group for one in places] == sorted(one.group for one in places)


def test_pairs() -> None:
    sample = sample_of(*made(1, missing=0))
    assert stats.adjacent(sample, OVERALL) == [("s0002", "s0001"), ("s0001", "s0000")]
    assert stats.all_pairs(sample, OVERALL) == [("s0002", "s0001"), ("s0002", "s0000"), ("s0001", "s0000")]
    found = stats.compare(stats.bootstrap(sample, HOW), OVERALL)
    assert [(one.first, one.second) for one in found] == stats.adjacent(sample, OVERALL)
    assert stats.compare(stats.bootstrap(sample_of(made(1)[0]), HOW), OVERALL) == ()
    assert stats.adjacent(sample, OVERALL, higher_is_better=False)[0] == ("s0000", "s0001")


# --------------------------------------------------------------------------- small simulations
# The whole of them is benchmarks/stats_coverage.py.


def simulated(shape: str, cases: int, systems: int, clustered: bool) -> tuple[Floats, list[str], float]:
    """Scores of systems (rows) on cases, the cases' subjects, and the true mean."""
    random = np.random.default_rng(cases)
    subject = np.cumsum(random.random(cases) < 0.7) if clustered else np.arange(cases)

    def draw(rows: int) -> Floats:
        if shape == "normal":
            return random.normal(0.3, 0.1, (systems, rows))
        return np.where(random.random((systems, rows)) < 0.5, 0.0, random.beta(2, 5, (systems, rows)))

    shared = draw(int(subject.max()) + 1)[:, subject]
    values = np.where(random.random(shared.shape) < 0.7, shared, draw(cases))
    return values, [f"{s:04}" for s in subject], 0.3 if shape == "normal" else 1 / 7


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("shape", ["normal", "zero-inflated"])
@pytest.mark.parametrize("cases", [50, 250])
def test_intervals_hold_the_truth(cases: int, shape: str, clustered: bool) -> None:
    """800 intervals: between 93 and 97 % hold it, give or take 2 standard errors of 800 draws (1.5 %)."""
    values, groups, truth = simulated(shape, cases, 800, clustered)
    sample, measure = one_column(*values, groups=groups)
    found = stats.intervals(stats.bootstrap(sample, stats.Resampling(1000)), [measure])
    held = np.mean([one.low <= truth <= one.high for by in found.values() for one in by.values() if one])
    assert 0.915 < held < 0.985


@pytest.mark.parametrize("clustered", [False, True])
def test_p_values_are_uniform_where_nothing_is_to_be_found(clustered: bool) -> None:
    values, groups, _ = simulated("zero-inflated", 50, 1200, clustered)
    sample, measure = one_column(*values, groups=groups)
    pairs = list(zip(sample.systems[::2], sample.systems[1::2], strict=True))
    found = stats.compare(stats.bootstrap(sample, stats.Resampling(1000)), measure, pairs)
    for p_values in ([one.p for one in found], [one.p_bootstrap for one in found]):
        off = np.abs(np.sort(p_values) - np.arange(1, 601) / 600).max()
        assert off < 1.63 / math.sqrt(600)  # Kolmogorov and Smirnov at 1 %
    assert np.mean([one.p <= 0.05 for one in found]) < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 600)
    assert sum(one.p_holm <= 0.05 for one in found) <= 1
