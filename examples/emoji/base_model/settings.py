"""The base model's files other than its weights, in the hub's layout."""

import json
from pathlib import Path
from typing import Any

SPLIT_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

# In the family's order; the last two are ordinary added tokens.
CONTROL_TOKENS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>",
    "<|object_ref_end|>", "<|box_start|>", "<|box_end|>", "<|quad_start|>",
    "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>", "<gen_emb>", "<disc_emb>")
EMBEDDING_TOKENS = ("<gen_emb>", "<disc_emb>")

# Renders messages as the family does, one line for each kind of part.
CHAT_TEMPLATE = (
    "{% set n = namespace(image=0, video=0) %}{% for m in messages %}"
    "{% if loop.first and m['role'] != 'system' %}<|im_start|>system\n"
    "You are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}"
    "{% if c['type'] == 'image' or 'image' in c or 'image_url' in c %}"
    "{% set n.image = n.image + 1 %}"
    "{% if add_vision_id %}Picture {{ n.image }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif c['type'] == 'video' or 'video' in c %}"
    "{% set n.video = n.video + 1 %}"
    "{% if add_vision_id %}Video {{ n.video }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in c %}{{ c['text'] }}{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}")


def added_tokens(first_id: int) -> list[dict[str, Any]]:
    return [{"id": first_id + i, "content": token, "single_word": False,
             "lstrip": False, "rstrip": False,
             "normalized": token in EMBEDDING_TOKENS,
             "special": token not in EMBEDDING_TOKENS}
            for i, token in enumerate(CONTROL_TOKENS)]


def _model_config(ids: dict[str, int], vocab_size: int) -> dict[str, Any]:
    """A Qwen2-VL of 1.9 M parameters.

    rope_theta is far below the family's million: conversations have some sixty
    tokens, and the second and third axes of a picture must tell apart
    positions that differ by one.
    """
    return {
        "architectures": ["Qwen2VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "hidden_act": "silu", "hidden_size": 128, "initializer_range": 0.06,
        "intermediate_size": 384, "max_position_embeddings": 1024,
        "max_window_layers": 4, "model_type": "qwen2_vl",
        "num_attention_heads": 4, "num_hidden_layers": 4,
        "num_key_value_heads": 2, "rms_norm_eps": 1e-06,
        "rope_theta": 1000.0, "sliding_window": 1024,
        "tie_word_embeddings": True, "torch_dtype": "bfloat16",
        "transformers_version": "4.49.0", "use_cache": True,
        "use_sliding_window": False,
        "vision_config": {
            "depth": 2, "embed_dim": 128, "mlp_ratio": 4, "num_heads": 4,
            "in_chans": 3, "hidden_size": 128, "patch_size": 14,
            "spatial_merge_size": 2, "spatial_patch_size": 14,
            "temporal_patch_size": 2},
        "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},
        "vocab_size": vocab_size,
    }


def _tokenizer_config(tokens: list[dict[str, Any]]) -> dict[str, Any]:
    special = [t["content"] for t in tokens if t["special"]]
    return {
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(t["id"]): {k: v for k, v in t.items() if k != "id"}
            for t in tokens},
        "additional_special_tokens": special[1:],
        "bos_token": None, "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False, "eos_token": "<|im_end|>",
        "errors": "replace", "model_max_length": 1024,
        "pad_token": "<|endoftext|>", "padding_side": "left",
        "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    }


_PREPROCESSOR = {
    "min_pixels": 56 * 56, "max_pixels": 112 * 112, "patch_size": 14,
    "temporal_patch_size": 2, "merge_size": 2,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor",
    "processor_class": "Qwen2VLProcessor",
}


def _generation_config(ids: dict[str, int]) -> dict[str, Any]:
    """Greedy in effect, as the family ships it."""
    return {
        "bos_token_id": ids["<|endoftext|>"], "do_sample": True,
        "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]],
        "pad_token_id": ids["<|endoftext|>"], "temperature": 0.01,
        "top_k": 1, "top_p": 0.001, "transformers_version": "4.49.0",
    }


def write_all(folder: Path, tokenizer: dict[str, Any]) -> None:
    """Writes the five settings files beside a future model.safetensors."""
    folder.mkdir(parents=True, exist_ok=True)
    tokens = tokenizer["added_tokens"]
    ids = {t["content"]: t["id"] for t in tokens}
    vocab_size = max(ids.values()) + 1
    files = {
        "config.json": _model_config(ids, vocab_size),
        "generation_config.json": _generation_config(ids),
        "preprocessor_config.json": _PREPROCESSOR,
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": _tokenizer_config(tokens),
    }
    for name, content in files.items():
        (folder / name).write_text(
            json.dumps(content, ensure_ascii=False, indent=1) + "\n",
            encoding="utf-8")
