"""Compile the tables of METEOR from nltk's own data: what its sentence splitter and its synonyms are made of.

    python scorers/tables/build.py NLTK_DATA [--out FOLDER]

NLTK_DATA is a folder as `nltk.download` makes it, with `tokenizers/punkt_tab/english` and `corpora/wordnet`
(WordNet 3.0). The same data give the same bytes. The tables are lines of fields with a tab between them:

    punkt-english.tsv   kind (abbreviation, starter, collocation, orthography), then the entry of that kind; it lies
                        in harness/nlp/tables, for align's sentences are cut in the same way
    wordnet-3.0.tsv     part of speech, form, the names of one word in lower case of all its synsets;
                        and part of speech with a !, irregular form, its base forms
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

PARTS = ("noun", "verb", "adj", "adv")
Names = dict[str, set[str]]


def punkt(folder: Path) -> Iterator[str]:
    kinds = {
        "abbreviation": "abbrev_types.txt",
        "starter": "sent_starters.txt",
        "collocation": "collocations.tab",
        "orthography": "ortho_context.tab",
    }
    for kind, file in kinds.items():
        yield from sorted(f"{kind}\t{line}" for line in lines(folder / file))


def wordnet(folder: Path) -> Iterator[str]:
    for part in PARTS:
        forms = {line.split()[0] for line in lines(folder / f"index.{part}") if not line.startswith(" ")}
        names = synonyms(folder / f"data.{part}")
        if forms != set(names):
            raise SystemExit(f"index.{part} and data.{part} do not belong together")
        yield from (f"{part}\t{form}\t{' '.join(sorted(names[form]))}" for form in sorted(forms) if names[form])
        # nltk takes the last line of a form that has several.
        irregular = {form: bases for form, *bases in map(str.split, lines(folder / f"{part}.exc"))}
        yield from (f"{part}!\t{form}\t{' '.join(bases)}" for form, bases in sorted(irregular.items()))


def synonyms(file: Path) -> Names:
    """For each form the names of its synsets that can equal a stem in lower case."""
    found: Names = defaultdict(set)
    for line in lines(file):
        if line.startswith(" "):
            continue
        fields = line.split(" | ")[0].split()
        names = [re.sub(r"\([^()]*\)$", "", name) for name in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
        for name in names:
            found[name.lower()].update(one for one in names if "_" not in one and one == one.lower())
    return found


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").rstrip("\n").split("\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("nltk_data", type=Path, metavar="NLTK_DATA")
    parser.add_argument("--out", type=Path, help="for both, in place of where they belong")
    asked = parser.parse_args()
    here = Path(__file__).resolve().parent
    tables = {
        here.parents[1] / "harness/nlp/tables/punkt-english.tsv": punkt(
            asked.nltk_data / "tokenizers/punkt_tab/english"
        ),
        here / "wordnet-3.0.tsv": wordnet(asked.nltk_data / "corpora/wordnet"),
    }
    for place, table in tables.items():
        (asked.out / place.name if asked.out else place).write_bytes("".join(f"{line}\n" for line in table).encode())


if __name__ == "__main__":
    main()
