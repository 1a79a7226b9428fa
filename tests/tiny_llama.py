"""A LLaMA of two small layers with random weights and the embedded model's tokenizer, to be trained in seconds."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import assets

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json")


def write_tiny_llama(folder: Path, seed: int = 0) -> Path:
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    source = assets.path("smollm2-135m-instruct")
    folder.mkdir(parents=True)
    for name in TOKENIZER:
        if (source / name).exists():
            shutil.copy(source / name, folder)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=49152,
        hidden_size=48,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        tie_word_embeddings=True,
        initializer_range=0.3,  # the head is the embedding: with small weights nothing could be learned
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(bos_token_id=1, eos_token_id=2, pad_token_id=2)
    model.save_pretrained(folder)
    return folder
