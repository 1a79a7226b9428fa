"""What `docs/engines.md` says of faster engines for a CPU: the same greedy prompts through each of them, on one thread.

    python -m benchmarks.cpu_engines prompts --out FOLDER        prompts about a small ward as `qlora` asks, in tokens
    PYTHON benchmarks/cpu_engines.py run ENGINE --model DIR [--adapter DIR | --merged] [--dtype bfloat16] --out FOLDER
    python -m benchmarks.cpu_engines compare --base DIR --tuned DIR --out FOLDER

PYTHON is that of an environment of the engine's own, or this project's for `transformers`. DIR is the embedded model
or, tuned, what `harness merge` makes of its adapter in float32; installed and converted with:

    openvino, openvino-paged    openvino-genai==2026.4.1.0; in another one optimum-intel[openvino]==2.2.0 for
                                OVModelForCausalLM.from_pretrained(DIR, export=True, load_in_8bit=False)
    ctranslate2                 ctranslate2==4.8.5 transformers==5.19.0; ct2-transformers-converter --model DIR
    onnxruntime                 onnxruntime-genai==0.18.0 onnx-ir; python -m onnxruntime_genai.models.builder -p fp32

`run` asks for one token, which is the reading of the prompts, and then for all; it counts seconds of the processor, for
those of the wall tell of whoever else is at work. `compare` prints, beside the rates, how many texts are the first
engine's, how many leave it at a near-tie (1e-3 between logits in float32, 0.25 in bfloat16), and how likely the texts
are to the model in float32.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Tokens = list[list[int]]
Write = Callable[[int], Tokens]
"""The number of new tokens -> the new tokens of each prompt."""

AS_QLORA = {"shots": 0, "budget": 400}
ENDS = (0, 2)
PAD = 2
ROW = "{:6} {:15} {:9} {:8} {:>7} {:>9} {:>6} {:>9} {:>8}"
NEAR = {"float32": 1e-3, "bfloat16": 0.25}


def transformers(model: Path, adapter: Path | None, dtype: str, prompts: Tokens) -> Write:
    from harness.engines.decoding import Row, Stops, decode
    from harness.engines.transformers import open_transformers
    from harness.types import Sampling

    engine = open_transformers(model, dtype=dtype, threads=1)
    stops = Stops(frozenset(ENDS), (), str)
    with engine.weights.wearing(adapter):
        pass  # loaded

    def write(new: int) -> Tokens:
        rows = [Row(tokens) for tokens in prompts]
        with engine.weights.wearing(adapter) as worn:
            decode(worn, rows, Sampling(new), stops, PAD, lambda _: None)
        return [row.tokens for row in rows]

    return write


def openvino(model: Path, adapter: Path | None, dtype: str, prompts: Tokens) -> Write:
    import numpy as np
    import openvino_genai as genai
    from openvino import Tensor

    pipe = genai.LLMPipeline(str(model), "CPU", ATTENTION_BACKEND="SDPA", **_openvino_settings(dtype, adapter))
    ids, mask = np.full((2, len(prompts), max(map(len, prompts))), PAD)
    for at, tokens in enumerate(prompts):
        ids[at, -len(tokens) :] = tokens
        mask[at] = np.arange(mask.shape[1]) >= mask.shape[1] - len(tokens)

    def write(new: int) -> Tokens:
        asked = genai.TokenizedInputs(Tensor(ids), Tensor(mask))
        return [list(tokens) for tokens in pipe.generate(asked, _greedy(new)).tokens]

    return write


def openvino_paged(model: Path, adapter: Path | None, dtype: str, prompts: Tokens) -> Write:
    import numpy as np
    import openvino_genai as genai
    from openvino import Tensor

    scheduler = genai.SchedulerConfig()
    scheduler.max_num_batched_tokens, scheduler.cache_size, scheduler.enable_prefix_caching = 2048, 2, False
    pipe = genai.ContinuousBatchingPipeline(str(model), scheduler, "CPU", _openvino_settings(dtype, adapter))
    asked = [Tensor(np.array([tokens])) for tokens in prompts]

    def write(new: int) -> Tokens:
        return [one.m_generation_ids[0] for one in pipe.generate(asked, [_greedy(new)] * len(asked))]

    return write


def _openvino_settings(dtype: str, adapter: Path | None) -> dict[str, Any]:
    """One thread, and neither cache nor activations rounded further than the weights."""
    import openvino_genai as genai

    precision = {"float32": "f32", "bfloat16": "bf16"}[dtype]
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": precision, "KV_CACHE_PRECISION": precision}
    settings |= {"INFERENCE_NUM_THREADS": 1, "DYNAMIC_QUANTIZATION_GROUP_SIZE": 0}
    if adapter:
        told = json.loads((adapter / "adapter_config.json").read_text())
        config = genai.AdapterConfig()
        weights = genai.Adapter(str(adapter / "adapter_model.safetensors"))
        config.add(weights, told["lora_alpha"] / told["r"])  # the file of weights does not say
        settings["adapters"] = config
    return settings


def _greedy(new: int) -> Any:
    import openvino_genai as genai

    config = genai.GenerationConfig()
    config.max_new_tokens, config.do_sample, config.stop_token_ids, config.eos_token_id = new, False, set(ENDS), PAD
    return config


def ctranslate2(model: Path, adapter: Path | None, dtype: str, prompts: Tokens) -> Write:
    from ctranslate2 import Generator

    generator = Generator(str(model), device="cpu", compute_type=dtype, intra_threads=1, inter_threads=1)
    words = json.loads((model / "vocabulary.json").read_text())
    asked = [[words[token] for token in tokens] for tokens in prompts]
    ends = [words[token] for token in ENDS]

    def write(new: int) -> Tokens:
        found = generator.generate_batch(
            asked, max_length=new, include_prompt_in_result=False, end_token=ends, return_end_token=True
        )
        return [one.sequences_ids[0] for one in found]

    return write


def onnxruntime(model: Path, adapter: Path | None, dtype: str, prompts: Tokens) -> Write:
    import numpy as np
    import onnxruntime_genai as genai

    config, width = genai.Config(str(model)), max(map(len, prompts))
    threads = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
    config.overlay(json.dumps({"model": {"decoder": {"session_options": threads}}}))
    loaded = genai.Model(config)
    asked = np.full((len(prompts), width), PAD, dtype=np.int32)
    for at, tokens in enumerate(prompts):
        asked[at, -len(tokens) :] = tokens

    def write(new: int) -> Tokens:
        parameters = genai.GeneratorParams(loaded)
        parameters.set_search_options(max_length=width + new, do_sample=False, batch_size=len(prompts))
        generator = genai.Generator(loaded, parameters)
        generator.append_tokens(asked)
        while not generator.is_done():
            generator.generate_next_token()
        return [_ended(generator.get_sequence(at)[width:].tolist()) for at in range(len(prompts))]

    return write


def _ended(tokens: list[int]) -> list[int]:
    return next((tokens[: at + 1] for at, token in enumerate(tokens) if token in ENDS), tokens)


ENGINES = {
    "transformers": transformers,
    "openvino": openvino,
    "openvino-paged": openvino_paged,
    "ctranslate2": ctranslate2,
    "onnxruntime": onnxruntime,
}

# --------------------------------------------------------------------------- the three commands


def prompts(folder: Path, count: int) -> None:
    from benchmarks.engines import prepared, prompts_of
    from harness.lineup import find_lineup, read_lineup

    folder.mkdir(parents=True, exist_ok=True)
    os.environ["HARNESS_WORKSPACE"] = str(folder / "workspace")
    contest, competitor = prepared(folder, read_lineup(find_lineup("embedded")), count, AS_QLORA)
    engine = contest.resources.engine
    asked = [one for some, _ in prompts_of(contest, competitor, folder / "run") for one in some]
    (folder / "prompts.json").write_text(json.dumps([engine._encode(one.messages) for one in asked]))  # type: ignore[attr-defined]


def run(name: str, model: Path, adapter: Path | None, merged: bool, dtype: str, new: int, folder: Path) -> None:
    asked = json.loads((folder / "prompts.json").read_text())
    write = ENGINES[name](model, adapter, dtype, asked)
    marks = [time.process_time()]
    for tokens in (1, new):
        found = write(tokens)
        marks.append(time.process_time())
    reading, whole = marks[1] - marks[0], marks[2] - marks[1]
    told = {"engine": name, "dtype": dtype, "tuned": merged or bool(adapter), "adapter": bool(adapter)}
    with (folder / "results.jsonl").open("a") as file:
        file.write(json.dumps({**told, "reading": reading, "whole": whole, "texts": found}) + "\n")


def compare(base: Path, tuned: Path, folder: Path) -> None:
    asked = json.loads((folder / "prompts.json").read_text())
    results = [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]
    print(ROW.format("", "engine", "dtype", "adapter", "read/s", "written/s", "equal", "near-tie", "loglik"))
    for model, kind in ((base, False), (tuned, True)):
        group = [one for one in results if one["tuned"] == kind]
        judge = Judge(model, asked, group[0]["texts"])
        for one in group:
            texts = one["texts"]
            reads = sum(map(len, asked)) / one["reading"]
            writes = (sum(map(len, texts)) - len(texts)) / max(one["whole"] - one["reading"], 1e-9)
            equal, near = judge.agreement(texts, NEAR[one["dtype"]])
            names = ("tuned" if kind else "base", one["engine"], one["dtype"], "yes" if one["adapter"] else "no")
            figures = (f"{reads:.0f}", f"{writes:.1f}", equal, near, f"{judge.likelihood(texts):.4f}")
            print(ROW.format(*names, *figures), flush=True)


class Judge:
    """The model in float32, by which texts are compared with those of the first engine."""

    def __init__(self, model: Path, asked: Tokens, first: Tokens) -> None:
        from harness.engines.loading import load_model, numbers

        self.asked, self.first = asked, first
        self.model = load_model(model, numbers("float32", "cpu"))
        self._known: dict[tuple[int, ...], Any] = {}

    def agreement(self, texts: Tokens, near: float) -> tuple[int, int]:
        """How many texts are the first engine's, and how many leave it at a near-tie. Some engines drop the end."""
        gaps = [
            self._gap(at, ours, theirs)
            for at, (ours, theirs) in enumerate(zip(self.first, texts, strict=True))
            if theirs != ours and [*theirs, ours[-1]] != ours
        ]
        return len(texts) - len(gaps), sum(gap < near for gap in gaps)

    def likelihood(self, texts: Tokens) -> float:
        """Mean over the texts of their mean log-probability a token."""
        return sum(self._mean(at, text) for at, text in enumerate(texts)) / len(texts)

    def _gap(self, at: int, ours: list[int], theirs: list[int]) -> float:
        shared = next((n for n, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), len(theirs))
        logits = self._logits(at, ours)[shared]
        other = theirs[shared] if shared < len(theirs) else PAD
        return abs(float(logits[ours[shared]] - logits[other])) if shared < len(ours) else float("inf")

    def _mean(self, at: int, text: Sequence[int]) -> float:
        import torch

        logprobs = self._logits(at, text)[:-1].log_softmax(-1)
        return float(logprobs.gather(-1, torch.tensor(text)[:, None]).mean())

    def _logits(self, at: int, text: Sequence[int]) -> Any:
        import torch

        if (key := (at, *text)) not in self._known:
            with torch.inference_mode():
                tokens = torch.tensor([[*self.asked[at], *text]])
                self._known[key] = self.model(tokens, logits_to_keep=len(text) + 1).logits[0]
        return self._known[key]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    making, running, comparing = (commands.add_parser(name) for name in ("prompts", "run", "compare"))
    for one in (making, running, comparing):
        one.add_argument("--out", type=Path, required=True)
    making.add_argument("--prompts", type=int, default=8)
    running.add_argument("engine", choices=ENGINES)
    running.add_argument("--model", type=Path, required=True)
    running.add_argument("--adapter", type=Path)
    running.add_argument("--merged", action="store_true", help="the model has the adapter in it")
    running.add_argument("--dtype", choices=NEAR, default="float32")
    running.add_argument("--new", type=int, default=48)
    comparing.add_argument("--base", type=Path, required=True)
    comparing.add_argument("--tuned", type=Path, required=True)
    args = parser.parse_args()
    if args.command == "prompts":
        prompts(args.out, args.prompts)
    elif args.command == "run":
        run(args.engine, args.model, args.adapter, args.merged, args.dtype, args.new, args.out)
    else:
        compare(args.base, args.tuned, args.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
