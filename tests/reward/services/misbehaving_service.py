#!/usr/bin/env python3
"""The example's service with faults: the term's parameter `mode` names what it
does wrong. `--curve` makes keys and prints them behind the endpoint."""

import math
import pathlib
import sys
import time

import zmq

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "examples" / "reward_service_python"))
import reward_service  # noqa: E402

seen = {}


def spoil(messages, data):
    """Bytes of the reply, or None for no answer."""
    request = messages.ScoreRequest.FromString(data)
    mode = request.params.get("mode", "")
    count = seen[request.key] = seen.get(request.key, 0) + 1
    good = reward_service.answer(messages, data)
    if mode == "silent" or (mode == "silent_once" and count == 1):
        return None
    if mode == "garbage":
        return b"\xff" * 100
    if mode == "empty":
        return b""
    reply = messages.ScoreReply.FromString(good)
    if mode == "short":
        del reply.query.values[-1]
    if mode == "row":
        reply.query.invalid.add(row=10**9, reason="far away")
    if mode == "nan":
        reply.query.values[0] = math.nan
    if mode == "id":
        reply.request_id += 1
    if mode == "major":
        reply.protocol_major = 9
    if mode == "failed":
        reply.query.failed.add(row=1, reason="not this one")
    if mode == "slow":
        time.sleep(0.3)
    return reply.SerializeToString()


def main():
    messages = reward_service.load_messages()
    socket = zmq.Context.instance().socket(zmq.ROUTER)
    socket.setsockopt(zmq.LINGER, 0)
    words = []
    if "--curve" in sys.argv:
        public, secret = zmq.curve_keypair()
        socket.curve_secretkey, socket.curve_publickey = secret, public
        socket.curve_server = True
        _, client_secret = zmq.curve_keypair()
        words = [public.decode(), client_secret.decode()]
    socket.bind("tcp://127.0.0.1:*")
    print(socket.getsockopt_string(zmq.LAST_ENDPOINT), *words, flush=True)
    while True:
        sender, empty, data = socket.recv_multipart()
        reply = spoil(messages, data)
        if reply is not None:
            socket.send_multipart([sender, empty, reply])


if __name__ == "__main__":
    main()
