"""bleu, rouge, meteor and sacrebleu beside rouge-score, sacrebleu and nltk with its own WordNet and Punkt."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace

from benchmarks.texts import odd_pairs, summaries
from oracle import Answers
from oracle._nltk_data import WORDNET, nltk_data
from oracle._published_bleu import published_bleu

REQUIREMENTS = ("nltk==3.10.4", "rouge-score==0.1.2", "sacrebleu==2.6.0", "numpy==2.4.6")
TOLERANCE = dict.fromkeys(("bleu", "rouge1", "rouge2", "rougel", "meteor", "sacrebleu"), 1e-9)
SEED = 0
STAYS, ODD = 60, 400

TABLES = Path(__file__).resolve().parent.parent / "scorers" / "tables"
ENDINGS = ("s", "es", "ed", "ing", "er", "est")


def reference() -> Answers:
    import nltk
    from nltk.tokenize import word_tokenize
    from nltk.translate.meteor_score import single_meteor_score
    from rouge_score.rouge_scorer import RougeScorer
    from sacrebleu import sentence_bleu

    nltk.data.path[:] = [str(nltk_data())]
    rouge = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
    values: dict[str, list[float]] = {column: [] for column in TOLERANCE}
    for wanted, given in pairs():
        values["bleu"].append(published_bleu(wanted, given))
        for name, score in rouge.score(wanted, given).items():
            values[name.lower()].append(score.fmeasure)
        values["meteor"].append(single_meteor_score(word_tokenize(wanted), word_tokenize(given)))
        values["sacrebleu"].append(sentence_bleu(given, [wanted]).score)

    def synonyms(word: str) -> set[str]:
        names = {name for synset in nltk.corpus.wordnet.synsets(word) for name in synset.lemma_names()}
        return {name for name in names if "_" not in name and name == name.lower()}

    with tempfile.TemporaryDirectory() as made:
        subprocess.run([sys.executable, str(TABLES / "build.py"), str(nltk_data()), "--out", made], check=True)
        return Answers(values, _facts(sorted(Path(made).glob("*.tsv")), word_tokenize, synonyms))


def ours() -> Answers:
    from harness import Pair, punkt_parameters
    from harness.nlp.sentences import PUNKT
    from scorers._english import EnglishWords
    from scorers._wordnet import WordNet
    from scorers.bleu import Bleu
    from scorers.meteor import WORDNET, Meteor
    from scorers.rouge import Rouge
    from scorers.sacrebleu import SacreBleu

    asked = [Pair(str(i), str(i), "text", *texts) for i, texts in enumerate(pairs())]
    values: dict[str, list[float]] = {}
    for plugin in (Bleu, Rouge, Meteor, SacreBleu):
        scorer = plugin().open(SimpleNamespace(language="en"))
        values |= dict(zip(scorer.columns, scorer.measure(asked).T.tolist(), strict=True))
    synonyms = WordNet((TABLES / WORDNET).read_text("utf-8")).synonyms
    return Answers(values, _facts([PUNKT, TABLES / WORDNET], EnglishWords(punkt_parameters()), synonyms))


# --------------------------------------------------------------------------- the questions


def pairs() -> list[tuple[str, str]]:
    """References and hypotheses, their line breaks replaced as the published script does."""
    references, system, _ = summaries(STAYS, SEED)
    both = [*zip(references, system, strict=True), *odd_pairs(ODD, SEED)]
    return [(wanted.replace("\n", " "), given.replace("\n", " ")) for wanted, given in both]


def words() -> list[str]:
    """Every form that WordNet lists, many of them with an ending, and words that are none."""
    rng = random.Random(SEED)
    files = sorted(file for pattern in ("index.*", "*.exc") for file in (nltk_data() / WORDNET).glob(pattern))
    lines = [line for file in files if file.name != "index.sense" for line in file.read_text("utf-8").splitlines()]
    forms = sorted({line.split()[0] for line in lines if not line.startswith(" ")})
    inflected = [form + rng.choice(ENDINGS) for form in rng.sample(forms, 30_000)]
    nonsense = ["".join(rng.choices("abcdeings_'-", k=rng.randint(1, 6))) for _ in range(10_000)]
    return [*forms, *inflected, *nonsense]


def _facts(
    tables: Sequence[Path], tokens: Callable[[str], list[str]], synonyms: Callable[[str], Iterable[str]]
) -> dict[str, str]:
    asked = words()
    return {
        "compiled tables": _digest(file.read_text("utf-8") for file in tables),
        "tokens": _digest(tokens(text) for pair in pairs() for text in pair),
        f"synonyms of {len(asked)} words": _digest(sorted({*synonyms(word), word}) for word in asked),
    }


def _digest(answers: Iterable[object]) -> str:
    sha = hashlib.sha256()
    for answer in answers:
        sha.update(json.dumps(answer).encode() + b"\n")
    return sha.hexdigest()
