"""Concepts for the case pages: what the concept scorer has kept under the corpus's root, and the names of drugs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import assets
from harness.board import Board
from harness.files import private_folder
from harness.nlp.claims import DrugNames
from harness.nlp.concepts import KeepingMatcher, compare_concepts
from harness.nlp.concepts.kept import FILE, KeptConcepts, matcher_key
from harness.nlp.concepts.ngrams import Concepts
from harness.nlp.concepts.open_vocabulary import open_vocabulary

_ASSET = "open-vocabulary"
_OF_THE_SCORE = frozenset({"metric", "measure", "matcher", "version", "variant"})
"""Parts of a column's signature that say how concepts are counted; the others say how they are found."""

_NO_DRUG = """
    activator adhesive adjuvant aeruginosa agent albumin alcohol ammonia amylase anion antibiotic antibiotics antigen
    aureus beta-hydroxybutyrate bicarbonate bilirubin blood bright calcium carbohydrate carbon chloride cholesterol coli
    contrast copper cortisol creatine creatinine drug drugs ethanol faecalis ferritin fiber fibrinogen food glucose
    guaiac haemoglobin hematocrit heme hemoglobin iron lactate lactic latex lead lipase lipid magnesium medication
    medications nitrites nitrogen oxygen peptide phosphate phosphorus plasminogen platelets pneumoniae pollen potassium
    protein proteins pylori salt smoke sodium starch sugar thyroid tobacco toxin triglycerides troponin urate urea
    vision water zinc
"""
"""Words of substances and organisms that notes measure, culture, eat or speak of in general: no drug of a list."""


@dataclass(frozen=True)
class FieldConcepts:
    """The terms of the reference, and for each system which of them it shares a concept with (their numbers), and its
    own others; None where nobody kept a text's concepts."""

    reference: Sequence[str]
    systems: Sequence[tuple[list[int], Sequence[str]] | None]


@dataclass(frozen=True)
class ConceptsOf:
    """The kept concepts of one column of the board."""

    column: str
    kept: KeptConcepts
    key: str

    def compared(self, reference: str, texts: Sequence[str]) -> FieldConcepts | None:
        """None where the concepts of the reference were not kept: the scorer has never seen it."""
        wanted, *given = self.kept.get(self.key, [reference, *texts])
        if wanted is None:
            return None
        places = {term: at for at, term in enumerate(wanted)}
        found = [None if one is None else compare_concepts(wanted, one) for one in given]
        systems = [None if one is None else ([places[term] for term in one.matched], one.added) for one in found]
        return FieldConcepts(tuple(wanted), systems)


def kept_concepts(board: Board, root: Path) -> ConceptsOf | None:
    """The concepts that the first column of concepts on the board was counted from, None without such a column."""
    file = _kept_file(root)
    for column in board.columns:
        signature = column.signature
        if signature and "matcher" in signature.identity and file is not None:
            found_by = {name: value for name, value in signature.identity.items() if name not in _OF_THE_SCORE}
            return ConceptsOf(column.key, KeptConcepts(file), matcher_key(found_by, signature.environment))
    return None


def drug_names(root: Path) -> DrugNames | None:
    """Finds the drugs of the open vocabulary; None where the vocabulary is not on this machine."""
    if not any(one.name == _ASSET and one.present for one in assets.status()):
        return None
    kept = _kept_file(root)
    work = kept.parent if kept else private_folder(root / "report")
    no_drug = frozenset(_NO_DRUG.split())
    matcher = KeepingMatcher(open_vocabulary(assets.place(_ASSET)), work)

    def names(texts: Sequence[str]) -> list[Mapping[str, tuple[str, ...]]]:
        return [_drugs(found, no_drug) for found in matcher.concepts(texts)]

    return names


def _drugs(found: Concepts, no_drug: frozenset[str]) -> dict[str, tuple[str, ...]]:
    drugs = {name: tuple(id for id in ids if id.startswith(("UNII:", "CHEBI:"))) for name, ids in found.items()}
    return {name: ids for name, ids in drugs.items() if ids and no_drug.isdisjoint(name.split())}


def _kept_file(root: Path) -> Path | None:
    """Where the concept scorer keeps what it finds: a folder of its own, whatever it is called."""
    return next(iter(sorted((root / "scorers").glob(f"*/{FILE}"))), None)
