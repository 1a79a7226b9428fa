"""medcon with the matcher quickumls beside the package, on indexes that are made up here.

Every find is compared, with its concepts and in its order: the value hides much. Ours runs in the package's environment
too, because it opens an index with the package's own readers.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from oracle import Answers
from oracle._quickumls import REQUIREMENTS as REQUIREMENTS
from oracle._quickumls import Name, PublishedMatcher, index, prepare, published_f1

TOLERANCE = {"medcon": 0.0}
SEED = 0
TEXTS = 300
# How many names, and how the installer is called. With few names, what the tagger says is nearly always enough.
INDEXES: dict[str, tuple[int, tuple[str, ...]]] = {
    "3000 names": (3_000, ()),
    "3000 names in lower case": (3_000, ("-L",)),
    "50 names in lower case": (50, ("-L",)),
    "50 names in ascii, leveldb": (50, ("-L", "-U", "-d", "leveldb")),
}

WORDS = """
    chest pain heart failure acute chronic left right lower upper lobe fever cough renal disease kidney infection of in
    the a with and no not to after since like via per upon all both this that each time was is he due mild blood cells
    B12 IL-2 x3 5 38.5 mg/dL Café naïve Übelkeit ﬁbrosis αβ ALL Time None second once pre- post-op s/p O2 3rd half
"""
SIGNS = (".", ",", ";", ":", "-", "--", "/", "(", ")", "___", "  ", "\t", "'s", "%", "+", "?", "😀", "\u00a0", "•")
FIXED = (
    Name("C001", "chest pain", ["T184"]),
    Name("C001", "pain in chest", ["T184"], False),
    Name("C002", "pain in the chest", ["T184"]),
    Name("C003", "chest pain", ["T033"], False),  # two concepts of one name
    Name("C003", "Chest Pain", ["T033"]),
    Name("C004", "abcab", ["T047"]),  # the trigrams of the next one
    Name("C005", "bcabc", ["T047"]),
    Name("C005", "abcab", ["T047"], False),
    Name("C006", "biopsy", ["T060"]),  # of a type that does not count
    Name("C007", "since", ["T047"]),
    Name("C008", "like", ["T047"]),
    Name("C009", "that", ["T047"]),
    Name("C010", "this fever", ["T047"]),
    Name("C011", "ALL", ["T191"]),
    Name("C012", "not well", ["T033"]),
    Name("C013", "Café", ["T168", "T121"]),
    Name("C014", "Cafe", ["T121"]),
    Name("C015", "time", ["T079", "T201"]),
    Name("C016", "after", ["T047"]),
    Name("C017", "ﬁbrosis", ["T047"]),
    Name("C018", "fever, cough", ["T184"]),
    Name("C019", "mg", ["T121"]),
    Name("C020", "aaaaaa", ["T121"]),
    Name("C021", "aaaaa", ["T121"]),
)


def names(count: int) -> list[Name]:
    """The fixed names, and made ones of one to five words, some shared, some of types that do not count."""
    rng = random.Random(SEED)
    made = []
    for at in range(count):
        words = rng.choices(WORDS.split(), k=rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5)))
        types = rng.sample(("T047", "T184", "T121", "T023", "T060", "T170"), rng.choice((1, 1, 2)))
        made.append(Name(f"C{1000 + at // 2}", " ".join(words), types, rng.random() < 0.5))
    return [*FIXED, *made]


def texts() -> list[str]:
    """Texts of the names and their words, with determiners, signs and capitals between them."""
    rng = random.Random(SEED + 1)
    known = [one.name for one in names(300)]
    return ["", " ", "pain", "the chest pain", "abcab bcabc", *(_text(rng, known) for _ in range(TEXTS))]


def _text(rng: random.Random, known: Sequence[str]) -> str:
    parts = []
    for _ in range(rng.randint(1, 60)):
        part = rng.choice(known) if rng.random() < 0.4 else rng.choice(WORDS.split())
        change: Callable[[str], str] = rng.choice((str,) * 8 + (str.upper, str.title, str.lower))
        parts.append(change(part))
        parts.append(rng.choice((" ",) * 12 + (" the ", " ", "")) + (rng.choice(SIGNS) if rng.random() < 0.2 else ""))
    return "".join(parts)


def pairs() -> list[tuple[str, str]]:
    made = texts()
    return list(zip(made, [*made[1:], made[0]], strict=True))


def reference() -> Answers:
    prepare()
    values: list[float] = []
    facts = {"stop words whose lemma is a negation": " ".join(sorted(_negations()))}
    for name, (count, flags) in INDEXES.items():
        published = PublishedMatcher(index(name, names(count), *flags))
        found = {text: published.concepts(text) for text in texts()}
        facts[f"finds, {name}"] = _digest(found.values())
        values += [published_f1(found[one], found[other]) for one, other in pairs()]
    return Answers({"medcon": values}, facts)


def _negations() -> Iterator[str]:
    """The package lets a stop word stand alone if its lemma is a negation; ours, if the word itself is one."""
    import spacy
    from nltk.corpus import stopwords
    from quickumls.constants import NEGATIONS
    from spacy.tokens import Doc

    nlp = spacy.load("en_core_web_sm")
    for word in {*stopwords.words("english"), "time"}:
        doc = Doc(nlp.vocab, words=[word] * len(nlp.get_pipe("tagger").labels))
        for token, tag in zip(doc, nlp.get_pipe("tagger").labels, strict=True):
            token.tag_ = tag
        for part in ("attribute_ruler", "lemmatizer"):
            doc = nlp.get_pipe(part)(doc)
        negated = {token.lemma_ in NEGATIONS for token in doc}
        if True in negated:
            yield word if negated == {True} else f"{word}?"


def ours() -> Answers:
    from oracle.__main__ import HOUSE, environment

    python = environment("medcon", REQUIREMENTS)
    done = subprocess.run(
        [str(python), "-c", "from oracle.medcon import ours_there; ours_there()"],
        cwd=HOUSE,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    answers = json.loads(done.stdout.splitlines()[-1])
    return Answers(answers["values"], answers["facts"])


def ours_there() -> None:
    """Our matcher and formula, in the package's environment."""
    from harness.nlp.concepts.quickumls_index import open_index
    from harness.nlp.concepts.tagged import NEGATIONS
    from scorers.medcon import f1

    prepare()
    values: list[float] = []
    facts = {}
    for name in INDEXES:
        matcher: Any = open_index(str(index(name, ())))
        alone = sorted(NEGATIONS & matcher._tagger.stopwords)
        facts["stop words whose lemma is a negation"] = " ".join(alone)
        found = {text: matcher.concepts(text) for text in texts()}
        facts[f"finds, {name}"] = _digest(found.values())
        values += [f1(found[one], found[other]) for one, other in pairs()]
    print(json.dumps({"values": {"medcon": values}, "facts": facts}))


def _digest(finds: Iterable[Mapping[str, Sequence[str]]]) -> str:
    sha = hashlib.sha256()
    for terms in finds:
        sha.update(json.dumps(list(terms.items())).encode() + b"\n")
    return sha.hexdigest()
