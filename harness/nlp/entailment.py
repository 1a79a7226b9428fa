"""AlignScore's model: a RoBERTa with a head of three ways (Zha et al. 2023), straight from its checkpoint file.

The checkpoint is one that Lightning wrote: a pickle. Only tensors are taken out of it; whatever else it names is
replaced by nothing, so no code of the file runs. It holds no vocabulary: that of roberta-base has to lie beside it.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

from harness import assets
from harness.engines.runtime import named_if_out_of_memory, prepare_torch, quiet
from harness.errors import AssetError
from harness.nlp.networks import (
    TO_FIT,
    batch_tokens,
    by_length,
    device_named,
    dtype_named,
    environment,
    model_identity,
    padded,
    room,
    token_ids,
    weights_digest,
)
from harness.nlp.sentences import punkt_digest, sentences
from harness.torn import named_if_torn

FOLDER = "alignscore-base"
FILE = "AlignScore-base.ckpt"
CHUNK_WORDS = 350

_HEAD_WIDTH = 64
_SPECIAL_TOKENS = 4
_BODY, _HEAD = "base_model.", "tri_layer."
_DROPPED = ("embeddings.position_ids",)  # older libraries stored this constant with the weights

Question = tuple[str, str]
"""(premise, claim): does the first entail the second?"""


def open_entailment(
    checkpoint: str = "", tokenizer: str = "", *, dtype: str = "float32", device: str = "auto", threads: int = 0
) -> Entailment:
    """Load AlignScore's model from the file `checkpoint`, by default the one in the assets folder.

    `tokenizer` is a folder with the vocabulary of roberta-base, by default the checkpoint's own folder. `threads` of 0
    leaves the number to torch. Raises AssetError for what is missing, broken or would have to run code to be read,
    SettingsError for an unknown dtype or device."""
    file = Path(checkpoint).expanduser() if checkpoint else assets.place(FOLDER) / FILE
    folder = Path(tokenizer).expanduser() if tokenizer else file.parent
    if not file.is_file():
        raise AssetError(f"there is no checkpoint of AlignScore at {file}", todo=_download(file.parent))
    prepare_torch(threads)
    on, kind = device_named(device), dtype_named(dtype)
    weights = _read(file)
    words = _open_tokenizer(folder)
    with named_if_out_of_memory(f"the model in {file}", TO_FIT):
        body, head = _build(weights, file)
        if len(words) != body.config.vocab_size:
            raise AssetError(
                f"the vocabulary in {folder} has {len(words)} tokens, the checkpoint {body.config.vocab_size}",
                todo="take that of roberta-base",
            )
        digest = weights_digest([*body.named_parameters(prefix="body"), *head.named_parameters(prefix="head")])
        return Entailment(body.to(on, kind).eval(), head.to(on, kind).eval(), words, digest)


@dataclass(frozen=True)
class Division:
    """A context in chunks and a claim in sentences: each sentence is asked of each chunk."""

    chunks: tuple[str, ...]
    sentences: tuple[str, ...]

    def questions(self) -> Iterator[Question]:
        return ((chunk, sentence) for chunk in self.chunks for sentence in self.sentences)


def divide(context: str, claim: str) -> Division:
    """As AlignScore divides them: chunks of sentences // (words // 350 + 1) sentences, at least one."""
    found = sentences(context) or [""]
    size = max(1, len(found) // (len(context.split()) // CHUNK_WORDS + 1))
    chunks = (" ".join(found[at : at + size]) for at in range(0, len(found), size))
    return Division(tuple(chunks), tuple(sentences(claim)))


@dataclass(frozen=True)
class Entailment:
    """Answers questions. `weights` is the digest of body and head, as loaded."""

    body: Any
    head: Any
    tokenizer: Any
    weights: str

    def align(self, asked: Sequence[Division]) -> list[float]:
        """AlignScore of each: the mean over the claim's sentences of the best probability with which a chunk of the
        context entails the sentence; 0 for a claim without a sentence. What is asked twice is answered once."""
        questions = list(dict.fromkeys(question for one in asked for question in one.questions()))
        answers = dict(zip(questions, self.probabilities(questions), strict=True))
        return [
            fmean(max(answers[chunk, sentence] for chunk in one.chunks) for sentence in one.sentences)
            if one.sentences
            else 0.0
            for one in asked
        ]

    def probabilities(self, questions: Sequence[Question]) -> list[float]:
        """The probability of "entails" for each question. Each is cut by itself: what shares a batch with it does not
        matter, as it does in AlignScore's package where a sentence of 508 tokens or more is near."""
        import torch

        encoded = self._encode(questions)
        found = [0.0] * len(encoded)
        for batch in by_length([len(tokens) for tokens in encoded], batch_tokens(self.device)):
            inputs = padded([encoded[at] for at in batch], self.tokenizer.pad_token_id, self.device)
            with torch.inference_mode():
                ways = self.head(self.body(**inputs).pooler_output).float().softmax(-1)
            for at, probability in zip(batch, ways[:, 0].tolist(), strict=True):
                found[at] = probability
        return found

    def unseen(self, one: Division) -> tuple[int, int]:
        """The tokens of context and claim, and how many of them no question showed to the model."""
        chunks, claims = self._lengths(one.chunks), self._lengths(one.sentences)
        read = [[self.cut(chunk, claim) for claim in claims] for chunk in chunks]
        seen = sum(max((premise for premise, _ in row), default=chunk) for row, chunk in zip(read, chunks, strict=True))
        seen += sum(max(row[at][1] for row in read) for at in range(len(claims)))
        total = sum(chunks) + sum(claims)
        return total, total - seen

    def cut(self, premise: int, claim: int) -> tuple[int, int]:
        """How many tokens of a premise and of a claim the model reads, by their lengths.

        The premise gives way; where the claim alone leaves it no token, both are cut to half of the room."""
        free = self.max_length - _SPECIAL_TOKENS
        if premise + claim <= free:
            return premise, claim
        if claim < free:
            return free - claim, claim
        half = free // 2
        if premise <= half:
            return premise, free - premise
        return (free - half, half) if premise > claim else (half, free - half)

    @property
    def device(self) -> str:
        return str(self.body.device.type)

    @cached_property
    def max_length(self) -> int:
        """Tokens that the model reads of premise and claim, four special tokens among them."""
        return room(self.tokenizer, self.body.config.max_position_embeddings - self.body.config.pad_token_id - 1)

    @cached_property
    def identity(self) -> Mapping[str, str]:
        """What determines the answers, but for library versions."""
        own = {"chunk_words": str(CHUNK_WORDS), "sentences": f"punkt-{punkt_digest()[:16]}"}
        return {**own, **model_identity(self.body, self.tokenizer, self.weights, self.max_length)}

    @property
    def environment(self) -> Mapping[str, str]:
        return environment(self.device)

    def _encode(self, questions: Sequence[Question]) -> list[list[int]]:
        """<s> premise </s></s> claim </s>"""
        texts = list(dict.fromkeys(text for question in questions for text in question))
        ids = dict(zip(texts, token_ids(self.tokenizer, texts), strict=True))
        first, last = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        encoded = []
        for premise, claim in ((ids[premise], ids[claim]) for premise, claim in questions):
            of_premise, of_claim = self.cut(len(premise), len(claim))
            encoded.append([first, *premise[:of_premise], last, last, *claim[:of_claim], last])
        return encoded

    def _lengths(self, texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in token_ids(self.tokenizer, texts)]


# --------------------------------------------------------------------------- reading


class _Nothing:
    """What stands for an object of the checkpoint that is no tensor: takes anything, keeps nothing."""

    def __new__(cls, *args: Any, **kwargs: Any) -> _Nothing:
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        pass


def _read(file: Path) -> dict[str, Any]:
    """The tensors of a checkpoint, by name. torch's own reader, which builds tensors and plain containers alone."""
    import torch

    try:
        names = torch.serialization.get_unsafe_globals_in_checkpoint(str(file))
        with torch.serialization.safe_globals([(_Nothing, name) for name in names]):
            content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
        state = content["state_dict"]
        return {name: tensor for name, tensor in state.items() if isinstance(tensor, torch.Tensor)}
    except pickle.UnpicklingError:
        raise AssetError(f"{file} cannot be read without running code in it", todo=_download(file.parent)) from None
    except (OSError, EOFError, ValueError, RuntimeError, LookupError, TypeError, AttributeError) as error:
        raise AssetError(
            f"{file} is not a whole checkpoint ({type(error).__name__})", todo=_download(file.parent)
        ) from None


def _build(weights: Mapping[str, Any], file: Path) -> tuple[Any, Any]:
    """RoBERTa and its head of three ways, in the shape of the weights; heads of attention are 64 wide, as everywhere
    in this family."""
    import torch
    from transformers import RobertaConfig, RobertaModel

    def shape(name: str) -> tuple[int, ...]:
        if name not in weights:
            raise AssetError(f"{file} has no weights {name}: it is no AlignScore", todo=_download(file.parent))
        return tuple(weights[name].shape)

    vocabulary, width = shape(f"{_BODY}embeddings.word_embeddings.weight")
    layers = {name.split(".")[3] for name in weights if name.startswith(f"{_BODY}encoder.layer.")}
    config = RobertaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        num_hidden_layers=len(layers),
        num_attention_heads=max(1, width // _HEAD_WIDTH),
        intermediate_size=shape(f"{_BODY}encoder.layer.0.intermediate.dense.weight")[0],
        max_position_embeddings=shape(f"{_BODY}embeddings.position_embeddings.weight")[0],
        type_vocab_size=shape(f"{_BODY}embeddings.token_type_embeddings.weight")[0],
        layer_norm_eps=1e-5,
    )
    shape(f"{_HEAD}weight")
    body, head = RobertaModel(config), torch.nn.Linear(width, 3)
    _fill(body, _BODY, weights, file)
    _fill(head, _HEAD, weights, file)
    return body, head


def _fill(module: Any, prefix: str, weights: Mapping[str, Any], file: Path) -> None:
    own = {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}
    own = {name: tensor.float() for name, tensor in own.items() if name not in _DROPPED}
    try:
        module.load_state_dict(own)
    except RuntimeError as error:
        raise AssetError(
            f"{file} does not hold a whole RoBERTa: {str(error).splitlines()[-1].strip()}",
            todo=_download(file.parent),
        ) from None


def _open_tokenizer(folder: Path) -> Any:
    from transformers import RobertaTokenizerFast

    # Without a file transformers makes a vocabulary of special tokens, and says nothing.
    if not ((folder / "tokenizer.json").is_file() or (folder / "vocab.json").is_file()):
        raise AssetError(f"there is no vocabulary of roberta-base in {folder}", todo=_download(folder))
    with quiet(), named_if_torn(f"the vocabulary of roberta-base in {folder}", _download(folder)):
        return RobertaTokenizerFast.from_pretrained(folder, local_files_only=True)


def _download(folder: Path) -> str:
    return (
        f"where there is a network: `hf download yzha/AlignScore {FILE} --local-dir {folder}` and "
        f"`hf download FacebookAI/roberta-base config.json vocab.json merges.txt --local-dir {folder}`; "
        'or name yours: [scorers.alignscore] checkpoint = "FILE", tokenizer = "FOLDER"'
    )
