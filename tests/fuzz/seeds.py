#!/usr/bin/python3
"""Writes the inputs that fuzzing starts from: small good ones, made from the
fixtures, and the hostile ones that readers are known to fall for. Run from the
project's root: tests/fuzz/seeds.py FOLDER makes FOLDER/TARGET/NAME."""

import io
import json
import pathlib
import random
import struct
import sys

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


def preprocessor_config():
    for model in MODELS:
        yield model.name, (model / "preprocessor_config.json").read_bytes()
    yield "size", b'{"size":{"shortest_edge":1,"longest_edge":1099511627776},' \
        b'"patch_size":256,"merge_size":64}'
    yield "negative", b'{"patch_size":-1,"image_std":[0,1,1]}'
    yield "huge", b'{"min_pixels":18446744073709551615,"rescale_factor":1e999}'


def small_pictures():
    from PIL import Image
    random.seed(1)
    noise = bytes(random.randrange(256) for _ in range(8 * 6 * 4))
    rgba = Image.frombytes("RGBA", (8, 6), noise)
    return {"rgba": rgba, "rgb": rgba.convert("RGB"), "grey": rgba.convert("L"),
            "la": rgba.convert("LA"), "palette": rgba.convert("RGB").convert(
                "P", palette=Image.ADAPTIVE, colors=5),
            "bilevel": rgba.convert("1"), "cmyk": rgba.convert(
                "RGB").convert("CMYK")}


def encoded(picture, **options):
    out = io.BytesIO()
    picture.save(out, **options)
    return out.getvalue()


def with_flags(name, picture):
    """The targets read options from the last byte."""
    for flags in (0, 3, 7):
        yield f"{name}_{flags}", picture + bytes([flags])


def image_png():
    for name, picture in small_pictures().items():
        if name != "cmyk":
            yield from with_flags(name, encoded(picture, format="PNG"))
    good = encoded(small_pictures()["rgb"], format="PNG")
    yield "bomb", good[:16] + struct.pack(">II", 1 << 31, 1 << 31) + good[24:]
    yield "no_width", good[:16] + struct.pack(">II", 0, 6) + good[24:]
    yield "lying", good[:16] + struct.pack(">II", 255, 255) + good[24:] + b"\0"
    yield "half", good[:len(good) // 2]
    for path in sorted((PARITY / "image_processor/source").glob("*.png")):
        if path.stat().st_size < 1000:
            yield path.stem, path.read_bytes()


def image_jpeg():
    for name in ("rgb", "grey", "cmyk"):
        picture = small_pictures()[name]
        yield from with_flags(name, encoded(picture, format="JPEG"))
        yield name + "_progressive", encoded(picture, format="JPEG",
                                             progressive=True)
        yield name + "_restart", encoded(picture, format="JPEG", quality=30)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
    yield "exif", encoded(small_pictures()["rgb"], format="JPEG", exif=exif) + \
        b"\x03"
    good = encoded(small_pictures()["rgb"], format="JPEG")
    at = good.find(b"\xff\xc0") + 5
    yield "bomb", good[:at] + b"\xff\xff\xff\xff" + good[at + 4:]
    yield "no_rows", good[:at] + b"\0\0\0\x08" + good[at + 4:]
    yield "half", good[:len(good) // 2]
    source = PARITY / "image_processor/source"
    yield "jpeg_420", (source / "jpeg_420.jpg").read_bytes()


def image_webp():
    for name in ("rgb", "rgba"):
        picture = small_pictures()[name]
        for lossless in (False, True):
            yield from with_flags(
                f"{name}_{int(lossless)}",
                encoded(picture, format="WEBP", lossless=lossless))
    frames = [small_pictures()["rgba"], small_pictures()["rgb"].convert("RGBA")]
    moving = encoded(frames[0], format="WEBP", save_all=True,
                     append_images=frames[1:])
    yield from with_flags("moving", moving)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
    yield "exif", encoded(frames[1], format="WEBP", exif=exif) + b"\x02"
    yield "half", moving[:len(moving) // 2]


def prompt_records():
    lines = [
        {"id": 1, "text": "a"}, {"id": "x", "images": ["a.png", "b.png"]},
        {"video": ["f0.png"], "fps": 0.5, "text": "t"},
        {"messages": [{"role": "system", "content": "s"},
                      {"role": "user", "content": [
                          {"type": "text", "text": "t"},
                          {"type": "image", "image": "a.png"},
                          {"type": "video", "video": ["a", "b"], "fps": 3}]}]},
        {"txt": "mistyped"}, {"id": [], "text": "a"}, {"text": 5},
        {"fps": -1, "video": ["a"]}, {"images": "a", "video": ["b"]}]
    for number, line in enumerate(lines):
        yield f"line_{number}", json.dumps(line).encode()
    yield "lines", b"\n\n".join(json.dumps(line).encode() for line in lines)
    yield "deep", b'{"text":' + b"[" * 200 + b"]" * 200 + b"}\n{}\r\n \t\n{"
    yield "nul", b'{"text":"a"}\x00{"text":"b"}\n{"text":"\xff"}'


def sft_record():
    return json.loads((FIXTURES / "spec_examples/sft_train.json").read_text())[0]


def short_sft_record():
    side = {"image": ["a.png"], "conversations": [
        {"from": "human", "value": "<image>\nq<disc_emb>"},
        {"from": "gpt", "value": "<think>t</think><answer>a<gen_emb>"}]}
    return {"dataset_name": "d", "qry": side, "pos": {
        "video": ["f.png"], "conversations": [
            {"from": "human", "value": "<video>q"}]}}


def rl_record():
    return {"dataset_name": "d", "qry_text": "a", "qry_image": ["b.png"],
            "qry_video": [""], "pos_text": "c", "pos_image": "",
            "pos_video": ["d", "e"]}


def pair_records():
    yield "sft", json.dumps(sft_record()).encode()
    yield "short", json.dumps(short_sft_record()).encode()
    yield "rl", json.dumps(rl_record()).encode()
    yield "number", b"1e5"
    yield "markers", json.dumps(short_sft_record()).replace(
        "<image>", "<image><image>").encode()


def record_files():
    records = [short_sft_record(), rl_record(), {"id": 1, "text": "a"}]
    for number, record in enumerate(records):
        yield f"array_{number}", b"\0" + json.dumps([record, record]).encode()
        yield f"lines_{number}", b"\1" + json.dumps(record).encode() + b"\n\n" \
            + json.dumps(record).encode()
    yield "open", b"\0[{"
    yield "after", b"\0[{},{}] x"
    yield "list", b"\2datasets:\n- json_path: a.json\n" \
        b"  sampling_strategy: random:50%\n- {json_path: a.jsonl, " \
        b"sampling_strategy: 'end:3'}\n"
    yield "alias", b"\2a: &a [*a, *a]\ndatasets: *a\n"
    yield "deep", b"\2" + b"[" * 300
    yield "tags", b"\2!!map {? datasets : !<x> [\"\\xff\", |\n a\n]}"


def evaluation_files():
    tasks = {"media_root": ".", "tasks": [
        {"name": "t", "split": "test", "candidates": "cand.jsonl",
         "queries": "query.jsonl", "primary": True}]}
    candidates = [{"cand_text": [name], "cand_image": [None],
                   "dataset_infos": {"cand_name": name}} for name in "ab"]
    query = {"id": "q", "query_text": ["<|image_pad|> x "],
             "query_image": [{"paths": ["a.png"]}],
             "dataset_infos": {"label_name": "a"}}
    text = "\n%%\n".join([json.dumps(tasks), "\n".join(
        json.dumps(c) for c in candidates), json.dumps(query)])
    yield "good", text.encode()
    yield "labels", text.replace('"label_name": "a"',
                                 '"label_name": ["a", "b"]').encode()
    yield "unknown_label", text.replace('"label_name": "a"',
                                        '"label_name": "z"').encode()
    yield "number_id", text.replace('"id": "q"', '"id": 7').encode()
    yield "out_of_folder", text.replace("cand.jsonl", "../cand.jsonl").encode()


def yaml_config():
    yield "reward", b"reward:\n  terms:\n    - {name: format, weight: 0.5}\n" \
        b"    - name: ranking_margin\n  missing_embedding: drop\n"
    yield "coordinator", b"coordinator: {lease_seconds: 1e1, max_attempts: 0x3,"\
        b" http_port: 0, on_quarantine: \"fail\"}\n\x00reward.terms.0.weight=3"
    yield "alias", b"a: &x {b: 1}\nreward: *x\n"
    yield "bomb", b"a: &a [1,1,1,1,1,1,1,1,1]\n" + b"".join(
        b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % (
            (i + 1, i + 1) + (i,) * 8) for i in range(97, 108))
    yield "deep", b"[" * 200
    yield "twice", b"reward: {control: none}\nreward: {control: shuffle}\n"
    yield "documents", b"---\nreward: {}\n---\nreward: {}\n"
    yield "scalars", b"a: |\n  text\n\nb: >-\n  folded\n  text\nc: '\xe2\x82\xac'"\
        b"\nd: \"\\u20ac\\x41\"\ne: ~\nf: !!str 1\n? [k]\n: v\n# note\n"
    yield "override", b"\x00reward.terms[0].name=[x, {y: z}]"


def wire(suffix):
    for path in sorted((FIXTURES / "wire").glob(f"*_{suffix}*.hex")):
        if path.stem.startswith("score_"):
            continue  # of another protocol, one frame
        frames = [bytes.fromhex(line)
                  for line in path.read_text().split("\n")][:3]
        envelope, body, payload = frames
        yield path.stem, struct.pack("<BH", len(envelope), len(body)) + \
            envelope + body + payload


def wire_request():
    yield from wire("request")


def wire_reply():
    yield from wire("reply")


def wire_envelope():
    for path in sorted((FIXTURES / "wire").glob("*.hex"))[:4]:
        yield path.stem, bytes.fromhex(path.read_text().split("\n")[0])
    yield "nested", b"\x0b" * 200
    yield "long_claim", b"\x1a\xff\xff\xff\xff\x07"
    yield "unknown_fields", b"\xf8\x7f\x01\x08\x01"
    yield "bad_text", b"\x08\x01\x22\x02\xff\xfe"


def result_blob():
    number = struct.pack("<d", 0.5)
    trajectory = b"\0\2\5\6\1a" + b"\1" + bytes(4) + b"\1" + bytes(4) + b"\1\0"
    body = b"\1\1\2\3\2ab" + number + b"\7\0\2ef\5" + number + b"\0" + \
        number + b"\x10\0\1" + trajectory + b"\0"
    yield "good", body
    yield "empty", b"\1"
    yield "long_claim", b"\1\1\2\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"


def weight_file():
    entry = {"name": "a", "dtype": "F32", "shape": [2], "offset": 0,
             "num_bytes": 8}
    text = json.dumps({"update": 1, "incarnation": 1,
                       "tensors": [entry]}).encode()
    padding = (64 - (16 + len(text) + 1) % 64) % 64
    yield "good", b"UMEWGT01" + b"\xff" * 8 + text + b"\n" + \
        b" " * padding + bytes(64)
    yield "wrap", b"UMEWGT01" + b"\xff" * 8 + text.replace(
        b"[2]", b"[4194305,4194305,211106198978564]") + b"\n" + bytes(200)
    yield "far", b"UMEWGT01" + b"\xff" * 8 + text.replace(
        b'"offset": 0', b'"offset": 18446744073709551552') + b"\n" + bytes(200)
    yield "length", b"UMEWGT01" + b"\xff" * 7 + b"\x7f" + text


def zstd_frame(content):
    """One frame of one block that is stored as it is (256 to 65,791 bytes)."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", len(content) - 256) + \
        block + content


def trajectories():
    rows = [{"cohort": 1, "pair": pair, "side": side, "sample": 0,
             "completion": "<think>a</think><answer>a<gen_emb>",
             "gen_embedding": [1.0, pair + 0.5]}
            for pair in (0, 1) for side in ("query", "target")]
    text = "\n".join(json.dumps(row) for row in rows)
    yield "good", text.encode()
    for name, value in [("nan", '"nan"'), ("inf", '"inf"'), ("null", "null"),
                        ("huge", "1e300"), ("empty", "")]:
        yield name, text.replace("1.0, ", value + ", " if value else "").encode()
    yield "prompt", text.replace('"sample"', '"embedding_source": "prompt", '
                                 '"sample"').encode()
    yield "names", text.replace('"cohort": 1', '"cohort": "x"').encode()
    yield "twice", (text + "\n" + text).encode()
    yield "packed", zstd_frame(text.encode())


def format_rule():
    cases = json.loads((PARITY / "reward/format_cases.json").read_text())
    cases = cases if isinstance(cases, list) else next(
        value for value in cases.values() if isinstance(value, list))
    for number, case in enumerate(cases):
        text = next((v for k, v in case.items() if isinstance(v, str)
                     and k in ("completion", "text")), "")
        if len(text) < 2000:
            yield f"case_{number}", text.encode()
    yield "many", b"<think>" * 50 + b"</think><answer>" * 9 + b"<gen_emb>"
    yield "invalid", b"<think>\xff\xfe</think><answer>\x00<gen_emb>"


def reward_cohort():
    unit = struct.pack("<2f", 0.6, 0.8)
    row = b"\x3fabcdefghijkl" + unit
    yield "good", b"\1\1\2\0" + row * 8
    for name, value in [("nan", float("nan")), ("inf", float("inf")),
                        ("zero", 0.0), ("huge", 3e38), ("tiny", 1e-45)]:
        yield name, b"\2\1\2\1" + (b"\x0f" + struct.pack("<2f", value, 1.0)) * 12
    yield "dimensions", b"\1\1\2\2" + row * 8


TARGETS = [
    safetensors, safetensors_index, tokenizer_json, tokenizer_text,
    chat_template, model_config, preprocessor_config, image_png, image_jpeg,
    image_webp, prompt_records, pair_records, record_files, evaluation_files,
    yaml_config, wire_envelope, wire_request, wire_reply, result_blob,
    weight_file, trajectories, format_rule, reward_cohort]


def main():
    folder = pathlib.Path(sys.argv[1])
    for target in TARGETS:
        place = folder / target.__name__
        place.mkdir(parents=True, exist_ok=True)
        for name, content in target():
            (place / name).write_bytes(content)


if __name__ == "__main__":
    main()
