"""How well the open matchers agree with QuickUMLS over the same names, on real notes.

    python -m benchmarks.medcon_agreement --data DIR [--notes 40]

QuickUMLS, the unmodified package, has an index made from the open vocabulary; beside it stand the matcher open, and
MedCAT with a concept database made from the same names. For each note MEDCON is computed between its hospital course
and the first 400 words of the rest of it, with the finds of each. Printed are the correlation (Pearson's) of the values
with those of QuickUMLS, the mean value, and how far the finds agree (F1 of the sets of concepts, mean over texts).

DIR is a corpus in the task's layout (its splits' discharge.csv.gz and discharge_target.csv.gz); none of it leaves this
machine.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
WORDS = 400

Finds = Mapping[str, Sequence[str]]


def pairs(data: Path, notes: int) -> list[tuple[str, str]]:
    """(hospital course, beginning of the rest) of so many notes."""
    csv.field_size_limit(1 << 30)
    found = []
    for split in sorted(data.glob("*/discharge.csv.gz")):
        targets = {row["hadm_id"]: row for row in _rows(split.with_name("discharge_target.csv.gz"))}
        for row in _rows(split):
            target = targets[row["hadm_id"]]
            rest = row["text"]
            for section in ("brief_hospital_course", "discharge_instructions"):
                rest = rest.replace(target[section], " ")
            found.append((" ".join(target["brief_hospital_course"].split()), " ".join(rest.split()[:WORDS])))
    return found[:notes]


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


# --------------------------------------------------------------------------- the matchers


def quickumls(texts: Sequence[str], table: Path) -> list[Finds]:
    """Asked in the oracle's environment."""
    from oracle.__main__ import WORK, environment
    from oracle._quickumls import REQUIREMENTS

    WORK.mkdir(exist_ok=True)
    command = [str(environment("medcon", REQUIREMENTS)), "-m", "benchmarks.medcon_agreement", "--table", str(table)]
    done = subprocess.run(command, cwd=HOUSE, input=json.dumps(texts), check=True, stdout=subprocess.PIPE, text=True)
    finds: list[Finds] = json.loads(done.stdout.splitlines()[-1])
    return finds


def answer(table: Path) -> None:
    """The half that runs there."""
    from benchmarks.medcon_speed import umls
    from oracle._quickumls import PublishedMatcher, index, prepare

    texts = json.load(sys.stdin)
    prepare()
    published = PublishedMatcher(index("open vocabulary", umls(table), "-L"))
    print(json.dumps([published.concepts(text) for text in texts]))


def open_matcher(texts: Sequence[str], table: Path) -> list[Finds]:
    from harness.nlp.concepts.open_vocabulary import open_vocabulary

    vocabulary = open_vocabulary(table.parent)
    return [vocabulary.concepts(text) for text in texts]


def medcat(texts: Sequence[str], table: Path) -> list[Finds]:
    """With the settings under which MedCAT finds most: no spelling, and no concept left out for want of training."""
    import pandas
    from medcat.cat import CAT
    from medcat.config import Config
    from medcat.model_creation.cdb_maker import CDBMaker
    from medcat.vocab import Vocab

    from benchmarks.medcon_speed import rows
    from harness.nlp.concepts.medcat_pack import open_pack

    logging.disable(logging.CRITICAL)
    config = Config()
    config.general.spell_check = False
    config.components.linking.similarity_threshold = -2
    config.components.linking.train_count_threshold = -2
    config.components.ner.upper_case_limit_len = 0
    table_rows = [
        (concept, name, "A" if at else "P") for concept, _, names in rows(table) for at, name in enumerate(names)
    ]
    frame = pandas.DataFrame(table_rows, columns=["cui", "name", "name_status"])
    cat = CAT(CDBMaker(config).prepare_csvs([frame]), Vocab(), config)
    with tempfile.TemporaryDirectory() as work:
        pack = open_pack(cat.save_model_pack(work, pack_name="open"))
    return [pack.concepts(text) for text in texts]


MATCHERS: dict[str, Callable[[Sequence[str], Path], list[Finds]]] = {"open": open_matcher, "medcat": medcat}


# --------------------------------------------------------------------------- agreement


def values(finds: Sequence[Finds]) -> list[float]:
    from scorers.medcon import f1

    plain = [{term: tuple(ids) for term, ids in one.items()} for one in finds]
    return [f1(reference, hypothesis) for reference, hypothesis in zip(plain[::2], plain[1::2], strict=True)]


def agreement(ours: Finds, theirs: Finds) -> float:
    a, b = ({concept for own in one.values() for concept in own} for one in (ours, theirs))
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else 1.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--data", type=Path, metavar="DIR")
    parser.add_argument("--notes", type=int, default=40)
    parser.add_argument("--table", type=Path, help=argparse.SUPPRESS)  # given where the package is
    asked = parser.parse_args()
    if asked.table:
        answer(asked.table)
        return 0
    if not asked.data:
        parser.error("--data DIR: whose notes?")
    found = pairs(asked.data, asked.notes)
    if not found:
        parser.error(f"--data {asked.data}: there is no SPLIT/discharge.csv.gz in it")

    from harness import assets

    table = assets.path("open-vocabulary") / "concepts.tsv"
    texts = [text for pair in found for text in pair]
    theirs = quickumls(texts, table)
    expected = values(theirs)
    print(f"{len(expected)} notes, quickumls: mean {statistics.fmean(expected):.3f}")
    for name, matcher in MATCHERS.items():
        start = time.perf_counter()
        finds = matcher(texts, table)
        took = time.perf_counter() - start
        own = values(finds)
        same = statistics.fmean(map(agreement, finds, theirs))
        correlation = statistics.correlation(own, expected)
        print(f"{name:7} correlation {correlation:.3f}, mean {statistics.fmean(own):.3f}, ", end="")
        print(f"finds agree {same:.3f}; {took:.1f} s to open and match")
    return 0


if __name__ == "__main__":
    sys.exit(main())
