"""Files of a model: weights, tokenizer, configurations."""

import json
import pathlib
import struct

FIXTURES = pathlib.Path("tests/fixtures")
PARITY = FIXTURES / "parity"
MODELS = sorted(PARITY.glob("model_*"))
FIT = b"\xff" * 8  # a length that the target makes fit the header


def header(tensors, data=b"", length=None):
    text = tensors if isinstance(tensors, bytes) else json.dumps(
        tensors, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + \
        text + data


def tensor(shape, begin, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors():
    good = {"a": tensor([2], 0, 8), "b": tensor([1, 2], 8, 12, "BF16")}
    one = {"a": tensor([1], 0, 4)}
    text = json.dumps(one).encode()
    yield "good", header(good, bytes(12))
    yield "fit", FIT + json.dumps(good).encode() + bytes(12)
    yield "metadata", header({"__metadata__": {"format": "pt"}, **good},
                             bytes(12))
    yield "scalar", header({"a": tensor([], 0, 8, "I64")}, bytes(8))
    yield "no_elements", header({"a": tensor([0, 3], 0, 0)})
    yield "no_tensors", header({})
    for dtype, size in [("BOOL", 1), ("F16", 2), ("F64", 8), ("U32", 4)]:
        yield dtype, header({"a": tensor([1], 0, size, dtype)}, bytes(size))
    # The hostile list of reliability studies; each must be refused.
    yield "short", b"\x08\x00\x00"
    yield "length_2_63", header(one, bytes(4), 1 << 63)
    yield "length_past_end", header(one, bytes(4), 100_000)
    yield "bad_utf8", header(text.replace(b'"a"', b'"\xff\xfe"'), bytes(4))
    yield "trailing_byte", header(one, bytes(5))
    yield "truncated", header(one, bytes(3))
    yield "hole", header({"a": tensor([1], 0, 4), "b": tensor([1], 8, 12)},
                         bytes(12))
    yield "overlap", header({"a": tensor([1], 0, 4), "b": tensor([1], 2, 6)},
                            bytes(6))
    yield "overflow", header({"a": tensor([1 << 62, 1 << 62], 0, 4)}, bytes(4))
    yield "wrap", header(
        {"a": tensor([4194305, 4194305, 211106198978564], 0, 16)}, bytes(16))
    yield "begin_after_end", header({"a": tensor([1], 4, 0)}, bytes(4))
    yield "negative", header({"a": tensor([-1], 0, 4)}, bytes(4))
    yield "unknown_dtype", header({"a": tensor([1], 0, 4, "Q7")}, bytes(4))
    yield "metadata_number", header({"__metadata__": {"a": 1}, **one}, bytes(4))
    yield "deep", header(b'{"a":' + b"[" * 300)
    yield "space_first", header(b" " + text, bytes(4))
    yield "same_name", header(text[:-1] + b"," + text[1:], bytes(8))
    yield "same_field", header(text.replace(b'"dtype"', b'"dtype":"F32","dtype"'),
                               bytes(4))
    yield "nul", header(text + b"\x00", bytes(4))
    yield "fraction", header(text.replace(b"[1]", b"[1.0]"), bytes(4))
    yield "huge_number", header(text.replace(b"[1]", b"[1" + b"0" * 40 + b"]"),
                                bytes(4))
    yield "rank_9", header({"a": tensor([1] * 9, 0, 4)}, bytes(4))


def safetensors_index():
    yield "good", json.dumps({"metadata": {"total_size": 4}, "weight_map": {
        "a": "model-1.safetensors", "b": "model-2.safetensors"}}).encode()
    for number, name in enumerate([
            "../x.safetensors", "/etc/x.safetensors", ".x.safetensors",
            "a\\b.safetensors", "a\0.safetensors", "x.bin", "", 3, None]):
        yield f"name_{number}", json.dumps({"weight_map": {"a": name}}).encode()
    yield "empty_map", b'{"weight_map":{}}'
    yield "list_map", b'{"weight_map":[]}'
    yield "same_key", b'{"weight_map":{"a":"x.safetensors","a":"y.safetensors"}}'


def tokenizer_json():
    split = b'{"type":"Split","pattern":{"Regex":\x02},' \
        b'"behavior":"Isolated","invert":false}'
    level = b'{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}'
    added = b'{"id":300,"content":"<|im_end|>","single_word":false,' \
        b'"lstrip":false,"rstrip":false,"normalized":false,"special":true}'

    def text(vocab=b'\x01,"ab":256,"abab":257', merges=b'["a b",["ab","ab"]]',
             tokens=added, normalizer=b'{"type":"NFC"}', model=b""):
        return b'{"version":"1.0","added_tokens":[' + tokens + \
            b'],"normalizer":' + normalizer + b',"pre_tokenizer":' \
            b'{"type":"Sequence","pretokenizers":[' + split + b"," + level + \
            b']},"post_processor":' + level + b',"decoder":' + level + \
            b',"model":{"type":"BPE",' + model + b'"vocab":{' + vocab + \
            b'},"merges":' + merges + b"}}"

    yield "good", text()
    yield "plain", text(normalizer=b"null")
    yield "two_added", text(tokens=added + b"," + added.replace(
        b"300", b"301").replace(b"<|im_end|>", b"<gen_emb>").replace(
            b'"normalized":false,"special":true',
            b'"normalized":true,"special":false'))
    yield "composed", text(tokens=added.replace(
        b"<|im_end|>", "é".encode()).replace(b'ed":false', b'ed":true'))
    yield "same_id", text(vocab=b'\x01,"ab":3')
    yield "far_id", text(vocab=b'\x01,"ab":4194303', merges=b"[]")
    yield "missing_byte", text(vocab=b'"a":1', merges=b"[]")
    yield "merge_of_unknown", text(merges=b'["a zz"]')
    yield "merge_cycle", text(merges=b'["a b","a b","ab ab"]')
    yield "byte_fallback", text(model=b'"byte_fallback":true,')
    yield "unk", text(model=b'"unk_token":"a","dropout":0.1,')


def tokenizer_text():
    vectors = (PARITY / "tokenizer/vectors.jsonl").read_text().splitlines()
    for number, line in enumerate(vectors[::8]):
        text = json.loads(line).get("text")
        if len(line) < 600 and isinstance(text, str):
            yield f"vector_{number}", text.encode()
    yield "tokens", b"<|im_start|>user\n<|vision_start|><|im_end|><gen_emb>"
    yield "invalid", b"a\xff\xc3(\xed\xa0\x80\xf4\x90\x80\x80z\xe2\x82"
    yield "marks", "e\u0301\u0323a\u1100\u1161\u11a8".encode()
    yield "spaces", b"  \t \r\n\n  x  "


def chat_template():
    config = json.loads((PARITY / "tokenizer/tokenizer_config.json").read_text())
    full = config["chat_template"].encode()
    yield "published", full
    for number, text in enumerate([
            "{% for message in messages %}{{ message.role }}{% endfor %}",
            "{%- set n = namespace(v=0) -%}{% set n.v = n.v + 1 %}{{ n.v }}",
            "{% if messages[0]['role'] == 'system' %}a{% elif 1 < 2 %}b"
            "{% else %}c{% endif %}",
            "{# note #}{{ 'a' ~ 'b' + 'c' }}{{ loop }}",
            "{% for a in messages %}{{ loop.index0 }}{{ loop.last }}"
            "{% for b in a.content %}{{ b }}{% endfor %}{% endfor %}",
            "{{ not (1 != 2 and 'x' in 'xyz' or none is defined) }}",
            "{{ messages is string }}{{ messages is not mapping }}",
            "{% if (((((((((((((((((1))))))))))))))))) %}{% endif %}",
            "{{ a.b.c.d['e'][0] }}", "{{ 99999999999999999999 }}", "{{",
            "{% endfor %}", "{{ -1 - -1 }}", "{{ 9223372036854775807 + 1 }}",
            "{% for a in messages %}{% for b in messages %}{% for c in messages "
            "%}{{ a ~ b ~ c }}{% endfor %}{% endfor %}{% endfor %}"]):
        yield f"piece_{number}", text.encode()
    yield "message", full[:400] + b"\x00<|im_end|>{{ x }}"


def model_config():
    for model in MODELS:
        text = json.loads((model / "config.json").read_text())
        yield model.name, json.dumps(text, separators=(",", ":")).encode()
    yield "deep", b"[" * 200
    yield "empty", b"{}"
    yield "zero", b'{"model_type":"qwen2_vl","num_attention_heads":0}'


def model_companions():
    manifest = {"format": "ume-checkpoint", "version": 1, "phase": "sft",
                "step": 50, "weight_hash": "0123", "files": {
                    name: {"bytes": 10, "xxh3": "ab"} for name in (
                        "weights.safetensors", "optimizer.safetensors",
                        "config.json", "state.json", "model/config.json")}}
    yield "manifest", b"\0" + json.dumps(manifest).encode()
    for name, change in [
            ("fraction", {"step": 1.5}), ("huge", {"step": 1e300}),
            ("negative", {"step": -1}), ("version", {"version": 1 << 40}),
            ("list", {"files": []}), ("out", {"files": {"../a": {}}}),
            ("bytes", {"files": {"a": {"bytes": -1, "xxh3": "ab"}}})]:
        yield "manifest_" + name, b"\0" + json.dumps(
            {**manifest, **change}).encode()
    config = {"added_tokens_decoder": {"5": {"content": "<x>"}},
              "chat_template": "{{ messages[0].role }}"}
    for kind in range(1, 5):
        first = bytes([kind])
        yield f"config_{kind}", first + json.dumps(config).encode()
        yield f"empty_{kind}", first + b"{}"
        yield f"no_object_{kind}", first + b"[1]"
    for number, value in enumerate([[], "x", 5, None, True]):
        yield f"added_{number}", b"\1" + json.dumps(
            {"added_tokens": value}).encode()
        yield f"decoder_{number}", b"\2" + json.dumps(
            {"added_tokens_decoder": value}).encode()
        yield f"template_{number}", b"\4" + json.dumps(
            {"chat_template": value}).encode()
    yield "templates", b"\4" + json.dumps({"chat_template": [
        5, {"name": "other"}, {"name": "default", "template": 7},
        {"name": "default", "template": "{{ 1 }}"}]}).encode()


def preprocessor_config():
    for model in MODELS:
        yield model.name, (model / "preprocessor_config.json").read_bytes()
    yield "size", b'{"size":{"shortest_edge":1,"longest_edge":1099511627776},' \
        b'"patch_size":256,"merge_size":64}'
    yield "negative", b'{"patch_size":-1,"image_std":[0,1,1]}'
    yield "huge", b'{"min_pixels":18446744073709551615,"rescale_factor":1e999}'
