"""What the tests of the real programs read: recorded cases of an independent
implementation (tests/fixtures/parity) and safetensors files."""

import array
import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARITY = ROOT / "tests" / "fixtures" / "parity"
MODELS = ["model_a_qwen2vl_tied", "model_b_qwen2vl_untied", "model_c_qwen25vl"]
CASES = ["text_only", "image_single", "image_two", "video", "mixed_left"]
TYPES = {"I64": "q", "F32": "f", "I32": "i", "U8": "B", "BOOL": "B"}


class Tensors:
    """A safetensors file: name -> (shape, flat values)."""

    def __init__(self, path):
        data = pathlib.Path(path).read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        self.shapes, self.values = {}, {}
        for name, entry in header.items():
            if name == "__metadata__" or entry["dtype"] not in TYPES:
                continue
            begin, end = (8 + size + x for x in entry["data_offsets"])
            self.shapes[name] = entry["shape"]
            self.values[name] = array.array(TYPES[entry["dtype"]],
                                            data[begin:end])

    def row(self, name, index):
        """Row `index` of a tensor, flat."""
        width = len(self.values[name]) // self.shapes[name][0]
        return list(self.values[name][index * width:(index + 1) * width])

    def items(self, name, index):
        """The items of row `index` of a tensor with NAME_offsets."""
        begin, end = self.values[name + "_offsets"][index:index + 2]
        width = 1
        for size in self.shapes[name][1:]:
            width *= size
        return list(self.values[name][begin * width:end * width])


class Case:
    """One recorded case of one model: prompts and what the reference made of
    them."""

    def __init__(self, model, name):
        self.folder = PARITY / model
        self.json = json.loads(
            (self.folder / f"cases_{name}.json").read_text())
        self.tensors = Tensors(self.folder / f"cases_{name}.safetensors")
        self.rows = self.json["rows"]

    def valid_columns(self, row):
        """Columns of the padded table that are not padding."""
        mask = self.tensors.row("attention_mask", row)
        return [i for i, valid in enumerate(mask) if valid]

    def prompt_ids(self, row):
        ids = self.tensors.row("input_ids", row)
        columns = self.valid_columns(row)[:self.rows[row]["prompt_len"]]
        return [ids[i] for i in columns]

    def state(self, row, prompt_position):
        """Final hidden state at a position of the prompt, as a unit vector."""
        shape = self.tensors.shapes["final_hidden"]
        states = self.tensors.row("final_hidden", row)
        at = self.valid_columns(row)[prompt_position] * shape[2]
        vector = states[at:at + shape[2]]
        norm = sum(x * x for x in vector) ** 0.5
        return [x / norm for x in vector]


def records(case, prefix=""):
    """The case's prompts as records with messages and whole paths."""
    result = []
    for index, row in enumerate(case.rows):
        messages = json.loads(json.dumps(row["messages"]))
        for part in (p for m in messages if isinstance(m["content"], list)
                     for p in m["content"]):
            if part["type"] == "image":
                part["image"] = str(case.folder / part["image"])
            if part["type"] == "video":
                part["video"] = [str(case.folder / f) for f in part["video"]]
                # As the reference's two frames a grid step imply.
                part["fps"] = round(2 / row["second_per_grid_ts"][0], 6)
        result.append({"id": f"{prefix}{index}", "messages": messages})
    return result
