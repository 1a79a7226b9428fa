"""The engine `server`: any endpoint that speaks OpenAI's API (`vllm serve`, llama.cpp's server, Ollama and others).

Each text is a request of its own, not streamed, at most `concurrency` of them under way. No text is asked for twice at
a time: a request is repeated only when the connection of the one before is closed, and one answer is taken. Repeating
is harmless, for it changes nothing on the server but its load.

A server's determinism is not ours. It batches requests as they come, so greedy texts may differ from one run to the
next where two tokens are nearly as likely; a sampled text has the seed of (seed, case, field, index), of which a server
makes what it makes. The identity of a run is the name of the model and what the server says of it, not its address: a
server that is given other weights under the same name and says the same of them is taken for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from harness.characters import readable
from harness.engines.client import Client, Fault, at_root, get
from harness.engines.finished import as_they_finish
from harness.engines.prompts import chat_messages, plain_prompt, prompt_tokens, seed, until
from harness.engines.served import (
    Served,
    client_for,
    load_tokenizer,
    look,
    name_of,
    refuse_all,
    tokenizer_digest,
    tokenizer_folder,
)
from harness.errors import GenerationError, RunError, SettingsError
from harness.files import digest
from harness.lineup import ServerSettings
from harness.pace import waited
from harness.progress import counter
from harness.types import Completion, Message, Prompt, Sampling

GIVE_UP_AFTER = 20
"""Prompts that fail in a row before the rest is not asked for; twice the concurrency where that is more."""

_UNTOUCHED: Mapping[str, Mapping[str, Any]] = {
    "vllm": {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0},
    "llamacpp": {"top_k": 0, "min_p": 0.0, "repeat_penalty": 1.0},
}
"""What keeps a server from changing the distribution by defaults of its own or of the model's generation config."""


def open_server(settings: ServerSettings) -> ServerEngine:
    """Look at the server and make ready to ask it. Raises PrivacyError, before anything is sent, where the corpus is
    restricted and the host is neither this machine nor named in `hosts`; RunError where the server does not answer,
    SettingsError where its model is not clear or the key's variable is not set."""
    client = client_for(settings)
    return ServerEngine(settings, client, look(client, settings))


def server_identity(settings: ServerSettings) -> dict[str, Any]:
    """What determines a server's texts as far as it says so: the address and the manner of asking are no part of it."""
    return open_server(settings).identity


@dataclass(frozen=True)
class ServerEngine:
    """An `Engine` that asks a server."""

    settings: ServerSettings
    client: Client
    served: Served

    def complete(
        self, prompts: Sequence[Prompt], sampling: Sampling, done: Collection[int] = ()
    ) -> Iterator[tuple[int, list[Completion]]]:
        """Yield (index into prompts, its completions) as they come; what is in `done` is not asked for.

        `tokens` and `logprob` are the server's word, None where it gives none; the `seconds` of all texts add up to
        those that were waited, however many requests were under way. Raises GenerationError at the end for the prompts
        that failed, RunError as soon as the server refuses all (key, model, address) or many in a row have failed,
        SettingsError for what the API cannot do."""
        _refuse_penalties(sampling)
        samples = sampling.samples if sampling.temperature else 1
        finished = set(done)
        missing = [at for at in range(len(prompts)) if at not in finished]

        def ask(at: int) -> list[Completion]:
            return [self._complete(prompts[at], sampling, index) for index in range(samples)]

        return self._generate(prompts, missing, ask)

    def adapted(self, adapter: Path) -> ServerEngine:
        raise SettingsError(
            "a server takes no adapter from here",
            todo="let it serve the adapter under a name of its own, name that as the engine's model, and enter few-shot"
            ' with shots = 0; or set kind = "transformers"',
        )

    def count_tokens(self, text: str) -> int:
        if self._tokenizer is not None:
            return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])
        if self.served.dialect == "vllm":
            return self._count({"model": self.served.model, "prompt": text, "add_special_tokens": False})
        return self._count({"content": text, "add_special": False})

    def count_prompt(self, messages: Sequence[Message]) -> int:
        if self._tokenizer is not None:
            return len(prompt_tokens(self._tokenizer, messages, self.settings.chat))
        text, chat = plain_prompt(messages), {}
        if self.settings.chat:
            templating = {key: value for key, value in self.settings.extra.items() if key == "chat_template_kwargs"}
            chat = {"messages": chat_messages(messages), **templating}
        if self.served.dialect == "vllm":
            return self._count({"model": self.served.model, **(chat or {"prompt": text})})
        if chat:
            text = self._at_root("/apply-template", chat, "prompt", str)
        return self._count({"content": text, "add_special": True})

    @property
    def context_length(self) -> int:
        length = self.settings.context_length or self.served.context
        if not length:
            raise SettingsError(
                f"the server at {self.settings.host} does not say how many tokens its model has room for",
                todo="write context_length = TOKENS, as the server was started, into the lineup's [engine]",
            )
        return length

    @cached_property
    def identity(self) -> dict[str, Any]:
        chosen = self.settings
        return {
            "kind": chosen.kind,
            "model": name_of(self.served.model),
            "chat": chosen.chat,
            "extra": dict(chosen.extra),
            "tokenizer": tokenizer_digest(tokenizer_folder(chosen.tokenizer)) if chosen.tokenizer else "",
            "context_length": chosen.context_length or self.served.context,
            "server": dict(self.served.says),
        }

    @property
    def digest(self) -> str:
        return digest(self.identity)

    # ----------------------------------------------------------------- asking

    def _generate(
        self, prompts: Sequence[Prompt], missing: Sequence[int], ask: Callable[[int], list[Completion]]
    ) -> Iterator[tuple[int, list[Completion]]]:
        failed: dict[int, str] = {}
        spent, in_a_row, most = 0.0, 0, max(GIVE_UP_AFTER, 2 * self.settings.concurrency)
        with counter("generating", total=len(missing), unit="prompt") as progress:
            for (at, result), seconds in waited(as_they_finish(ask, missing, self.settings.concurrency)):
                progress.update()
                spent += seconds
                if not isinstance(result, Fault):
                    share, spent, in_a_row = spent / len(result), 0.0, 0
                    yield at, [replace(one, seconds=share) for one in result]
                    continue
                refuse_all(result, self.settings.host)
                failed[at] = _hint(result)
                in_a_row += 1
                if in_a_row == most:
                    raise RunError(
                        f"the server at {self.settings.host} failed on {most} prompts in a row, the last that of case "
                        f"{prompts[at].case}, {prompts[at].field}: {failed[at]}",
                        todo="what it wrote before is kept; look at the server, then give the same command again",
                    )
        if failed:
            raise GenerationError(failed)

    def _complete(self, prompt: Prompt, sampling: Sampling, index: int) -> Completion:
        answer = self.client.ask("POST", self._path, self._request(prompt, sampling, index))
        return completion(answer, sampling.stop)

    @property
    def _path(self) -> str:
        return "/chat/completions" if self.settings.chat else "/completions"

    def _request(self, prompt: Prompt, sampling: Sampling, index: int) -> dict[str, Any]:
        chat = self.settings.chat
        asked: dict[str, Any] = {"messages": chat_messages(prompt.messages)} if chat else {}
        return {
            **(asked or {"prompt": plain_prompt(prompt.messages)}),
            "model": self.served.model,
            "max_tokens": sampling.max_new_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": seed(prompt, sampling, index) % 2**31,  # llama.cpp has no room for more
            "stream": False,
            "logprobs": True if chat else 1,
            **({"stop": list(sampling.stop)} if sampling.stop else {}),
            **_UNTOUCHED.get(self.served.dialect, {}),
            **self.settings.extra,
        }

    # ----------------------------------------------------------------- counting

    @cached_property
    def _tokenizer(self) -> Any:
        """The tokenizer that the lineup names; None where the server counts. Raises SettingsError where nobody does."""
        if self.settings.tokenizer:
            return load_tokenizer(tokenizer_folder(self.settings.tokenizer))
        if self.served.dialect in ("vllm", "llamacpp"):
            return None
        raise SettingsError(
            f"the server at {self.settings.host} does not count tokens",
            todo="write tokenizer = 'FOLDER' (that of its model's tokenizer) into the lineup's [engine]; systems that "
            "budget in words and ask for no count need none",
        )

    def _count(self, body: Mapping[str, Any]) -> int:
        if self.served.dialect == "vllm":
            return int(self._at_root("/tokenize", body, "count", int))
        return len(self._at_root("/tokenize", body, "tokens", list))

    def _at_root(self, path: str, body: Mapping[str, Any], name: str, kind: type) -> Any:
        try:
            found = at_root(self.client).ask("POST", path, body)
        except Fault as fault:
            raise RunError(
                f"the server at {self.settings.host} did not count the tokens of a prompt: {fault.reason}",
                todo='look at the server, or write tokenizer = "FOLDER" into the lineup\'s [engine]',
            ) from None
        value = found.get(name) if isinstance(found, dict) else None
        if not isinstance(value, kind):
            raise RunError(
                f"the server at {self.settings.host} did not count the tokens of a prompt: its answer has no {name}",
                todo='write tokenizer = "FOLDER" into the lineup\'s [engine]',
            )
        return value


# --------------------------------------------------------------------------- an answer


def completion(answer: Any, stops: Sequence[str]) -> Completion:
    """The first choice of a chat or text completion; its share of the time is for who waits. Raises Fault for what is
    none."""
    choice = _first(get(answer, "choices"))
    message = get(choice, "message")
    text = get(choice, "text") if message is None else get(message, "content")
    if not isinstance(text, str):
        raise Fault("the server's answer holds no text")
    text = readable(text)  # JSON can hold half a character, a file cannot
    kept = until(text, stops)
    reason = get(choice, "finish_reason")
    if reason not in ("stop", "length") and kept == text:
        raise Fault("the server ended the text for another reason than its end or its length")
    finish: Literal["stop", "length"] = "length" if reason == "length" and kept == text else "stop"
    usage = get(answer, "usage")
    return Completion(
        kept,
        finish,
        _count(get(usage, "completion_tokens")),
        0.0,
        _mean_logprob(get(choice, "logprobs")),
        prompt_tokens=_count(get(usage, "prompt_tokens")),
        cached_tokens=_count(get(get(usage, "prompt_tokens_details"), "cached_tokens")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _mean_logprob(found: Any) -> float | None:
    content = get(found, "content")
    values = [get(one, "logprob") for one in content] if isinstance(content, list) else get(found, "token_logprobs")
    if not isinstance(values, list) or not values:
        return None
    if not all(isinstance(value, (int, float)) and -1e6 < value < 1 for value in values):  # else: not what it says
        return None
    return float(sum(values) / len(values))


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


# --------------------------------------------------------------------------- what is refused


def _refuse_penalties(sampling: Sampling) -> None:
    asked = [
        name for name, off in (("repetition_penalty", 1.0), ("no_repeat_ngram", 0)) if getattr(sampling, name) != off
    ]
    if asked:
        raise SettingsError(
            f"the engine 'server' cannot do {' and '.join(asked)}: OpenAI's API has no such thing",
            todo="leave it out of the system's settings; what your server has of its own (repetition_penalty of vLLM, "
            "which counts the prompt too, repeat_penalty of llama.cpp) can be written into the lineup's [engine.extra]",
        )


def _hint(fault: Fault) -> str:
    if fault.status in (400, 413, 422):
        return f"{fault.reason}: the prompt may be longer than its context, or a setting unknown to it"
    return fault.reason
