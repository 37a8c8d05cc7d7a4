#!/usr/bin/env python3
"""A chat endpoint over HTTP whose path names how it behaves. Prints its port.
GET /count says how many questions came and how many were open at once."""

import http.server
import json
import socketserver
import threading
import time

lock = threading.Lock()
state = {"asked": 0, "open": 0, "most": 0, "first": set()}


def chat(content):
    return json.dumps({"choices": [{"message": {"role": "assistant",
                                                "content": content}}]}).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def reply(self, status, body, headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with lock:
            body = {key: state[key] for key in ("asked", "most")}
        self.reply(200, json.dumps(body).encode())

    def do_POST(self):
        question = self.rfile.read(int(self.headers["Content-Length"]))
        with lock:
            state["asked"] += 1
            state["open"] += 1
            state["most"] = max(state["most"], state["open"])
            again = self.path in state["first"]
            state["first"].add(self.path)
        try:
            self.behave(self.path.split("/")[2], json.loads(question), again)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with lock:
                state["open"] -= 1

    def behave(self, mode, question, again):
        text = question["messages"][0]["content"]
        good = chat(' {"score": 0.75}\n' if "sixsix" in text else "0.25")
        if mode == "ok":
            time.sleep(0.02)
            return self.reply(200, good)
        if mode == "echo":  # the prompt must be what the test expects
            return self.reply(200, chat("1" if text == "query what is this? "
                                        "{x} four {answer}" else "0"))
        if mode == "auth":
            fine = self.headers.get("Authorization") == "Bearer sesame"
            return self.reply(200 if fine else 401, good if fine else b"who?")
        if mode == "429":
            return self.reply(429, b"later", [("Retry-After", "1")])
        if mode == "busy":
            if again:
                return self.reply(200, good)
            return self.reply(429, b"later", [("Retry-After", "1")])
        if mode == "500":
            return self.reply(500, b"\xffbroken")
        if mode == "500once":
            return self.reply(200, good) if again else self.reply(500, b"")
        if mode == "500first":
            return self.later_good(again, good)
        if mode == "wordsonce":
            return self.reply(200, good if again else chat("let me think"))
        if mode == "hang":
            return time.sleep(30)
        if mode == "drip":
            return self.drip()
        if mode == "headers":
            return self.endless_headers()
        if mode == "redirect":
            return self.reply(302, b"", [("Location", "/v1/ok")])
        bodies = {"garbage": b"\x00\xff{{{", "empty": b"",
                  "huge": b"x" * (2 << 20), "list": b"[1, 2]",
                  "choices": b'{"choices": []}', "deep": b"[" * 100000,
                  "words": chat("I would say 0.5"), "range": chat("1.5"),
                  "nan": chat("nan"), "inf": chat("1e999"),
                  "object": chat('{"score": "0.5"}'), "blank": chat("  "),
                  "silent": chat(None)}
        self.reply(200, bodies[mode])

    def later_good(self, again, good):
        """Back, but slow: others come while the first question is open."""
        if not again:
            return self.reply(500, b"")
        time.sleep(0.1)
        return self.reply(200, good)

    def drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _ in range(300):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def endless_headers(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for i in range(1 << 20):
            self.wfile.write(b"X-%d: %s\r\n" % (i, b"y" * 1000))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
