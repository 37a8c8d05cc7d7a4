"""Records and configurations that users write."""

import json
import pathlib

FIXTURES = pathlib.Path("tests/fixtures")


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


def token_records():
    for number, record in enumerate([
            {"id": 1, "text": "a\u20ac"}, {"text": ""}, {"ids": [0, 5, 151643]},
            {"id": "x", "ids": []}, {"ids": [-1]}, {"ids": [1.0]},
            {"ids": [1 << 63]}, {"ids": [[1]]}, {"text": 5}, {"id": [1]},
            {"text": "a", "ids": [1]}, [], None]):
        yield f"record_{number}", json.dumps(record).encode()
    yield "half_pair", b'{"text":"\\ud83d"}'
    yield "bytes", b'{"text":"\xff\xfe"}'
    yield "long_number", b'{"ids":[' + b"1" * 100 + b"]}"


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
    local = text.replace('"primary"', '"ranking": "local", "primary"')
    yield "local", local.replace('"label_name": "a"',
                                 '"label_name": "a", "cand_names": '
                                 '["b", "a"], "rel_scores": [2]').encode()
    yield "local_without_own", local.encode()
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
