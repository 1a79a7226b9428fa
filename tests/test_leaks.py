"""The leak measure: exact about runs, wildcards on either side, across lines and headings."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import LeakError
from harness.leaks import PASSAGE, RUN, Leak, Overlap, measure, read_target, read_text, refuse_leaks

WILD = "___"


def overlap(target: str, *pieces: str) -> Overlap:
    return measure(read_text(pieces), read_target(target))


def numbered(begin: int, end: int, sep: str = " ") -> str:
    return sep.join(f"w{number}" for number in range(begin, end))


def longest_by_definition(text: tuple[str, ...], target: tuple[str, ...]) -> int:
    """The longest run, computed cell by cell from its definition."""

    @cache
    def best(i: int, j: int) -> int:
        """Equal words of the best run of which text[i - 1] and target[j - 1] are the last tokens."""
        if i == 0 or j == 0:
            return 0
        a, b = text[i - 1], target[j - 1]
        ways = [0]
        if a == b != WILD:
            ways.append(1 + best(i - 1, j - 1))
        if a == WILD:
            ways += [best(i - 1, j - words) for words in range(6) if words <= j]
        if b == WILD:
            ways += [best(i - words, j - 1) for words in range(6) if words <= i]
        return max(ways)

    return max(best(i, j) for i in range(len(text) + 1) for j in range(len(target) + 1))


WORDS = st.lists(st.sampled_from(["a", "b", "c", "d", WILD]), max_size=24)


@given(WORDS, WORDS)
def test_the_longest_run_is_what_its_definition_says(text: list[str], target: list[str]) -> None:
    tokens, aim = read_text([" ".join(text)]), read_target(" ".join(target))
    assert measure(tokens, aim).longest == longest_by_definition(tokens.words, aim.words)


@given(WORDS, WORDS, st.integers(0, 24))
def test_where_a_text_is_broken_into_pieces_does_not_matter_for_runs(
    text: list[str], target: list[str], cut: int
) -> None:
    whole = overlap(" ".join(target), " ".join(text))
    broken = overlap(" ".join(target), " ".join(text[:cut]), "\n".join(text[cut:]))
    assert (whole.longest, whole.share, whole.covered) == (broken.longest, broken.share, broken.covered)


@given(st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40), WORDS, WORDS)
def test_a_whole_target_is_always_found(target: list[str], before: list[str], after: list[str]) -> None:
    found = overlap(" ".join(target), " ".join([*before, *target, *after]))
    assert found.copies
    assert found.longest >= len(target)


def test_case_punctuation_and_line_breaks_do_not_matter() -> None:
    found = overlap("Started on IV heparin, 5,000 units q.8h.", "started ON\niv Heparin 5 000\n\nunits (q 8h)")
    assert (found.longest, found.target.length, len(found.copies)) == (7, 7, 1)


def test_words_are_counted_between_white_space() -> None:
    assert read_target("Lasix 40 mg p.o. b.i.d. -- x10/day ___-year-old ___").length == 6


def test_a_wildcard_stands_for_up_to_five_words_and_counts_for_none() -> None:
    target = numbered(0, 20)
    for hidden in range(6):
        text = f"{numbered(0, 8)} ___ {numbered(8 + hidden, 20)}"
        assert overlap(target, text).longest == 20 - hidden
        assert overlap(text, target).longest == 20 - hidden
    assert overlap(target, f"{numbered(0, 8)} ___ {numbered(14, 20)}").longest == 8
    assert overlap("take - with food", "take ___ with food").longest == 3
    assert overlap("take p.o. b.i.d. 5/325 q.4-6h. p.r.n. with food", "take ___ with food").longest == 3


def test_a_copy_with_blanks_is_a_copy_if_half_of_it_shows() -> None:
    words = numbered(0, 18).split()
    every_third = [WILD if at % 3 == 0 else word for at, word in enumerate(words)]
    most = [WILD if at % 3 else word for at, word in enumerate(words)]
    assert len(overlap(" ".join(words), " ".join(every_third)).copies) == 1
    assert not overlap(" ".join(words), " ".join(most)).copies
    assert not overlap("home today", "___ today").copies


def test_a_copy_ends_where_a_blank_hides_its_end() -> None:
    found = overlap("alpha bravo charlie delta echo foxtrot", "x alpha bravo charlie. Delta next ___ foxtrot")
    assert not found.copies
    found = overlap("alpha bravo charlie delta echo foxtrot", "x alpha bravo charlie ___ . charlie next")
    assert [(run.begin, run.end) for run in found.copies] == [(1, 5)]


def test_the_limits() -> None:
    target = numbered(0, 200)
    assert not overlap(target, numbered(50, 50 + RUN - 1)).leaking
    assert len(overlap(target, numbered(50, 50 + RUN)).leaking) == 1
    short = numbered(0, 40)
    assert not overlap(short, numbered(0, 19)).leaking
    assert len(overlap(short, numbered(0, 20)).leaking) == 1


def test_half_may_come_in_passages_but_not_in_scraps() -> None:
    target = numbered(0, 48)
    halves = overlap(target, numbered(0, 12), "A heading", numbered(30, 42))
    assert (halves.longest, halves.covered, len(halves.leaking)) == (12, 24, 2)
    scraps = "\n".join(numbered(at, at + PASSAGE - 1, " ") + " x" for at in range(0, 48, PASSAGE))
    assert not overlap(target, scraps).leaking


def test_the_share_of_8_grams() -> None:
    assert overlap(numbered(0, 27), numbered(0, 12)).share == 5 / 20
    assert overlap(numbered(0, 7), numbered(0, 7)).share == 0


def test_a_target_without_words_is_no_leak() -> None:
    for target in ("", "___", " . ", "-- ___ --"):
        assert (overlap(target, "any ___ text").longest, overlap(target, "any ___ text").copies) == (0, ())
    assert not overlap("NA", "NA").copies


def test_letters_whose_lower_case_is_longer() -> None:
    text = "İSTANBUL Straße ﬁne"
    tokens = read_text([text])
    assert [text[begin:end] for _, begin, end in tokens.places] == ["İSTANBUL", "Straße", "ﬁne"]
    assert tokens.words[1] == "strasse"


def test_refuse_leaks_names_cases_fields_and_figures_at_once() -> None:
    clean = Leak("1", "brief_hospital_course", "clean", 100, 12, 0.02)
    refuse_leaks([clean, Leak("2", "discharge_instructions", "unproven")], "valid")
    with pytest.raises(LeakError) as error:
        refuse_leaks(
            [
                clean,
                Leak("20001", "brief_hospital_course", "leak", 200, 45, 0.31, copies=1),
                Leak("20002", "discharge_instructions", "leak", heading="'plan' in line 12 of the note"),
            ],
            "valid",
        )
    assert str(error.value) == (
        "what systems would see of valid still holds targets of 2 cases:\n"
        "  case 20001, brief_hospital_course: the longest run has 45 of its 200 words, 31% of its 8-grams are left\n"
        "  case 20002, discharge_instructions: a heading of its section is left: 'plan' in line 12 of the note\n"
        "  -> give --cut-leaks to cut these passages from what systems see, or mend the tables"
    )


def test_refuse_leaks_shows_a_hundred() -> None:
    with pytest.raises(LeakError, match=r"targets of 130 cases:\n(.*\n){100}  and 30 more\n"):
        refuse_leaks((Leak(str(number), "f", "leak", 50, 30, 0.5) for number in range(130)), "valid")
