"""Models of a few hundred kilobytes with random weights, made from a seed by numpy alone: the same under any library.

`oracle` builds the same ones in the environments of the reference packages, so nothing here imports the harness.
"""

from __future__ import annotations

import json
import random
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, LAYERS, INNER, POSITIONS = 128, 2, 256, 514
MERGES = ("h e", "i n", "Ġ t", "Ġ a", "Ġt he", "e r", "o n", "Ġ p", "e n", "a t", "Ġ w", "Ġ c", "in g", "e d")
_TEXT = (
    "the patient was admitted with chest pain and fever she received aspirin 81 mg daily her labs improved on "
    "hospital day 3 cardiology advised an echocardiogram which showed no wall motion abnormality he denied "
    "nausea vomiting or dyspnea blood cultures grew nothing antibiotics were stopped after 5 days follow up "
    "with Dr. Smith in two weeks return for temperature above 101.5 or new swelling of the left leg"
)
WORDS = _TEXT.split()


def align_pairs(seed: int = 7) -> list[tuple[str, str]]:
    """(reference, hypothesis): short, of several chunks, with chunks and claims that are cut, with odd characters."""
    odd = random.Random(seed)

    def prose(sentences: int, words: int) -> str:
        made = [" ".join(odd.choices(WORDS, k=odd.randint(3, 2 * words))).capitalize() for _ in range(sentences)]
        return ". ".join(made) + "."

    endless = " ".join(odd.choices(WORDS, k=700))
    return [
        ("She was admitted with chest pain.", "She had chest pain. She left."),
        ("none", "None"),
        (prose(6, 8), prose(4, 8)),
        (prose(30, 9), prose(5, 10)),
        (prose(60, 12), prose(8, 9)),
        (prose(4, 150), prose(3, 8)),
        (prose(3, 10), endless),
        (prose(5, 120), f"{prose(2, 6)} {endless}"),
        ("Vitals:\nT 38.5 °C, HR 92\n- naïve β-blocker 5 µg", "T 38.5 °C 😀.\nHR 92! p.o. b.i.d.?"),
        ("...", "!!! ??? ..."),
    ]


# --------------------------------------------------------------------------- AlignScore


def write_vocabulary(folder: Path) -> int:
    """vocab.json and merges.txt of a byte-level BPE with `MERGES`, laid out as roberta-base's. Returns its size."""
    symbols = [*_byte_symbols(), *(merge.replace(" ", "") for merge in MERGES)]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *symbols, "<mask>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({token: at for at, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("\n".join(("#version: 0.2", *MERGES)) + "\n", encoding="utf-8")
    return len(tokens)


def _byte_symbols() -> list[str]:
    """The printable stand-ins of the 256 bytes, as GPT-2's vocabulary has them."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [byte for byte in range(256) if byte not in plain]
    return [chr(byte) for byte in plain] + [chr(256 + at) for at in range(len(rest))]


def align_weights(
    vocabulary: int, width: int = WIDTH, layers: int = LAYERS, inner: int = INNER, scale: float = 0.15
) -> dict[str, Any]:
    """The state of AlignScore's network as Lightning names it, random: normal with this standard deviation."""
    import torch

    rng = np.random.default_rng(20240816)

    def make(*shape: int, scale: float = scale) -> Any:
        return torch.from_numpy(rng.standard_normal(shape, dtype=np.float32) * np.float32(scale))

    state: dict[str, Any] = OrderedDict()

    def linear(name: str, rows: int, columns: int, scale: float = scale) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = make(rows, columns, scale=scale), make(rows)

    def norm(name: str) -> None:
        state[f"{name}.weight"], state[f"{name}.bias"] = 1 + make(width), make(width)

    body = "base_model"
    state[f"{body}.embeddings.position_ids"] = torch.arange(POSITIONS).unsqueeze(0)
    for name, rows in (("word", vocabulary), ("position", POSITIONS), ("token_type", 1)):
        state[f"{body}.embeddings.{name}_embeddings.weight"] = make(rows, width)
    norm(f"{body}.embeddings.LayerNorm")
    for at in range(layers):
        layer = f"{body}.encoder.layer.{at}"
        for part in ("query", "key", "value"):
            linear(f"{layer}.attention.self.{part}", width, width)
        linear(f"{layer}.attention.output.dense", width, width)
        norm(f"{layer}.attention.output.LayerNorm")
        linear(f"{layer}.intermediate.dense", inner, width)
        linear(f"{layer}.output.dense", width, inner)
        norm(f"{layer}.output.LayerNorm")
    linear(f"{body}.pooler.dense", width, width)
    for name, ways in (("bin", 2), ("tri", 3), ("reg", 1)):
        linear(f"{name}_layer", ways, width, scale=2 * scale)
    return state


def write_checkpoint(file: Path, state: dict[str, Any], **more: Any) -> Path:
    """As Lightning writes it: the weights among the state of a training run."""
    import torch

    training = {"epoch": 3, "global_step": 1, "pytorch-lightning_version": "1.7.7", "optimizer_states": [{"state": {}}]}
    torch.save({**training, "state_dict": state, **more}, file)
    return file


def write_align(folder: Path) -> Path:
    """A folder with vocabulary and checkpoint; the checkpoint holds an object that is no tensor, as real ones may."""
    size = write_vocabulary(folder)
    hyper = {"model": "roberta-base", "args": Namespace(learning_rate=1e-5)}
    return write_checkpoint(folder / "AlignScore-base.ckpt", align_weights(size), hyper_parameters=hyper)


# --------------------------------------------------------------------------- BERTScore


def write_distilbert(folder: Path, **changes: Any) -> Path:
    """A DistilBERT of six layers with a vocabulary of letters, pieces and `WORDS`; `changes` are of the tokenizer."""
    from transformers import DistilBertConfig, DistilBertModel

    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = [f"##{letter}" for letter in letters if letter.isalnum()]
    words = sorted({word.lower().strip(".") for word in WORDS if len(word) > 1})
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *pieces, *(w for w in words if w.isalpha())]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n")
    settings = {"tokenizer_class": "DistilBertTokenizer", "do_lower_case": True, "model_max_length": 512, **changes}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    model = DistilBertModel(DistilBertConfig(vocab_size=len(tokens), dim=64, n_layers=6, n_heads=4, hidden_dim=128))
    _save_random(model, folder)
    return folder


def write_deberta(folder: Path) -> Path:
    """A narrow DeBERTa of 41 layers, with byte-level BPE: laid out as deberta-xlarge-mnli, which has 48."""
    from transformers import DebertaConfig, DebertaModel

    size = write_vocabulary(folder)
    special = {"<s>": "[CLS]", "<pad>": "[PAD]", "</s>": "[SEP]", "<unk>": "[UNK]", "<mask>": "[MASK]"}
    vocabulary = json.loads((folder / "vocab.json").read_text())
    (folder / "vocab.json").write_text(json.dumps({special.get(token, token): at for token, at in vocabulary.items()}))
    settings = {"tokenizer_class": "DebertaTokenizer", "do_lower_case": False, "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    shape = {"hidden_size": 32, "num_hidden_layers": 41, "num_attention_heads": 2, "intermediate_size": 48}
    relative = {"relative_attention": True, "pos_att_type": "c2p|p2c", "position_biased_input": False}
    ids = {"vocab_size": size, "pad_token_id": 1, "type_vocab_size": 0}
    _save_random(DebertaModel(DebertaConfig(pooler_hidden_size=32, **ids, **shape, **relative)), folder)
    return folder


def _save_random(model: Any, folder: Path) -> None:
    import torch

    rng = np.random.default_rng(3)
    with torch.no_grad():
        for name, weights in sorted(model.named_parameters()):
            scale = 1 if "word_embeddings" in name else 0.1
            values = rng.normal(0, scale, tuple(weights.shape)) + ("norm.weight" in name.lower())
            weights.copy_(torch.from_numpy(values.astype(np.float32)))
    model.save_pretrained(folder)


# --------------------------------------------------------------------------- LLaMA-3

LLAMA3_SPECIAL = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
LLAMA3_CONTEXT = 512
_LLAMA3_CHAT = (
    "{{ '<|begin_of_text|>' }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


def write_llama3(folder: Path, *, width: int = 64, layers: int = 2, inner: int = 128, seed: int = 11) -> Path:
    """A LLaMA with everything in it that makes LLaMA-3 fall: no token for padding, two that end a text (the tokenizer
    names one of them), a beginning of text that template and tokenizer would both write, long-range RoPE scaling."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    size = write_llama3_tokenizer(folder)
    ends = [size - len(LLAMA3_SPECIAL) + LLAMA3_SPECIAL.index(name) for name in ("<|end_of_text|>", "<|eot_id|>")]
    config = LlamaConfig(
        vocab_size=size,
        hidden_size=width,
        intermediate_size=inner,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=LLAMA3_CONTEXT,
        rope_theta=500000.0,
        rope_scaling={
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": LLAMA3_CONTEXT // 8,
        },
        bos_token_id=ends[0] - 1,
        eos_token_id=ends[0],
        pad_token_id=None,
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for name, weights in sorted(model.named_parameters()):
            values = rng.normal(0, 0.1, tuple(weights.shape)) + ("norm" in name)
            weights.copy_(torch.from_numpy(values.astype(np.float32)))
    model.generation_config = GenerationConfig(bos_token_id=ends[0] - 1, eos_token_id=ends)
    model.save_pretrained(folder)
    return folder


def write_llama3_tokenizer(folder: Path) -> int:
    """A byte-level BPE with LLaMA-3's special tokens and template, which puts a beginning of text before any text."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    symbols = [*_byte_symbols(), *(merge.replace(" ", "") for merge in MERGES)]
    merges = [(left, right) for left, _, right in (merge.partition(" ") for merge in MERGES)]
    tokenizer = Tokenizer(models.BPE({symbol: at for at, symbol in enumerate(symbols)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in LLAMA3_SPECIAL])
    begin = LLAMA3_SPECIAL[0]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))]
    )
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": begin,
        "eos_token": "<|end_of_text|>",
        "model_max_length": int(1e30),
        "chat_template": _LLAMA3_CHAT,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return int(tokenizer.get_vocab_size())
