"""nltk's `word_tokenize` of English text, token for token, many times faster.

Two steps: Punkt (Kiss and Strunk 2006) cuts a text into sentences, then the rules of the Penn Treebank as nltk has
them cut a sentence into tokens. nltk itself stands behind both: what is quick here are decisions that depend on a
word or two and come again and again. A word between two spaces is always cut in the same way, but for the first
word of a sentence, which may open a quotation, and its last ones, which hold the final full stop. A full stop ends a
sentence or not by the words beside it. Whatever is out of the ordinary goes to nltk as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain

from nltk.tokenize import NLTKWordTokenizer, PunktSentenceTokenizer
from nltk.tokenize.punkt import PunktParameters

from scorers._texts import Memo

_TAB = re.compile(r"[\t\r\v\f]")  # as good as a space, but to the rules about the characters that follow
_TELLS_SPACES = re.compile(r"[\"')\]}>»”’]")
_ODD_SPACE = re.compile(r"[^\S \t\r\v\f]")  # a space to one part of nltk and none to another
_AFTER_WORD = r"[)\";}\]*:@'({\[‘’“”«»?!]"  # punctuation that may follow a mark without a space
_MARK = re.compile(rf"[.?!](?=(?P<after>{_AFTER_WORD}| +(?P<next>[^ ]+)))")
_CLOSING = re.compile(r"[\"')\]}‘’“”«»]+?(?: +|(?=--)|$)")
_FINAL = " ])}>\"'»”’"  # what may stand between the final full stop and the end

_PLAIN_WORD = re.compile(r"([A-Za-z0-9]+)([.,;:?!]?)")
_CONTRACTIONS = {"cannot", "gimme", "gonna", "gotta", "lemme", "wanna"}  # of letters alone, and yet two tokens

_PLAIN_STOP = re.compile(rf"(\w+|\d+(?:\.\d+)+)\.(?: +(\w+)(?:[,;:]|(\.))?|({_AFTER_WORD}))", re.ASCII)
_PLAIN_NUMBER = re.compile(r"\d+(?:\.\d+)*", re.ASCII)
_NUMBER = "##number##"

# In which places Punkt's training met a word: at the beginning of a sentence, within one, or unknown where.
_UPPER_WITHIN, _UPPER = 1 << 2, 1 << 1 | 1 << 2 | 1 << 3
_LOWER_FIRST, _LOWER = 1 << 4, 1 << 4 | 1 << 5 | 1 << 6


class EnglishWords:
    """Cuts an English text into the tokens of `nltk.word_tokenize` with these parameters of Punkt."""

    def __init__(self, parameters: PunktParameters) -> None:
        self._parameters = parameters
        self._punkt = PunktSentenceTokenizer(parameters)
        self._cut: Callable[[str], list[str]] = NLTKWordTokenizer().tokenize
        self._whole = Memo(self._cut)
        self._opening = Memo(lambda word: self._cut(f"{word} x")[:-1])
        self._inner = Memo(self._cut_inner)
        self._ending = Memo(self._cut_ending)
        self._stops = Memo(self._stop_ends_sentence)

    def __call__(self, text: str) -> list[str]:
        if _ODD_SPACE.search(text):
            return [token for sentence in self._punkt.tokenize(text) for token in self._cut(sentence)]
        plain = _TAB.sub(" ", text)
        tokens: list[str] = []
        for start, end in self._sentences(plain):
            sentence = plain[start:end]
            if plain != text and _TELLS_SPACES.search(sentence):
                tokens += self._cut(text[start:end])
            else:
                tokens += self._tokens(sentence)
        return tokens

    # ---------------------------------------------------------------- sentence -> tokens

    def _tokens(self, sentence: str) -> Iterator[str]:
        ending = sentence.rfind(" ", 0, len(sentence.rstrip(_FINAL))) + 1
        if not ending:
            return iter(self._whole[sentence])
        words = sentence[:ending].split()
        opening = self._opening[words.pop(0)] if sentence[0] in "'\"" else ()
        return chain(opening, chain.from_iterable(map(self._inner.__getitem__, words)), self._ending[sentence[ending:]])

    def _cut_inner(self, word: str) -> list[str]:
        plain = _PLAIN_WORD.fullmatch(word)
        if not plain or plain[1].lower() in _CONTRACTIONS:
            return self._cut(f"x {word} x")[1:-1]
        return [word] if plain[2] in "." else [plain[1], plain[2]]

    def _cut_ending(self, words: str) -> list[str]:
        plain = _PLAIN_WORD.fullmatch(words)
        if not plain or plain[1].lower() in _CONTRACTIONS:
            return self._cut(f"x {words}")[1:]
        return [plain[1], *plain[2]]

    # ---------------------------------------------------------------- text -> sentences

    def _sentences(self, text: str) -> Iterator[tuple[int, int]]:
        """Start and end of each sentence; punctuation that closes a sentence belongs to it, not to the next."""
        moved = 0
        slices = self._slices(text)
        start, end = next(slices)
        for next_start, next_end in slices:
            start += moved
            if closing := _CLOSING.match(text, next_start, next_end):
                end = next_start + len(closing[0].rstrip())
                moved = closing.end() - next_start
            else:
                moved = 0
            if start < end:
                yield start, end
            start, end = next_start, next_end
        if start + moved < end:
            yield start + moved, end

    def _slices(self, text: str) -> Iterator[tuple[int, int]]:
        start = 0
        for mark, word in _marks(text):
            if mark[0] != "." or self._stops[f"{word}.{mark['after']}"]:
                yield start, mark.end()
                start = mark.start("next") if mark["next"] else mark.end()
        yield start, len(text.rstrip())

    def _stop_ends_sentence(self, context: str) -> bool:
        """Whether the full stop ends a sentence: `context` is a word, the stop, and what follows."""
        plain = _PLAIN_STOP.fullmatch(context)
        if not plain:
            return bool(self._punkt.text_contains_sentbreak(context))
        known = self._parameters
        word, after, stop = plain[1], plain[2] or plain[4], plain[3]
        kind, next_kind = _kind(word), _kind(after)
        if stop and next_kind in known.abbrev_types:
            next_kind += stop
        if (kind, next_kind) in known.collocations:
            return False

        abbreviation, initial = word.lower() in known.abbrev_types, len(word) == 1 and not word.isdigit()
        places = known.ortho_context[next_kind]
        upper, lower = after[0].isupper(), after[0].islower()
        begins = upper and places & _LOWER and not places & _UPPER_WITHIN
        goes_on = after in ";:!?" or (lower and (places & _UPPER or not places & _LOWER_FIRST))
        if abbreviation and not initial and (begins or (upper and next_kind in known.sent_starters)):
            return True
        if (initial or kind == _NUMBER) and goes_on:
            return False
        if initial and upper and not begins and not places & _LOWER:
            return False
        return not abbreviation


def _kind(word: str) -> str:
    return _NUMBER if _PLAIN_NUMBER.fullmatch(word) else word.lower()


def _marks(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """The marks that may end a sentence, each with the word before it; of several at one word the last."""
    start = end = 0  # of the word before the mark that was met last
    last = None
    for mark in _MARK.finditer(text):
        space = text.rfind(" ", end, mark.start())
        word_start = space + 1 if space > end else start
        if last and end <= word_start:
            yield last, text[start:end]
        last, start, end = mark, word_start, mark.start()
    if last:
        yield last, text[start:end]
