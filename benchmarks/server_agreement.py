"""The same prompts, greedy, through the engines `transformers` and `server`: how many texts are equal, and by how much
the model preferred its own token where they first differ.

    python benchmarks/server_agreement.py                        starts `transformers serve` with the embedded model
    python benchmarks/server_agreement.py --url URL --model M    asks a server that runs; it must serve these weights

`transformers serve` comes with `pip install 'transformers[serving]'`. Ends with 1 where two texts differ at another
place than a near-tie (1e-3 between logits, float32).
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
from pathlib import Path

from harness import assets
from harness.engines.server import open_server
from harness.engines.transformers import TransformersEngine, open_transformers
from harness.lineup import ServerSettings
from harness.types import Prompt, Sampling

MODEL = "smollm2-135m-instruct"
NEAR = 1e-3
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


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--url", help="a server that runs (default: start one)")
    options.add_argument("--model", default="", help="the server's name for the model")
    options.add_argument("--tokens", type=int, default=40, metavar="N")
    args = options.parse_args()
    question = "Write two sentences for the discharge summary of a patient who came with {}."
    prompts = [Prompt(str(at), "course", (("user", question.format(one)),)) for at, one in enumerate(COMPLAINTS)]
    folder = assets.path(MODEL)
    with running(args.url, folder) as url:
        settings = ServerSettings(url=url, model=args.model if args.url else str(folder), concurrency=1)
        served = {at: one for at, [one] in open_server(settings).complete(prompts, Sampling(args.tokens))}
    engine = open_transformers(folder, dtype="float32", threads=1, batch_size=1)
    local = {at: one for at, [one] in engine.complete(prompts, Sampling(args.tokens))}
    gaps = {
        at: gap(engine, prompt, local[at].text, served[at].text)
        for at, prompt in enumerate(prompts)
        if served[at].text != local[at].text
    }
    for at, found in gaps.items():
        print(f"prompt {at}: the texts part where {found:.2g} lies between the logits")
    apart = sum(found > NEAR for found in gaps.values())
    print(f"{len(prompts) - len(gaps)} of {len(prompts)} texts equal, {apart} apart at no near-tie")
    print(f"tokens: {sum(one.tokens or 0 for one in local.values())} here, ", end="")
    print(f"{sum(one.tokens or 0 for one in served.values())} there")
    return int(apart > 0)


def gap(engine: TransformersEngine, prompt: Prompt, ours: str, theirs: str) -> float:
    """How much higher the logit of our next token is than theirs, after what the texts have in common."""
    import torch

    first, second = (engine.tokenizer(text, add_special_tokens=False)["input_ids"] for text in (ours, theirs))
    end = engine.tokenizer.eos_token_id
    shared = next(
        (at for at, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), min(map(len, (first, second)))
    )
    with torch.inference_mode():
        logits = engine.model(torch.tensor([[*engine._encode(prompt.messages), *first[:shared]]])).logits[0, -1].float()
    one, other = (tokens[shared] if shared < len(tokens) else end for tokens in (first, second))
    return abs(float(logits[one] - logits[other]))


@contextmanager
def running(url: str | None, folder: Path) -> Iterator[str]:
    if url:
        yield url
        return
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as hub:
        command = [str(Path(sys.executable).with_name("transformers")), "serve", str(folder), "--port", str(port)]
        quiet = {"HF_HUB_CACHE": hub, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}
        server = subprocess.Popen(
            [*command, "--device", "cpu", "--dtype", "float32"],
            env={**os.environ, **quiet},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait(f"http://127.0.0.1:{port}/health", server)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(30)


def wait(page: str, server: subprocess.Popen[bytes]) -> None:
    started = time.monotonic()
    while server.poll() is None and time.monotonic() - started < 120:
        try:
            urllib.request.urlopen(page, timeout=1).close()
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit("transformers serve did not start: pip install 'transformers[serving]'")


if __name__ == "__main__":
    sys.exit(main())
