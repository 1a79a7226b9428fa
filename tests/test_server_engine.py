"""The engine `server` against a real server process: what it asks, what it makes of the answers, and of every fault."""

from __future__ import annotations

import dataclasses
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cli import main
from harness.engines import client as client_module
from harness.engines.client import Fault
from harness.engines.finished import as_they_finish
from harness.engines.prompts import seed
from harness.engines.served import _listed_as, name_of
from harness.engines.server import ServerEngine, completion, open_server
from harness.errors import AssetError, GenerationError, HarnessError, RunError, SettingsError
from harness.lineup import ServerSettings, build, read_lineup
from harness.resources import ResumingEngine, engine_identity
from harness.types import Completion, Prompt, Sampling

SCRIPT = Path(__file__).with_name("openai_server.py")
PROMPTS = [Prompt(str(20000 + at), "course", (("user", f"question {at} please"),)) for at in range(6)]
SECRET = "question 2 please"


class Process:
    """The server process; `port` stays when it is started again."""

    def __init__(self, dialect: str) -> None:
        self.dialect, self.port = dialect, 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(SCRIPT), str(self.port), self.dialect]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def plan(self, *faults: dict[str, Any]) -> None:
        data = json.dumps(faults).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url[:-3]}/plan", data=data), timeout=5).close()

    def log(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url[:-3]}/log", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def asked(self, path: str = "/v1/chat/completions") -> list[dict[str, Any]]:
        return [one["body"] for one in self.log()["requests"] if one["path"] == path]


@pytest.fixture
def serve() -> Iterator[Callable[[str], Process]]:
    started: list[Process] = []

    def start(dialect: str) -> Process:
        started.append(Process(dialect))
        return started[-1]

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def vllm(serve: Callable[[str], Process]) -> Process:
    return serve("vllm")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "BACKOFF_SECONDS", 0.01)


def opened(server: Process, **settings: Any) -> ServerEngine:
    return open_server(ServerSettings(url=server.url, **{"timeout": 5.0, "retries": 2, **settings}))


def failures(engine: ServerEngine, after: Callable[[int], object] = abs) -> tuple[dict[int, str], Mapping[int, str]]:
    """What was completed, and why the rest was not. `after` is called with each index that is there."""
    found = {}
    try:
        for at, [one] in engine.complete(PROMPTS, Sampling(5)):
            found[at] = one.text
            after(at)
    except GenerationError as error:
        return found, error.reasons
    return found, {}


# --------------------------------------------------------------------------- what is asked


def test_a_chat_request_says_all_that_decides_the_text(vllm: Process) -> None:
    prompt = Prompt("7", "course", (("system", "Be brief."), ("user", "Why?")))
    sampling = Sampling(9, temperature=0.7, top_p=0.9, stop=("END",), seed=3)
    list(opened(vllm, extra={"min_p": 0.1, "top_k": 5}).complete([prompt], sampling))
    assert vllm.asked() == [
        {
            "model": "tiny-model",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}],
            "max_tokens": 9,
            "temperature": 0.7,
            "top_p": 0.9,
            "stop": ["END"],
            "seed": seed(prompt, sampling, 0) % 2**31,
            "stream": False,
            "logprobs": True,
            "top_k": 5,
            "min_p": 0.1,
            "repetition_penalty": 1.0,
        }
    ]


def test_raw_completions_join_the_messages_and_go_to_their_own_page(serve: Callable[[str], Process]) -> None:
    server = serve("plain")
    prompt = Prompt("7", "course", (("system", "Be brief."), ("user", "Why?")))
    [(at, [one])] = list(opened(server, chat=False, extra={"logprobs": False}).complete([prompt], Sampling(3)))
    assert (at, one.finish, one.tokens, one.logprob) == (0, "length", 3, -0.5)
    [body] = server.asked("/v1/completions")
    assert body["prompt"] == "Be brief.\n\nWhy?"
    assert body["logprobs"] is False
    assert not {"messages", "stop", "top_k", "repetition_penalty", "n"} & set(body)


def test_the_key_comes_from_the_environment_and_stands_nowhere_else(
    vllm: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARD_KEY", "s3cret-value")
    engine = opened(vllm, api_key_env="WARD_KEY")
    list(engine.complete(PROMPTS[:1], Sampling(3)))
    assert {one["headers"]["Authorization"] for one in vllm.log()["requests"]} == {"Bearer s3cret-value"}
    assert "s3cret" not in repr(engine) + json.dumps(engine.identity)
    for value in ("", "two\nlines", "schlüssel"):
        monkeypatch.setenv("WARD_KEY", value)
        with pytest.raises(SettingsError) as caught:
            opened(vllm, api_key_env="WARD_KEY")
        assert str(caught.value) == (
            "the variable WARD_KEY of the environment holds no key\n  -> export WARD_KEY=... in this shell"
        )


def test_no_proxy_of_the_environment_is_used(vllm: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert len(list(opened(vllm).complete(PROMPTS[:1], Sampling(3)))) == 1


def test_no_more_requests_are_under_way_than_allowed_and_each_prompt_is_asked_once(vllm: Process) -> None:
    prompts = [Prompt(str(at), "course", (("user", f"case {at}"),)) for at in range(24)]
    vllm.plan({"match": "case", "do": "wait for others", "others": 2})
    assert {at for at, _ in opened(vllm, concurrency=3).complete(prompts, Sampling(4))} == set(range(24))
    assert vllm.log()["most"] == 3
    contents = [body["messages"][0]["content"] for body in vllm.asked()]
    assert sorted(contents) == sorted(f"case {at}" for at in range(24))


def test_what_is_done_is_not_asked_again(vllm: Process) -> None:
    engine = opened(vllm)
    whole = dict(engine.complete(PROMPTS, Sampling(5)))
    before = len(vllm.asked())
    resumed = dict(engine.complete(PROMPTS, Sampling(5), done=[0, 2, 5]))
    assert set(resumed) == {1, 3, 4}
    assert len(vllm.asked()) - before == 3
    assert {at: found[0].text for at, found in resumed.items()} == {at: whole[at][0].text for at in resumed}
    assert list(engine.complete(PROMPTS, Sampling(5), done=range(6))) == []


def test_results_come_as_they_finish(vllm: Process) -> None:
    vllm.plan({"match": "question 0 ", "do": "hang", "times": 1})
    found = opened(vllm, timeout=1.0).complete(PROMPTS[:3], Sampling(3))
    assert {next(found)[0], next(found)[0]} == {1, 2}
    assert next(found)[0] == 0


def test_who_stops_early_leaves_the_rest_unasked(vllm: Process) -> None:
    found = opened(vllm, concurrency=1).complete(PROMPTS, Sampling(3))
    next(found)
    found.close()
    time.sleep(0.2)
    assert len(vllm.asked()) <= 3


def test_the_seconds_of_texts_that_were_asked_for_together_are_those_that_passed(vllm: Process) -> None:
    """Each request takes 0.02 s, one that is made again longer; sixteen are under way at a time."""
    prompts = [Prompt(str(at), "course", (("user", f"case {at}."),)) for at in range(64)]
    vllm.plan({"match": "case 7", "do": "status", "status": 500, "times": 2})
    engine = opened(vllm, concurrency=16)
    for sampling in (Sampling(4), Sampling(4, temperature=1.0, samples=2)):
        started = time.monotonic()
        found = dict(engine.complete(prompts, sampling))
        passed = time.monotonic() - started
        seconds = [one.seconds for completions in found.values() for one in completions]
        assert len(seconds) == 64 * sampling.samples
        assert 0 < sum(seconds) <= passed


def test_the_time_of_prompts_that_failed_is_shared_too(vllm: Process) -> None:
    vllm.plan({"match": "question 0 ", "do": "hang"})
    found = opened(vllm, concurrency=1, timeout=0.5, retries=0).complete(PROMPTS[:2], Sampling(3))
    _, [one] = next(found)
    assert one.seconds >= 0.5


# --------------------------------------------------------------------------- samples, stops, ends


def test_each_sample_has_its_own_seed_and_the_same_every_time(vllm: Process) -> None:
    engine = opened(vllm)
    sampling = Sampling(6, temperature=1.0, samples=3, seed=11)
    first = dict(engine.complete(PROMPTS[:2], sampling))
    assert [len(found) for found in first.values()] == [3, 3]
    assert len({one.text for found in first.values() for one in found}) == 6
    alone = dict(engine.complete(PROMPTS[1:2], sampling))
    assert [one.text for one in alone[0]] == [one.text for one in first[1]]
    other = dict(engine.complete(PROMPTS[:1], dataclasses.replace(sampling, seed=12)))
    assert {one.text for one in other[0]}.isdisjoint(one.text for one in first[0])


def test_greedy_gives_one_text_however_many_samples_are_asked(vllm: Process) -> None:
    [(_, found)] = opened(vllm).complete(PROMPTS[:1], Sampling(3, samples=4))
    assert len(found) == 1


def test_a_stop_string_ends_a_text_also_where_the_server_ignores_it(vllm: Process) -> None:
    engine = opened(vllm)
    [(_, [free])] = engine.complete(PROMPTS[:1], Sampling(12))
    assert free.finish == "stop"
    word = free.text.split()[4]
    [(_, [stopped])] = engine.complete(PROMPTS[:1], Sampling(12, stop=("@@", word)))
    assert stopped.finish == "stop"
    assert free.text.startswith(stopped.text)
    assert word not in stopped.text
    within = word[1:]  # no word of the server's: it does not stop there
    [(_, [cut])] = engine.complete(PROMPTS[:1], Sampling(12, stop=(within,)))
    assert cut.text == free.text[: free.text.index(within)]
    assert cut.finish == "stop"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            {
                "choices": [
                    {
                        "message": {"content": "So be it."},
                        "finish_reason": "stop",
                        "logprobs": {"content": [{"logprob": -1}, {"logprob": -2.0}]},
                    }
                ],
                "usage": {"completion_tokens": 4},
            },
            Completion("So be it.", "stop", 4, 0.0, -1.5),
        ),
        ({"choices": [{"text": "So", "finish_reason": "length"}]}, Completion("So", "length", None, 0.0)),
        ({"choices": [{"text": "", "finish_reason": "stop"}], "usage": "9"}, Completion("", "stop", None, 0.0)),
        (
            {
                "choices": [{"text": "a\ud800b", "finish_reason": "stop", "logprobs": {"token_logprobs": [None, 1]}}],
                "usage": {"completion_tokens": True, "prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 8}},
            },
            Completion("a\ufffdb", "stop", None, 0.0, prompt_tokens=9, cached_tokens=8),
        ),
        (
            {"choices": [{"text": "a END b", "finish_reason": "length", "logprobs": {"token_logprobs": []}}]},
            Completion("a ", "stop", None, 0.0),
        ),
    ],
)
def test_answers_are_read(answer: Any, expected: Completion) -> None:
    assert completion(answer, ("END",)) == expected


NO_TEXT = "the server's answer holds no text"
OTHER_END = "the server ended the text for another reason than its end or its length"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, NO_TEXT),
        ([], NO_TEXT),
        ({}, NO_TEXT),
        ({"choices": []}, NO_TEXT),
        ({"choices": "many"}, NO_TEXT),
        ({"choices": [None]}, NO_TEXT),
        ({"choices": [{"message": "hi", "finish_reason": "stop"}]}, NO_TEXT),
        ({"choices": [{"message": {"content": None}, "finish_reason": "stop"}]}, NO_TEXT),
        ({"choices": [{"message": {"content": 5}, "finish_reason": "stop"}]}, NO_TEXT),
        ({"choices": [{"text": "a", "finish_reason": "content_filter"}]}, OTHER_END),
        ({"choices": [{"text": "a"}]}, OTHER_END),
        ({"choices": [{"text": "a", "finish_reason": ["stop"]}]}, OTHER_END),
    ],
)
def test_answers_that_are_none_are_told(answer: Any, reason: str) -> None:
    with pytest.raises(Fault) as caught:
        completion(answer, ())
    assert caught.value.reason == reason


ANSWER = ["choices", "message", "content", "text", "finish_reason", "logprobs", "logprob"]
NAMES = [*ANSWER, "token_logprobs", "usage", "completion_tokens"]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_no_answer_breaks_the_reader(answer: Any) -> None:
    for wrapped in (answer, {"choices": [answer]}, {"choices": [{"text": "a", "finish_reason": "stop", "x": answer}]}):
        try:
            found = completion(wrapped, ("END",))
        except Fault:
            continue
        assert isinstance(found.text, str)
        assert found.tokens is None or found.tokens >= 0


# --------------------------------------------------------------------------- faults

ASKED = " (asked 3 times)"
FAULTS = {
    "hangs": ({"do": "hang"}, "the server gave no whole answer within 0.5 s" + ASKED),
    "drips": ({"do": "drip"}, "the server gave no whole answer within 0.5 s" + ASKED),
    "drips its head": ({"do": "drip head"}, "the server gave no whole answer within 0.5 s" + ASKED),
    "goes on announcing": ({"do": "continue"}, "the server gave no whole answer within 0.5 s" + ASKED),
    "no HTTP": ({"do": "no HTTP"}, "what the server answers is no HTTP" + ASKED),
    "no gzip": ({"do": "no gzip"}, "the server's answer is no JSON" + ASKED),
    "closes": ({"do": "close"}, "the server closed the connection before its answer was whole" + ASKED),
    "closes early": ({"do": "close early"}, "the server closed the connection before its answer was whole" + ASKED),
    "no JSON": ({"do": "raw", "data": f"<html>{SECRET}"}, "the server's answer is no JSON" + ASKED),
    "deep JSON": ({"do": "raw", "data": "[" * 10**5}, "the server's answer is no JSON" + ASKED),
    "no choices": ({"do": "raw", "data": json.dumps({"error": SECRET})}, NO_TEXT),
    "500": ({"do": "status", "status": 500}, "the server answered with status 500" + ASKED),
    "429, when it likes": (
        {"do": "status", "status": 429, "headers": {"Retry-After": "soon"}},
        "the server answered with status 429" + ASKED,
    ),
    "400": (
        {"do": "status", "status": 400},
        "the server answered with status 400: the prompt may be longer than its context, or a setting unknown to it",
    ),
    "418": ({"do": "status", "status": 418}, "the server answered with status 418"),
}


@pytest.mark.parametrize(("fault", "reason"), FAULTS.values(), ids=FAULTS)
def test_one_prompt_fails_and_the_others_are_kept(vllm: Process, fault: dict[str, Any], reason: str) -> None:
    engine = opened(vllm, timeout=0.5)
    vllm.plan({"match": SECRET, **fault})
    found, reasons = failures(engine)
    assert set(found) == {0, 1, 3, 4, 5}
    assert reasons == {2: reason}
    assert len([b for b in vllm.asked() if b["messages"][0]["content"] == SECRET]) == (3 if ASKED in reason else 1)


@pytest.mark.parametrize("fault", [fault for fault, reason in FAULTS.values() if ASKED in reason], ids=str)
def test_what_passes_is_asked_again_until_it_is_there(vllm: Process, fault: dict[str, Any]) -> None:
    engine = opened(vllm, timeout=0.5)
    vllm.plan({"match": SECRET, **fault, "times": 2})
    assert {at for at, _ in engine.complete(PROMPTS, Sampling(5))} == set(range(6))


def test_a_hanging_server_is_asked_three_times_however_many_retries_there_are(vllm: Process) -> None:
    engine = opened(vllm, timeout=0.2, retries=9)
    vllm.plan({"match": SECRET, "do": "hang"})
    assert failures(engine)[1][2].endswith("within 0.2 s (asked 3 times)")


def test_retry_after_is_honoured(vllm: Process) -> None:
    engine = opened(vllm)
    vllm.plan({"match": SECRET, "do": "status", "status": 503, "headers": {"Retry-After": "1"}, "times": 1})
    started = time.monotonic()
    assert len(list(engine.complete(PROMPTS[2:3], Sampling(5)))) == 1
    assert time.monotonic() - started > 1


@pytest.mark.parametrize(
    ("status", "todo"),
    [
        (401, "set api_key_env in the lineup's [engine] to the variable that holds a key which it accepts"),
        (404, "check model and url in the lineup's [engine]; url ends in /v1 as a rule"),
        (307, "it sends its callers elsewhere, which is not followed: write the final address into url"),
    ],
)
def test_what_no_prompt_can_mend_ends_the_run(vllm: Process, status: int, todo: str) -> None:
    engine = opened(vllm)
    vllm.plan({"match": SECRET, "do": "status", "status": status, "headers": {"Location": "http://192.0.2.1/v1"}})
    with pytest.raises(RunError) as caught:
        list(engine.complete(PROMPTS[2:3], Sampling(5)))
    assert str(caught.value) == f"the server at 127.0.0.1 answered with status {status}\n  -> {todo}"


def test_a_server_that_fails_on_everything_is_not_asked_for_ever(vllm: Process) -> None:
    engine = opened(vllm, retries=0, concurrency=2)
    vllm.plan({"match": "", "do": "status", "status": 500})
    prompts = [Prompt(str(at), "course", (("user", "word"),)) for at in range(200)]
    with pytest.raises(RunError, match=r"server at 127\.0\.0\.1 failed on 20 prompts in a row, the last that of case "):
        list(engine.complete(prompts, Sampling(5)))
    assert len(vllm.asked()) <= 23


def test_a_restarted_server_costs_nothing(vllm: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "BACKOFF_SECONDS", 0.1)
    prompts = [Prompt(str(at), "course", (("user", f"case {at}"),)) for at in range(60)]
    engine = opened(vllm, concurrency=4, retries=8)
    whole = {at: found[0].text for at, found in engine.complete(prompts, Sampling(6))}
    found = {}
    for at, completions in engine.complete(prompts, Sampling(6)):
        found[at] = completions[0].text
        if len(found) == 10:
            vllm.stop()
            threading.Timer(0.5, vllm.start).start()
    assert found == whole


def test_a_server_that_stays_away_fails_the_rest(vllm: Process) -> None:
    engine = opened(vllm, concurrency=1, retries=1)
    found, reasons = failures(engine, after=lambda at: vllm.stop() if at == 2 else None)
    assert set(found) | set(reasons) == set(range(6))
    assert {0, 1, 2} <= set(found)
    assert "the server could not be reached (asked 2 times)" in reasons.values()


def test_another_error_is_no_fault_of_the_server() -> None:
    def work(at: int) -> int:
        if at == 3:
            raise ZeroDivisionError
        return at

    with pytest.raises(ZeroDivisionError):
        list(as_they_finish(work, range(9), 2))
    assert sorted(as_they_finish(abs, range(9), 4)) == [(at, at) for at in range(9)]


def test_the_system_goes_on_without_what_failed(vllm: Process) -> None:
    vllm.plan({"match": SECRET, "do": "raw", "data": "{}"})
    failed: dict[tuple[str, str], str] = {}
    engine = ResumingEngine(opened(vllm), {("20004", "course")}, failed)
    assert {at for at, _ in engine.complete(PROMPTS, Sampling(5))} == {0, 1, 3, 5}
    assert failed == {("20002", "course"): NO_TEXT}


# --------------------------------------------------------------------------- counting, identity


def test_servers_that_count_are_asked(serve: Callable[[str], Process]) -> None:
    vllm, llamacpp = opened(serve("vllm")), opened(serve("llamacpp"))
    messages = (("system", "be brief"), ("user", "one two three"))
    assert (vllm.count_tokens("a b c"), llamacpp.count_tokens("a b c")) == (3, 3)
    assert vllm.count_prompt(messages) == 5 + 2 * 3
    assert llamacpp.count_prompt(messages) == 1 + 7
    assert (vllm.context_length, llamacpp.context_length) == (512, 256)
    plain = dataclasses.replace(llamacpp, settings=dataclasses.replace(llamacpp.settings, chat=False))
    assert plain.count_prompt(messages) == 1 + 5


def test_an_adapter_that_vllm_serves_has_the_room_of_its_model(serve: Callable[[str], Process]) -> None:
    engine = opened(serve("vllm-lora"), model="tuned")
    assert engine.context_length == 512
    assert engine.identity["server"] == {
        "owned_by": "vllm",
        "parent": "tiny-model",
        "root": "lora",
        "version": "0.32.0",
    }


def test_a_server_that_does_not_count_needs_a_tokenizer_and_says_so(serve: Callable[[str], Process]) -> None:
    server = serve("plain")
    engine = opened(server)
    with pytest.raises(SettingsError) as caught:
        engine.count_prompt((("user", SECRET),))
    assert str(caught.value) == (
        "the server at 127.0.0.1 does not count tokens\n  -> write tokenizer = 'FOLDER' (that of its model's "
        "tokenizer) into the lineup's [engine]; systems that budget in words and ask for no count need none"
    )
    with pytest.raises(SettingsError) as caught:
        _ = engine.context_length
    assert str(caught.value) == (
        "the server at 127.0.0.1 does not say how many tokens its model has room for\n  -> "
        "write context_length = TOKENS, as the server was started, into the lineup's [engine]"
    )
    told = opened(server, tokenizer="smollm2-135m-instruct", context_length=99)
    assert told.count_tokens("Hello world") == 2
    assert told.count_prompt((("user", "Hi."),)) > 10
    assert told.context_length == 99
    assert told.digest != engine.digest
    with pytest.raises(AssetError, match="'nowhere' is no tokenizer: it is neither the name of an asset nor a folder"):
        _ = opened(server, tokenizer="nowhere").digest


TORN = {
    "vocab": {
        "tokenizer_config.json": '{"tokenizer_class": "GPT2Tokenizer"}',
        "vocab.json": '{"a": 0, "b',
        "merges.txt": "",
    },
    "config": {"tokenizer_config.json": "[1]", "tokenizer.json": "{}"},
    "empty": {},
}


@pytest.mark.parametrize("files", TORN.values(), ids=TORN)
def test_a_torn_tokenizer_is_named_and_not_laid_at_the_system(
    vllm: Process, files: Mapping[str, str], tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(AssetError) as caught:
        opened(vllm, tokenizer=str(tmp_path)).count_tokens("a")
    assert caught.value.what.startswith(f"the tokenizer in {tmp_path} cannot be loaded: ")
    assert caught.value.todo == "name the folder that holds the model's tokenizer.json and tokenizer_config.json"


def test_a_count_that_fails_is_told_without_the_prompt(vllm: Process) -> None:
    vllm.plan({"match": SECRET, "do": "status", "status": 500})
    with pytest.raises(RunError) as caught:
        opened(vllm).count_tokens(SECRET)
    assert str(caught.value) == (
        "the server at 127.0.0.1 did not count the tokens of a prompt: the server answered with status 500 (asked 3 "
        'times)\n  -> look at the server, or write tokenizer = "FOLDER" into the lineup\'s [engine]'
    )


IDENTITIES = {
    "vllm": ({"owned_by": "vllm", "max_model_len": 512, "root": "tiny", "version": "0.32.0"}, "tiny-model", ""),
    "ollama": ({"owned_by": "library", "version": "0.30.1", "digest": "sha256:77"}, "tiny:1b", "tiny:1b"),
    "plain": ({}, "tiny-model", ""),
}


@pytest.mark.parametrize(("dialect", "expected"), IDENTITIES.items(), ids=IDENTITIES)
def test_the_identity_is_what_the_server_says_and_not_where_it_is(
    serve: Callable[[str], Process], dialect: str, expected: tuple[dict[str, Any], str, str]
) -> None:
    says, name, model = expected
    first, second = (opened(serve(dialect), model=model, concurrency=at, timeout=at) for at in (1, 2))
    assert first.identity["server"] == says
    assert first.identity["model"] == name
    assert first.settings.url != second.settings.url
    assert first.digest == second.digest
    assert engine_identity(first.settings) == first.identity
    assert dataclasses.replace(first, settings=dataclasses.replace(first.settings, chat=False)).digest != first.digest
    assert "127.0.0.1" not in json.dumps(first.identity)


@pytest.mark.parametrize(
    ("model", "owned_by", "digest"),
    [
        ("llama3", "library", "sha256:88"),
        ("llama3:latest", "library", "sha256:88"),
        ("llama3:8b", None, None),
        ("tiny", None, None),
        ("hub:5000/us/llama3", None, None),
    ],
)
def test_a_model_that_is_named_without_its_tag_is_the_latest(
    serve: Callable[[str], Process], model: str, owned_by: str | None, digest: str | None
) -> None:
    """Without its digest, another one that is pulled under its name would write on in the same submission."""
    served = opened(serve("ollama"), model=model).served
    assert served.model == model
    assert (served.says.get("owned_by"), served.says["digest"]) == (owned_by, digest)


def test_a_tag_stands_behind_the_last_slash() -> None:
    assert _listed_as("hub:5000/us/llama3") == ("hub:5000/us/llama3", "hub:5000/us/llama3:latest")
    assert _listed_as("hub:5000/us/llama3:8b") == ("hub:5000/us/llama3:8b",)


def test_of_llamacpp_the_build_the_file_and_the_template_are_known(serve: Callable[[str], Process]) -> None:
    engine = opened(serve("llamacpp"))
    assert engine.served.model == "../models/tiny.gguf"
    assert engine.identity["model"] == "tiny.gguf"
    said = engine.identity["server"]
    assert (said["version"], said["file"], said["meta"]) == ("b7000-abc", "tiny.gguf", {"n_params": 12})
    assert len(said["chat_template"]) == 64


def test_names_lose_their_folders_and_keep_their_owner() -> None:
    assert name_of("meta-llama/Llama-3-8B") == "meta-llama/Llama-3-8B"
    assert name_of("/srv/models/tiny") == name_of("../tiny") == "tiny"


def test_of_several_models_one_has_to_be_named(serve: Callable[[str], Process]) -> None:
    with pytest.raises(SettingsError) as caught:
        opened(serve("ollama"))
    assert str(caught.value) == (
        'the lineup names no model, and the server at 127.0.0.1 lists 2\n  -> write model = "NAME" into the lineup\'s '
        "[engine]; there are: 'llama3:latest', 'tiny:1b'"
    )


@pytest.mark.parametrize("page", ["null", "[]", '{"data": 5}', '{"data": [5, {"id": [1]}]}', "<html>"])
def test_a_list_of_models_that_is_none_is_no_hindrance_if_one_is_named(vllm: Process, page: str) -> None:
    vllm.plan({"match": "/v1/models", "do": "raw", "data": page})
    assert opened(vllm, model="tiny-model").served.model == "tiny-model"
    with pytest.raises(SettingsError, match=r"the lineup names no model, and the server at 127.0.0.1 lists none"):
        opened(vllm)


@pytest.mark.parametrize(
    ("dialect", "page"),
    [("vllm", "/version"), ("llamacpp", "/props"), ("ollama", "/api/tags"), ("plain", "/api/version")],
)
def test_a_page_that_is_kept_from_us_is_none_but_one_that_fails_stops(
    serve: Callable[[str], Process], dialect: str, page: str
) -> None:
    server, model = serve(dialect), {"ollama": "tiny:1b", "llamacpp": "../models/tiny.gguf"}.get(dialect, "tiny-model")
    for status in (302, 400, 401, 403, 410):
        server.plan({"match": page, "do": "status", "status": status})
        assert opened(server, model=model).served.model == model
    for status in (429, 500):
        server.plan({"match": page, "do": "status", "status": status})
        with pytest.raises(RunError) as caught:
            opened(server, model=model)
        assert f"does not say which model it has: the server answered with status {status} (asked 3 times)\n" in str(
            caught.value
        )


def test_a_list_of_models_that_is_kept_from_us_stops(vllm: Process) -> None:
    vllm.plan({"match": "/v1/models", "do": "status", "status": 403})
    with pytest.raises(
        RunError, match=r"the server at 127\.0\.0\.1 answered with status 403\n  -> set api_key_env in "
    ):
        opened(vllm, model="tiny-model")


def test_a_server_that_is_not_there_is_told(vllm: Process) -> None:
    vllm.stop()
    with pytest.raises(RunError) as caught:
        opened(vllm)
    assert str(caught.value) == (
        "the server at 127.0.0.1 does not say which model it has: the server could not be reached (asked 3 times)\n"
        "  -> start it, or correct url in the lineup's [engine]; what was generated before is kept"
    )


# --------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("sampling", "named"),
    [
        (Sampling(5, repetition_penalty=1.1), "repetition_penalty"),
        (Sampling(5, no_repeat_ngram=4), "no_repeat_ngram"),
        (Sampling(5, repetition_penalty=1.1, no_repeat_ngram=4), "repetition_penalty and no_repeat_ngram"),
    ],
)
def test_what_the_api_cannot_do_is_refused(vllm: Process, sampling: Sampling, named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        opened(vllm).complete(PROMPTS, sampling)
    assert str(caught.value).startswith(
        f"the engine 'server' cannot do {named}: OpenAI's API has no such thing\n  -> leave it out of the system's "
    )
    assert vllm.asked() == []


WHERE = "mine.toml [engine]: "
URL = "url takes http://HOST:PORT/v1 or https://HOST/v1, without user, password or query"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, URL),
        ({"url": "localhost:8000"}, URL),
        ({"url": "ftp://localhost/v1"}, URL),
        ({"url": "http://me:pass-word@localhost/v1"}, URL),
        ({"url": "http://localhost/v1?key=pass-word"}, URL),
        ({"url": "http://localhost:pass-word/v1"}, URL),
        ({"url": "http://a/v1", "api_key_env": "pass-word"}, "api_key_env takes the name of an environment variable, "),
        ({"url": "http://a/v1", "hosts": ["http://b"]}, "hosts takes names or addresses of hosts, without scheme and "),
        ({"url": "http://a/v1", "hosts": ["b:8000"]}, "hosts takes names or addresses of hosts, without scheme and "),
        ({"url": "http://a/v1", "concurrency": 0}, "concurrency takes 1 or more, timeout more than 0, retries and "),
        (
            {"url": "http://a/v1", "extra": {"seed": 3, "n": 2}},
            "extra may not hold n, seed: that is for the system or ",
        ),
        ({"url": "http://a/v1", "extra": 3}, "extra: takes a table, not 3"),
        ({"url": "http://a/v1", "api_key": "pass-word"}, "there is no setting 'api_key'"),
        ({"url": "http://a/v1", "dtype": "float32"}, "there is no setting 'dtype'"),
    ],
)
def test_settings_that_cannot_be_are_named_and_no_key_is_repeated(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build(ServerSettings, settings, WHERE[:-2])
    assert str(caught.value).startswith(WHERE + message)
    assert "pass-word" not in str(caught.value)


def test_hosts_may_be_addresses_of_any_kind() -> None:
    assert ServerSettings(url="https://gpu:8000/v1", hosts=("gpu", "10.1.2.3", "2001:db8::1", "::1")).host == "gpu"


def test_the_kind_decides_which_settings_there_are(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[engine]\nkind = "server"\nurl = "http://127.0.0.1:1/v1"\n[engine.extra]\ntop_k = 5\n')
    assert read_lineup(path).engine == ServerSettings(url="http://127.0.0.1:1/v1", extra={"top_k": 5})
    path.write_text('[engine]\nkind = "serve"\n')
    with pytest.raises(SettingsError) as caught:
        read_lineup(path)
    known = "transformers, vllm, server"
    assert str(caught.value) == f"{path} [engine]: there is no engine 'serve'\n  -> there are: {known}"


# --------------------------------------------------------------------------- a whole run

ASKER = '''
from dataclasses import dataclass
from harness import Candidate, Prompt, Sampling, system

@system("asker", needs=("engine",))
@dataclass(frozen=True)
class Asker:
    """Asks the engine about each case by its number."""

    def open(self, context):
        return Asking(context)

@dataclass(frozen=True)
class Asking:
    context: object

    def generate(self, inputs):
        prompts = [Prompt(a.case, a.field, (("user", f"{a.field} of {a.case}."),)) for a in inputs]
        for at, [one] in self.context.engine.complete(prompts, Sampling(9)):
            yield Candidate(prompts[at].case, prompts[at].field, one.text, finish=one.finish, tokens=one.tokens)
'''


@pytest.fixture
def submit(vllm: Process, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "asker.py").write_text(ASKER)

    def run(*arguments: str, **settings: Any) -> int:
        engine = {"kind": "server", "url": vllm.url, "timeout": 0.5, "retries": 1, **settings}
        lines = [f"{name} = {json.dumps(value)}" for name, value in engine.items()]
        (tmp_path / "mine.toml").write_text("\n".join(["[engine]", *lines]))
        if not (tmp_path / "ward").exists():
            assert main(["data", "synthesize", "--out", "ward", "--stays", "24", "--seed", "3"]) == 0
        settled = ["--plugin", "asker.py", "--lineup", "mine.toml", "--data", "ward", "--scorers", "bleu"]
        return main(["submit", "asker", *settled, *arguments])

    return run


def test_a_run_ends_with_its_failures_named_and_goes_on_with_them_alone(
    vllm: Process, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit() == 0
    run = tmp_path / "submissions/discharge-me/ward/test_phase_1/asker"
    whole = (run / "submission.csv").read_bytes()
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["hosts"] == ["127.0.0.1"]
    assert manifest["allowed_hosts"] == []  # the corpus is public: nothing is refused
    assert list(manifest["model_digests"]) == ["tiny-model"]
    assert manifest["external_data"] == ["tiny-model (as a server names it)"]
    assert vllm.url not in (run / "manifest.json").read_text()
    cases = sorted({body["messages"][0]["content"].split()[-1] for body in vllm.asked()})
    fields = {body["messages"][0]["content"].split()[0] for body in vllm.asked()}
    assert len(vllm.asked()) == len(cases) * len(fields)

    (run / "candidates.jsonl").unlink()
    vllm.plan(
        {"match": f"brief_hospital_course of {cases[0]}", "do": "status", "status": 500},
        {"match": f"discharge_instructions of {cases[1]}", "do": "hang"},
    )
    capsys.readouterr()
    assert submit() == 1
    said = capsys.readouterr().out
    first, second = (case.removesuffix(".") for case in cases[:2])
    for line in (
        f"failed on case {first}, brief_hospital_course: the server answered with status 500 (asked 2 times)",
        f"failed on case {second}, discharge_instructions: the server gave no whole answer within 0.5 s (asked 2 ",
        "2 failures; the same command asks for these alone",
    ):
        assert line in said

    before = len(vllm.asked())
    vllm.plan()
    assert submit() == 0
    assert sorted(body["messages"][0]["content"] for body in vllm.asked()[before:]) == [
        f"brief_hospital_course of {cases[0]}",
        f"discharge_instructions of {cases[0]}",  # it may read the course, which was not there
        f"discharge_instructions of {cases[1]}",
    ]
    assert (run / "submission.csv").read_bytes() == whole


def asked_of(vllm: Process) -> list[str]:
    return sorted({body["messages"][0]["content"].split()[-1].removesuffix(".") for body in vllm.asked()})


WRONG = {
    "hang": "the server gave no whole answer within 0.5 s (asked 2 times)",
    "no HTTP": "what the server answers is no HTTP (asked 2 times)",
    "close early": "the server closed the connection before its answer was whole (asked 2 times)",
    "status": "the server answered with status 500 (asked 2 times)",
}


def test_a_server_that_does_all_of_it_costs_those_cases_alone(
    vllm: Process, submit: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit() == 0
    run = tmp_path / "submissions/discharge-me/ward/test_phase_1/asker"
    whole, cases = (run / "submission.csv").read_bytes(), asked_of(vllm)
    places = [(field, case) for field in ("brief_hospital_course", "discharge_instructions") for case in cases]
    hit = dict(zip(WRONG, places, strict=False))
    assert len(places) > len(hit) == len(WRONG)
    vllm.plan(*({"match": f"{field} of {case}.", "do": do, "status": 500} for do, (field, case) in hit.items()))
    (run / "candidates.jsonl").unlink()
    capsys.readouterr()
    assert submit() == 1
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if " failed on case " in line] == [
        f"asker failed on case {case}, {field}: {WRONG[do]}" for do, (field, case) in hit.items()
    ]
    assert f"asker: {len(places) - 4} texts, {len(places) - 4} of them new" in said
    vllm.plan()
    assert submit() == 0
    assert (run / "submission.csv").read_bytes() == whole


def test_a_run_outlives_a_restart_of_its_server(
    vllm: Process, submit: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "BACKOFF_SECONDS", 0.1)
    assert submit() == 0
    run = tmp_path / "submissions/discharge-me/ward/test_phase_1/asker"
    whole = (run / "submission.csv").read_bytes()
    (run / "candidates.jsonl").unlink()
    vllm.plan({"match": "discharge_instructions", "do": "hang"})  # until it is started anew, and knows of no plan
    before = len(vllm.asked())

    def restart() -> None:
        while not any("discharge" in body["messages"][0]["content"] for body in vllm.asked()[before:]):
            time.sleep(0.05)
        vllm.stop()
        time.sleep(0.3)
        vllm.start()

    restarting = threading.Thread(target=restart)
    restarting.start()
    assert submit(retries=8, timeout=60) == 0
    restarting.join()
    assert (run / "submission.csv").read_bytes() == whole


def test_a_run_goes_on_at_another_address_and_both_are_recorded(
    vllm: Process, submit: Callable[..., int], tmp_path: Path
) -> None:
    vllm.plan({"match": "discharge_instructions", "do": "status", "status": 404})
    assert submit() == 1
    vllm.plan()
    assert submit(url=vllm.url.replace("127.0.0.1", "localhost"), concurrency=1) == 0
    run = tmp_path / "submissions/discharge-me/ward/test_phase_1/asker"
    assert json.loads((run / "manifest.json").read_text())["hosts"] == ["127.0.0.1", "localhost"]
    texts = [body["messages"][0]["content"] for body in vllm.asked()]
    assert len([text for text in texts if text.startswith("brief")]) == len(
        {text for text in texts if text.startswith("brief")}
    )


def test_another_model_is_another_run(
    vllm: Process, submit: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert submit() == 0
    assert submit(model="tiny-model-2") == 1
    assert "engine.model is 'tiny-model' there, 'tiny-model-2' here" in capsys.readouterr().err


def test_a_killed_run_goes_on_where_it_was(vllm: Process, submit: Callable[..., int], tmp_path: Path) -> None:
    assert submit() == 0
    run = tmp_path / "submissions/discharge-me/ward/test_phase_1/asker"
    whole, candidates = (run / "submission.csv").read_bytes(), (run / "candidates.jsonl").read_bytes()
    lines = candidates.splitlines(keepends=True)
    (run / "candidates.jsonl").write_bytes(b"".join(lines[:3]) + lines[3][:20])  # as a kill leaves it
    before = len(vllm.asked())
    assert submit() == 0
    assert len(vllm.asked()) - before == len(lines) - 3
    assert (run / "submission.csv").read_bytes() == whole


def test_ctrl_c_does_not_wait_for_a_server_that_hangs(vllm: Process, submit: Callable[..., int]) -> None:
    assert submit("--limit", "1") == 0
    vllm.plan({"match": "course of", "do": "hang"})
    Path("mine.toml").write_text(f'[engine]\nkind = "server"\nurl = "{vllm.url}"\n')
    command = [sys.executable, "-m", "harness.cli", "submit", "asker", "--plugin", "asker.py", "--lineup", "mine.toml"]
    before = len(vllm.asked())
    with subprocess.Popen([*command, "--data", "ward"], stderr=subprocess.PIPE, text=True) as run:
        while len(vllm.asked()) == before and run.poll() is None:
            time.sleep(0.1)
        run.send_signal(signal.SIGINT)
        started = time.monotonic()
        _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert said.endswith("harness: stopped; the same command goes on from here\n")
    assert time.monotonic() - started < 10


def test_a_port_that_is_closed_ends_the_run_before_it_begins(
    submit: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert submit(url=f"http://127.0.0.1:{port}/v1") == 1
    assert "the server could not be reached (asked 2 times)" in capsys.readouterr().err


def test_errors_are_the_users() -> None:
    assert issubclass(GenerationError, HarnessError)
