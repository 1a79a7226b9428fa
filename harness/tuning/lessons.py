"""Lessons as tokens: an Arrow file, memory-mapped, so that a split of 68,785 stays is as easy to hold as one of 60."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.prompts import end_of_turn, prompt_tokens
from harness.types import Lesson


@dataclass(frozen=True)
class Encoded:
    """The tokens of a lesson: prompt, target and end token. The last `target` of them are to be learned."""

    tokens: tuple[int, ...]
    target: int
    group: str = ""


@dataclass(frozen=True)
class Taught:
    """What was written: the digest of all lessons in their order, how many there are, how many found no room in a row,
    and how many were left out for their subject."""

    digest: str
    lessons: int
    too_long: int
    elsewhere: int


def encode(lesson: Lesson, tokenizer: Any, chat: bool) -> Encoded:
    """The prompt is tokenised by the function that generation uses; then the target, then what ends a text."""
    prompt = prompt_tokens(tokenizer, lesson.prompt.messages, chat)
    target = [*tokenizer(lesson.target, add_special_tokens=False)["input_ids"], end_of_turn(tokenizer, chat)]
    return Encoded((*prompt, *target), len(target), lesson.group)


def write_lessons(
    path: Path, lessons: Iterable[Lesson], tokenizer: Any, chat: bool, longest: int, elsewhere: frozenset[str]
) -> Taught:
    """Write the lessons of at most `longest` tokens whose subject is not `elsewhere`."""
    from datasets import Features, Sequence, Value
    from datasets.arrow_writer import ArrowWriter

    features = Features({"tokens": Sequence(Value("int32")), "target": Value("int32"), "group": Value("string")})
    sha, kept, too_long, left_out = hashlib.sha256(), 0, 0, 0
    with ArrowWriter(features=features, path=str(path)) as writer:
        for lesson in lessons:
            if lesson.group in elsewhere:
                left_out += 1
                continue
            encoded = encode(lesson, tokenizer, chat)
            if len(encoded.tokens) > longest:
                too_long += 1
                continue
            kept += 1
            sha.update(array("i", [len(encoded.tokens), encoded.target, *encoded.tokens]).tobytes())
            writer.write({"tokens": encoded.tokens, "target": encoded.target, "group": encoded.group})
        writer.finalize()
    path.chmod(0o600)
    return Taught(sha.hexdigest(), kept, too_long, left_out)


class LessonFile:
    """The lessons of a job, read as they are needed."""

    def __init__(self, path: Path) -> None:
        from datasets import Dataset

        self._rows: Any = Dataset.from_file(str(path))
        self.lengths: list[int] = [len(tokens) for tokens in self._column("tokens")]
        self.targets: list[int] = list(self._column("target"))
        self.groups: list[str] = list(self._column("group"))

    def _column(self, name: str) -> Iterator[Any]:
        for batch in self._rows.select_columns([name]).iter(1000):
            yield from batch[name]

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, at: int) -> Encoded:
        row = self._rows[at]
        return Encoded(tuple(row["tokens"]), row["target"], row["group"])
