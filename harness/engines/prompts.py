"""What is the same for every engine: a prompt's tokens, the seed of a text, and where a text ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from harness.errors import AssetError, RunError
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
    """Tokens of a prompt. A chat template writes its own special tokens: the tokenizer must not add them again. Raises
    AssetError where it refuses the messages."""
    if not chat:
        return list(tokenizer(plain_prompt(messages))["input_ids"])
    from jinja2 import TemplateError

    try:
        text = tokenizer.apply_chat_template(
            chat_messages(messages),
            tokenize=False,
            add_generation_prompt=True,
            date_string="01 Jan 2024",  # some templates state today's date, and every day would have texts of its own
        )
    except TemplateError:  # its message may be any text, a patient's too
        roles = ", ".join(dict.fromkeys(role for role, _ in messages))
        raise AssetError(
            f"the model's chat template refuses messages of these roles: {roles}",
            todo="some take no system message: write chat = false into the lineup's [engine], or name another model",
        ) from None
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def check_room(prompts: Sequence[Prompt], lengths: Sequence[int], sampling: Sampling, context: int) -> None:
    """Raise RunError for prompts of these lengths (tokens) that leave no room for what is to be written."""
    room = context - sampling.max_new_tokens
    long = [at for at, length in enumerate(lengths) if not 0 < length <= room]
    if long:
        first = prompts[long[0]]
        raise RunError(
            f"case {first.case}, {first.field}: the prompt has {lengths[long[0]]} tokens; with "
            f"{sampling.max_new_tokens} new ones the model's {context} have room for {max(room, 0)}"
            + (f" ({len(long)} prompts are too long)" if len(long) > 1 else ""),
            todo="give the system a smaller input budget, or fewer max_new_tokens",
        )


def end_of_turn(tokenizer: Any, chat: bool) -> int:
    """The token that a model is taught to end its text with: what the chat template writes behind an answer (of
    LLaMA-3's two stop tokens the end of the turn), else the tokenizer's end of text. Raises AssetError where neither is
    one."""
    end = tokenizer.eos_token_id
    if chat:
        question = [{"role": "user", "content": "?"}]
        asked = tokenizer.apply_chat_template(question, tokenize=False, add_generation_prompt=True)
        answered = tokenizer.apply_chat_template([*question, {"role": "assistant", "content": "!"}], tokenize=False)
        if answered.startswith(f"{asked}!") and (behind := answered[len(asked) + 1 :]):
            end = tokenizer(behind, add_special_tokens=False)["input_ids"][0]
    if end is None:
        raise AssetError(
            "the model's tokenizer has no token that ends a text", todo="set eos_token in its configuration"
        )
    return int(end)


def without_end(tokens: Sequence[int], ends: Collection[int]) -> Sequence[int]:
    """The tokens of a text without the one that ended it, which its tokenizer need not count as special."""
    return tokens[:-1] if tokens and tokens[-1] in ends else tokens


def until(text: str, stops: Sequence[str]) -> str:
    """The text before the first of the stop strings."""
    ends = [found for string in stops if (found := text.find(string)) >= 0]
    return text[: min(ends)] if ends else text
