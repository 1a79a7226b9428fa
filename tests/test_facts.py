"""What the reader of facts finds in a text, and what it does not."""

from __future__ import annotations

import time

import pytest

from harness import read_facts
from harness.corpora.ward.facts import Fact
from harness.corpora.ward.hand import CLASSES, fill, sentence_class
from harness.corpora.ward.lexicon import concepts
from harness.corpora.ward.matcher import mask, sentences

TEXTS = {
    "Started apixaban 5 mg BID; lisinopril was held.": {"start:apixaban", "dose:apixaban:5 mg", "hold:lisinopril"},
    "Lisinopril and metformin were stopped, aspirin was continued.": {
        "stop:lisinopril",
        "stop:metformin",
        "continue:aspirin",
    },
    "STOP taking:\n- ibuprofen\n- naproxen\n \n- aspirin 81 mg": {
        "stop:ibuprofen",
        "stop:naproxen",
        "dose:aspirin:81 mg",
    },
    "Furosemide was increased from 20 mg to 40 mg.": {
        "change:furosemide",
        "dose:furosemide:20 mg",
        "dose:furosemide:40 mg",
    },
    "WBC 15.2 -> 8.1, Mg-1.7* K-3.4": {
        "lab:white blood cell count:15.2",
        "lab:white blood cell count:8.1",
        "lab:magnesium:1.7",
        "lab:potassium:3.4",
    },
    "Denied fever, chills or cough. Had nausea.": {
        "-symptom:fever",
        "-symptom:chills",
        "-symptom:cough",
        "symptom:nausea",
    },
    "No fever but cough for 3 days.": {"-symptom:fever", "symptom:cough", "onset:symptoms:3 days"},
    "In the ED there was concern for PE. CT showed RLL consolidation, no effusion.": {
        "?dx:pulmonary embolism",
        "finding:consolidation:right lower lobe",
        "-finding:pleural effusion",
    },
    "Call us for fever or chest pain. See cardiology in 2 weeks.": {
        "warning:fever",
        "warning:chest pain",
        "followup:cardiology:2 weeks",
    },
    "Cardiology was consulted and advised rate control.": {"consult:cardiology", "advice:rate control"},
    "Treated with ceftriaxone for 5 days; blood cultures grew E. coli.": {
        "given:ceftriaxone",
        "days:ceftriaxone:5",
        "culture:blood culture:E. coli",
    },
    "Cefpodoxime 200 mg twice a day, 5 days in total, was prescribed.": {
        "start:cefpodoxime",
        "dose:cefpodoxime:200 mg",
        "days:cefpodoxime:5",
    },
    "New allergy: penicillin. Recheck creatinine in 1 week. Pending: final pathology.": {
        "allergy:penicillin",
        "recheck:creatinine:1 weeks",
        "pending:final pathology",
    },
    "Mother with hypertension.": set(),
    "Weigh yourself every morning. You are going home with a visiting nurse.": {
        "instruction:daily weights",
        "disposition:home with services",
    },
    "Please take your pills with water.": set(),
    "": set(),
}


@pytest.mark.parametrize("text", TEXTS)
def test_read_facts(text: str) -> None:
    assert read_facts(text) == TEXTS[text]


def test_a_text_in_one_line_states_the_same() -> None:
    """The published scorer puts spaces for line breaks."""
    text = "STOP:\n- ibuprofen\n- naproxen\n \nCall for:\n- fever\n- cough"
    assert (
        read_facts(text)
        == read_facts(text.replace("\n", " "))
        == {
            "stop:ibuprofen",
            "stop:naproxen",
            "warning:fever",
            "warning:cough",
        }
    )


def test_a_name_belongs_to_one_concept() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for key, concept in concepts().items():
        for name in concept.names:
            plain = " ".join(name.lower().replace("-", " ").split())
            assert seen.setdefault(plain, key) == key, name


def test_every_name_is_found() -> None:
    """Symptoms, findings and diagnoses by each of their names."""
    for (family, id), concept in concepts().items():
        if family in ("symptom", "sign", "finding", "dx", "treatment", "procedure", "instruction", "advice", "trigger"):
            for name in concept.names:
                assert f"{family}:{id}" in read_facts(f"There was {name}."), name


def test_speed() -> None:
    text = " ".join(text for text in TEXTS) * 3
    assert len(text.split()) > 250
    read_facts(text)
    begin = time.process_time()
    for _ in range(20):
        read_facts(text)
    assert (time.process_time() - begin) / 20 < 0.003 * len(text.split()) / 250


def test_mask_and_sentences() -> None:
    assert mask("Started apixaban 5 mg twice a day for 7 days.") == "started * mg twice a day for * days"
    text = "# Heart failure:\nMr. ___ had a\nlong and quiet night here. He grew E. coli from a sample.\n- too short\n"
    assert list(sentences(text)) == ["Mr. ___ had a long and quiet night here.", "He grew E. coli from a sample."]


def test_classes_of_sentences_cover_all_splits() -> None:
    assert sorted(CLASSES.values()) == [(0, 6), (6, 8), (8, 10), (10, 12)]
    assert {sentence_class(f"sentence number {number}") for number in range(500)} == set(range(12))
    assert sentence_class("The same, said twice.") == sentence_class("the same  said twice")


def test_a_line_never_begins_with_what_looks_like_an_entry_or_a_label() -> None:
    words = "a word or two and then the glucose was " + "94. Then more words follow until Note: comes - and so on"
    for width in range(20, 90):
        for line in fill(words, width).split("\n")[1:]:
            assert not line.startswith(("94.", "Note:", "- "))


def test_keys() -> None:
    assert Fact("dx", "gout").key == "dx:gout"
    assert Fact("symptom", "fever", sign="-").key == "-symptom:fever"
    assert Fact("dose", "aspirin", "81 mg").key == "dose:aspirin:81 mg"
    assert Fact("dose", "aspirin", "81 mg").critical == "dose"
    assert Fact("lab", "sodium", "130").critical == ""
