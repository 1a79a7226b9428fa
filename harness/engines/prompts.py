"""What is the same for every engine: a prompt's tokens, the seed of a text, and where a text ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.files import digest
from harness.types import Message, Prompt, Sampling


def seed(prompt: Prompt, sampling: Sampling, index: int) -> int:
    """The seed of one sampled text, of 60 bits: its own, whatever is generated beside it."""
    return int(digest([sampling.seed, prompt.case, prompt.field, index])[:15], 16)


def plain_prompt(messages: Sequence[Message]) -> str:
    """What a model without a chat template is asked to go on from."""
    return "\n\n".join(text for _, text in messages)


def chat_messages(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


def prompt_tokens(tokenizer: Any, messages: Sequence[Message], chat: bool) -> list[int]:
    """Tokens of a prompt. A chat template writes its own special tokens: the tokenizer must not add them again."""
    if not chat:
        return list(tokenizer(plain_prompt(messages))["input_ids"])
    text = tokenizer.apply_chat_template(
        chat_messages(messages),
        tokenize=False,
        add_generation_prompt=True,
        date_string="01 Jan 2024",  # some templates state today's date, and every day would have texts of its own
    )
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def until(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stop strings."""
    ends = [found for string in stops if (found := text.find(string)) >= 0]
    return text[: min(ends)] if ends else text
