#!/usr/bin/env python3
"""A reward of your own as a service: answers UME's `external` term over ZeroMQ
with the Protobuf messages of common/wire/reward_service.proto.

    python3 examples/reward_service_python/reward_service.py \\
        --endpoint tcp://127.0.0.1:5599

Debian: python3-zmq, python3-protobuf, protobuf-compiler. The reward here is
lexical diversity: different words / words of the completion. Replace
`score_row` (or `score_cohort`, which sees all pairs) by your own.
"""

import argparse
import importlib
import pathlib
import subprocess
import sys
import tempfile

import zmq

SCHEMA = (pathlib.Path(__file__).resolve().parents[2] /
          "common" / "wire" / "reward_service.proto")
PROTOCOL_MAJOR = 1
VERSION = "diversity-1"
MAX_BYTES = 64 << 20


def load_messages(schema=SCHEMA):
    """The messages' Python module, made by protoc for this start."""
    with tempfile.TemporaryDirectory(prefix="ume-reward-") as folder:
        subprocess.run(["protoc", f"--python_out={folder}",
                        f"-I{schema.parent}", str(schema)], check=True)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module(schema.stem + "_pb2")
        finally:
            sys.path.remove(folder)


def score_row(completion, params):
    """A number, or None where the completion cannot be scored."""
    words = completion.lower().split()
    if not words:
        return None
    return len(set(words)) / len(words) * float(params.get("scale", "1"))


def score_cohort(request, reply):
    """Fills the reply. `request` holds both sides of all pairs: embeddings are
    numpy.frombuffer(side.gen_embeddings, "<f4").reshape(-1, request.dim)."""
    for side, scores in ((request.query, reply.query),
                         (request.target, reply.target)):
        for row, completion in enumerate(side.completions):
            value = score_row(completion, request.params)
            scores.values.append(0.0 if value is None else value)
            if value is None:
                scores.invalid.add(row=row, reason="no words")


def answer(messages, data, score=score_cohort):
    """The reply's bytes. Whatever goes wrong is said, never guessed."""
    reply = messages.ScoreReply(protocol_major=PROTOCOL_MAJOR, version=VERSION)
    try:
        request = messages.ScoreRequest.FromString(data)
        reply.request_id = request.request_id
        if request.protocol_major != PROTOCOL_MAJOR:
            raise ValueError(f"protocol {request.protocol_major}, this service "
                             f"speaks {PROTOCOL_MAJOR}")
        score(request, reply)
    except Exception as error:  # every failure becomes a refusal
        reply = messages.ScoreReply(
            protocol_major=PROTOCOL_MAJOR, version=VERSION,
            request_id=reply.request_id, refusal=str(error) or repr(error))
    return reply.SerializeToString()


def open_socket(endpoint, secret_key=None):
    """A REP socket; with a CURVE key for other machines."""
    socket = zmq.Context.instance().socket(zmq.REP)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_BYTES)
    if secret_key:
        socket.curve_secretkey = secret_key.encode()
        socket.curve_publickey = zmq.curve_public(secret_key.encode())
        socket.curve_server = True
    socket.bind(endpoint)
    return socket


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--endpoint", default="tcp://127.0.0.1:5599")
    options = parser.parse_args()
    messages = load_messages()
    socket = open_socket(options.endpoint)
    print("listening on", socket.getsockopt_string(zmq.LAST_ENDPOINT),
          flush=True)
    while True:
        socket.send(answer(messages, socket.recv()))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
