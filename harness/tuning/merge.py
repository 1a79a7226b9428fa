"""Put an adapter into its base for good: a model that any program loads.

The sum is taken in float32: in bfloat16 the adapter's small numbers are lost on the base's large ones, and some of the
tokens that the model would write are others. What is lost when the sum is saved in fewer bits is measured."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.engines.loading import Numbers, Weights, load_model, load_tokenizer, numbers
from harness.engines.runtime import prepare_torch
from harness.errors import SettingsError
from harness.files import private_folder, whole_or_not, write_atomic
from harness.lineup import EngineSettings
from harness.privacy import restrict
from harness.tuning.adapters import MERGED, AdapterManifest, School, check_base, on_base, verify
from harness.tuning.job import LESSONS
from harness.tuning.origin import from_restricted

SAMPLE = 64
"""Lessons that merged and unmerged model are compared on."""
_OF_THE_WEIGHTS = ("*.safetensors", "*.bin", "*.index.json", "config.json", "harness-asset.json", "*.gguf", "*.pth")
_NOT_COPIED = (*_OF_THE_WEIGHTS, MERGED)
_OPEN_TEXTS = (
    "The patient was admitted with chest pain and ruled out for myocardial infarction by serial enzymes.",
    "You came to the hospital because you had a fever and a cough. Please take all your medicines as prescribed.",
    "She was given antibiotics by vein, improved over three days, and was discharged home in good condition.",
)


@dataclass(frozen=True)
class Merged:
    """What stands in merged.json. `adapter` is the digest of its weights, `root` the name of the folder of the corpus
    that it lay in. `agreement` is the share of the sample's `places` at which the merged model's most likely token is
    that of the unmerged one: in float32, and as it was trained where that was otherwise."""

    adapter: str
    root: str
    base: str
    base_digest: str
    dtype: str
    restricted: bool
    about: Mapping[str, Any]
    sample: str = ""
    places: int = 0
    agreement: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Text:
    """Tokens, of which the last `target` are the ones to be foretold."""

    tokens: Sequence[int]
    target: int


def merge(adapter: Path, engine: EngineSettings, out: Path, dtype: str) -> Merged:
    """Write the merged model to `out`, a folder that is not there yet. Raises AssetError if the adapter is torn or
    another base's. What a restricted corpus taught stays marked so, and readable by its owner alone."""
    prepare_torch(engine.threads)
    if out.exists():
        raise SettingsError(f"--out {out} is there already", todo="name a folder that is not, or delete that one")
    manifest = verify(adapter)
    base = School(engine, out, {}, frozenset()).base
    check_base(adapter, manifest, base)
    about = on_base(manifest.about, Path(base.folder))
    if restricted := from_restricted(about):
        restrict()
    exact, saved = numbers("float32", "cpu"), numbers(dtype, "cpu")
    told = Merged(
        manifest.weights,
        adapter.resolve().parent.parent.name,
        manifest.base,
        manifest.base_digest,
        saved.dtype,
        restricted,
        about,
    )
    with whole_or_not(out, f"the model {out}") as folder:
        private_folder(folder)
        _mark(told, folder)  # before the weights: a merge that was killed is found by it
        _write(Path(base.folder), adapter, exact, saved.dtype, folder)
        texts, sample = _sample(adapter, Path(base.folder))
        after = _foretold(load_model(folder, saved), texts)
        agreement = {
            name: _agreement(_unmerged(Path(base.folder), held, adapter, texts), after)
            for name, held in _references(manifest, exact).items()
        }
        told = replace(told, sample=sample, places=sum(text.target for text in texts), agreement=agreement)
        _mark(told, folder)
    return told


def _mark(told: Merged, folder: Path) -> None:
    write_atomic(folder / MERGED, json.dumps(asdict(told), indent=1).encode() + b"\n")


def _write(base: Path, adapter: Path, exact: Numbers, dtype: str, folder: Path) -> None:
    import torch

    weights = Weights(base, exact)
    with weights.wearing(adapter):
        model = weights.merged()
    model.to(getattr(torch, dtype)).save_pretrained(folder)
    for file in sorted(one for one in base.iterdir() if one.is_file()):
        if not any(file.match(pattern) for pattern in _NOT_COPIED):
            shutil.copyfile(file, folder / file.name)


# --------------------------------------------------------------------------- the comparison


def _references(manifest: AdapterManifest, exact: Numbers) -> dict[str, Numbers]:
    """How the unmerged model is held that the merged one is compared with."""
    tuning = manifest.tuning
    trained = numbers(tuning["compute_dtype"], "cpu", tuning["quantisation"], tuning["double_quantisation"])
    name = f"as trained, {trained.dtype}" + (", nf4" if trained.quantisation == "nf4" else "")
    return {"float32": exact} if trained == exact else {"float32": exact, name: trained}


def _sample(adapter: Path, base: Path) -> tuple[list[Text], str]:
    """Texts to compare on: lessons that lie beside the adapter, else some that come with the harness."""
    if (adapter / LESSONS).exists():
        from harness.tuning.lessons import LessonFile

        lessons = LessonFile(adapter / LESSONS)
        taken = [lessons[at] for at in range(min(SAMPLE, len(lessons)))]
        return [Text(one.tokens, one.target) for one in taken], f"the targets of {len(taken)} lessons of the adapter"
    tokenizer = load_tokenizer(base)
    encoded = [tokenizer(text)["input_ids"] for text in _OPEN_TEXTS]
    return [Text(one, len(one) - 1) for one in encoded], f"{len(encoded)} sentences that come with the harness"


def _unmerged(base: Path, held: Numbers, adapter: Path, texts: Sequence[Text]) -> list[list[int]]:
    with Weights(base, held).wearing(adapter) as model:
        return _foretold(model, texts)


def _foretold(model: Any, texts: Sequence[Text]) -> list[list[int]]:
    """Of each text the most likely token at each place of its target, what stands before it given."""
    import torch

    found = []
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([list(text.tokens)])
            logits = model(input_ids=ids, logits_to_keep=text.target + 1, use_cache=False).logits
            found.append(logits[0, :-1].argmax(-1).tolist())
    return found


def _agreement(before: Sequence[Sequence[int]], after: Sequence[Sequence[int]]) -> float:
    pairs = [pair for one, other in zip(before, after, strict=True) for pair in zip(one, other, strict=True)]
    return sum(one == other for one, other in pairs) / len(pairs)
