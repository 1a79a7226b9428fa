"""The same prompts, greedy, through `transformers` and through other engines: how many texts are equal, and by how much
the model preferred its own token where they first differ.

    python -m benchmarks.server_agreement                     the engine `server`, asking `transformers serve`
    .vllm/bin/python -m benchmarks.server_agreement --vllm    the engine `vllm`, and `server` asking vLLM's own server
    python -m benchmarks.server_agreement --url URL --model M     asks a server that runs; it must serve these weights

`transformers serve` comes with `pip install 'transformers[serving]'`. vLLM, in the environment that `make test-vllm`
builds, is asked with the model's chat template and with the bare prompt, with and without the adapter of the embedded
line-up. Ends with 1 where two texts differ at another place than a near-tie (between logits 1e-3 in float32, 0.25 in
bfloat16).
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness import assets
from harness.engines.server import open_server
from harness.engines.transformers import TransformersEngine, open_transformers
from harness.lineup import ServerSettings, VllmSettings
from harness.types import Completion, Engine, Prompt, Sampling
from tests.engine_contract import MODEL, NEAR, shipped_adapter

ADAPTED = "adapted"
COMPLAINTS = (
    "fever and cough",
    "chest pain",
    "a fall at home",
    "vomiting",
    "a swollen leg",
    "dizziness",
    "a rash",
    "jaundice",
)
QUESTION = "Write two sentences for the discharge summary of a patient who came with {}."
OPENING = "Discharge summary.\n\nThe patient came to the emergency department with {}. On examination"
"""A bare prompt is gone on with: to a question the answer would be a line break, and the end."""


def prompts(chat: bool) -> list[Prompt]:
    text = QUESTION if chat else OPENING
    return [Prompt(str(at), "course", (("user", text.format(one)),)) for at, one in enumerate(COMPLAINTS)]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--vllm", action="store_true", help="vLLM instead of `transformers serve`")
    options.add_argument("--url", help="a server that runs (default: start one)")
    options.add_argument("--model", default="", help="the server's name for the model")
    options.add_argument("--dtype", default="float32", choices=NEAR)
    options.add_argument("--tokens", type=int, default=40, metavar="N")
    args = options.parse_args()
    folder = assets.path(MODEL)
    local = open_transformers(folder, dtype=args.dtype, threads=1, batch_size=1)
    print("| engine | asked | model | texts equal | parted at a near-tie | elsewhere | between logits | tokens |")
    print("| --- | --- | --- | ---: | ---: | ---: | --- | ---: |")
    apart = 0
    for name, chat, adapter, other in others(args, folder):
        here = replace(local, chat=chat, adapter=adapter)
        asked = prompts(chat)
        texts, theirs = (written(engine, asked, Sampling(args.tokens)) for engine in (here, other))
        parted = [at for at in texts if theirs[at].text != texts[at].text]
        gaps = [gap(here, asked[at], texts[at].text, theirs[at].text) for at in parted]
        far = sum(one > NEAR[args.dtype] for one in gaps)
        cells = [f"{len(asked) - len(gaps)} of {len(asked)}", len(gaps) - far, far]
        cells += [", ".join(f"{one:.2g}" for one in gaps), sum(one.tokens or 0 for one in theirs.values())]
        cells = [name, "chat" if chat else "bare prompt", "adapter" if adapter else "base", *cells]
        print("|", " | ".join(map(str, cells)), "|", flush=True)
        apart += far
    return int(apart > 0)


def others(args: argparse.Namespace, folder: Path) -> Iterator[tuple[str, bool, Path | None, Engine]]:
    """(name, with the chat template, adapter, engine) of all that is compared."""
    if not args.vllm:
        with running_transformers(args.url, folder, args.dtype) as url:
            settings = ServerSettings(url=url, model=args.model if args.url else str(folder), concurrency=1)
            yield "server", True, None, open_server(settings)
        return
    adapter = shipped_adapter()
    with running_vllm(folder, adapter, args.dtype) as url:
        for chat in (True, False):
            for worn, model in ((None, MODEL), (adapter, ADAPTED)):
                yield "server", chat, worn, open_server(ServerSettings(url=url, model=model, chat=chat))
    from harness.engines.vllm import open_vllm

    chosen = VllmSettings(dtype=args.dtype, threads=1, enforce_eager=True, memory_share=0.05)
    engine = open_vllm(folder, chosen)
    for worn in (None, adapter):
        for chat in (True, False):
            yield "vllm", chat, worn, replace(engine, settings=replace(chosen, chat=chat), adapter=worn)
    engine.loaded.close()


def written(engine: Engine, asked: list[Prompt], sampling: Sampling) -> dict[int, Completion]:
    return {at: one for at, [one] in sorted(engine.complete(asked, sampling))}


def gap(engine: TransformersEngine, prompt: Prompt, ours: str, theirs: str) -> float:
    """How much higher the logit of our next token is than theirs, after what the texts have in common."""
    import torch

    first, second = (engine.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (ours, theirs))
    end = engine.tokenizer.eos_token_id
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(map(len, (first, second)))
    )
    before = torch.tensor([[*engine._encode(prompt.messages), *first[:shared]]])
    with torch.inference_mode(), engine.weights.wearing(engine.adapter) as model:
        logits = model(before).logits[0, -1].float()
    one, other = (tokens[shared] if shared < len(tokens) else end for tokens in (first, second))
    return abs(float(logits[one] - logits[other]))


# --------------------------------------------------------------------------- servers


@contextmanager
def running_transformers(url: str | None, folder: Path, dtype: str) -> Iterator[str]:
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory() as hub:
        command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder)]
        quiet = {"HF_HUB_CACHE": hub, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
        with running([*command, "--device", "cpu", "--dtype", dtype], quiet) as started:
            yield started


@contextmanager
def running_vllm(folder: Path, adapter: Path, dtype: str) -> Iterator[str]:
    """As `vllm serve` does it: the command itself does not find its own version in the build for processors."""
    from harness.engines.vllm import room_for

    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--host", "127.0.0.1"]
    command += ["--model", str(folder), "--served-model-name", MODEL, "--dtype", dtype, "--enforce-eager"]
    command += ["--generation-config", "vllm", "--enable-lora", "--max-lora-rank", str(room_for(adapter))]
    command += ["--lora-modules", f"{ADAPTED}={adapter}"]
    quiet = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_HOST_IP": "127.0.0.1"}
    with running(command, quiet | {"VLLM_CPU_KVCACHE_SPACE": "1", "TORCHDYNAMO_DISABLE": "1"}) as started:
        yield started


@contextmanager
def running(command: list[str], environment: dict[str, str]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*command, "--port", str(port)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(f"http://127.0.0.1:{port}/health", server)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(60)


def wait(page: str, server: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while server.poll() is None and time.monotonic() - started < 600:
        try:
            urllib.request.urlopen(page, timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(
        "the server did not start: `transformers serve` takes pip install 'transformers[serving]', "
        "vLLM's own the environment that make test-vllm builds"
    )


if __name__ == "__main__":
    sys.exit(main())
