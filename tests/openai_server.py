"""A server that speaks OpenAI's API, for tests: real HTTP, texts that follow from the request, and every kind of fault.

    python openai_server.py PORT DIALECT        (0: any free port, printed on the first line)

POST /plan takes faults: a list of {"match": a string of the prompt, "do": what goes wrong, "times": how often}.
GET /log gives what was asked so far: path, headers and body of each request, and the most that were under way at once.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "tiny-model"
WORDS = ("fever", "cough", "pain", "rest", "fluids", "improved", "stable", "discharged")

PAGES: dict[str, dict[str, Any]] = {
    "vllm": {
        "/v1/models": {"data": [{"id": MODEL, "owned_by": "vllm", "root": "/srv/models/tiny", "max_model_len": 512}]},
        "/version": {"version": "0.32.0"},
    },
    "vllm-lora": {
        "/v1/models": {
            "data": [
                {"id": MODEL, "owned_by": "vllm", "root": "/srv/models/tiny", "max_model_len": 512},
                {"id": "tuned", "owned_by": "vllm", "root": "/srv/lora", "parent": MODEL, "max_model_len": None},
            ]
        },
        "/version": {"version": "0.32.0"},
    },
    "llamacpp": {
        "/v1/models": {"data": [{"id": "../models/tiny.gguf", "owned_by": "llamacpp", "meta": {"n_params": 12}}]},
        "/props": {
            "build_info": "b7000-abc",
            "model_path": "../models/tiny.gguf",
            "chat_template": "{{ messages }}",
            "default_generation_settings": {"n_ctx": 256},
        },
    },
    "ollama": {
        "/v1/models": {"data": [{"id": name, "owned_by": "library"} for name in ("tiny:1b", "llama3:latest")]},
        "/api/version": {"version": "0.30.1"},
        "/api/tags": {
            "models": [{"name": "tiny:1b", "digest": "sha256:77"}, {"name": "llama3:latest", "digest": "sha256:88"}]
        },
    },
    "plain": {"/v1/models": {"data": [{"id": MODEL}]}},
}


class State:
    def __init__(self, dialect: str) -> None:
        self.dialect = dialect
        self.lock = threading.Lock()
        self.plans: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.under_way = self.most = 0

    def wait_for(self, requests: int) -> None:
        """Until so many were under way at once; no longer than 10 s."""
        end = time.monotonic() + 10
        while self.most < requests and time.monotonic() < end:
            time.sleep(0.01)

    def fault(self, text: str) -> dict[str, Any]:
        with self.lock:
            for plan in self.plans:
                if plan["match"] in text and plan.get("times", 10**9) > 0:
                    plan["times"] = plan.get("times", 10**9) - 1
                    return plan
        return {"do": "answer"}


def prompt_of(body: dict[str, Any]) -> str:
    if "messages" in body:
        return " ".join(message["content"] for message in body["messages"])
    return str(body.get("prompt", body.get("content", "")))


def written(body: dict[str, Any]) -> tuple[list[str], str]:
    """(words, why they end): a function of the prompt, and of the seed where the text is sampled."""
    drawn = [prompt_of(body), body["seed"] if body["temperature"] else None]
    noise = hashlib.sha256(json.dumps(drawn).encode()).digest()
    words = [WORDS[byte % len(WORDS)] for byte in noise[:12]]
    for at, word in enumerate(words):
        if word in body.get("stop", []):
            return words[:at], "stop"
    room = body["max_tokens"]
    return words[:room], "length" if room < len(words) else "stop"


def reply(body: dict[str, Any]) -> dict[str, Any]:
    words, finish = written(body)
    text, logprobs = " ".join(words), [-0.5] * len(words)
    choice: dict[str, Any] = {"index": 0, "finish_reason": finish}
    if "messages" in body:
        choice["message"] = {"role": "assistant", "content": text}
        choice["logprobs"] = {"content": [{"token": "x", "logprob": value} for value in logprobs]}
    else:
        choice["text"] = text
        choice["logprobs"] = {"token_logprobs": logprobs}
    return {"model": MODEL, "choices": [choice], "usage": {"completion_tokens": len(words)}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/log":
            return self.answer({"requests": self.state.requests, "most": self.state.most})
        self.note({})
        fault = self.state.fault(self.path)
        if fault["do"] != "answer":
            return self.misbehave(fault, "")
        page = PAGES[self.state.dialect].get(self.path)
        return self.answer(page) if page else self.answer({"error": "no such page"}, 404)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/plan":
            self.state.plans = body
            return self.answer({})
        self.note(body)
        with self.state.lock:
            self.state.under_way += 1
            self.state.most = max(self.state.most, self.state.under_way)
        try:
            time.sleep(0.02)
            fault = self.state.fault(prompt_of(body))
            if fault["do"] == "wait for others":
                self.state.wait_for(1 + fault["others"])
            elif fault["do"] != "answer":
                return self.misbehave(fault, prompt_of(body))
            return self.serve(body)
        finally:
            with self.state.lock:
                self.state.under_way -= 1

    def note(self, body: dict[str, Any]) -> None:
        with self.state.lock:
            self.state.requests.append({"path": self.path, "headers": dict(self.headers), "body": body})

    def serve(self, body: dict[str, Any]) -> None:
        count = len(prompt_of(body).split())
        if self.path == "/tokenize" and self.state.dialect == "vllm":
            return self.answer({"count": count + 3 * len(body.get("messages", [])), "max_model_len": 512})
        if self.path == "/tokenize" and self.state.dialect == "llamacpp":
            return self.answer({"tokens": list(range(count + int(body["add_special"])))})
        if self.path == "/apply-template" and self.state.dialect == "llamacpp":
            return self.answer({"prompt": f"<user> {prompt_of(body)} <assistant>"})
        if self.path in ("/v1/chat/completions", "/v1/completions"):
            return self.answer(reply(body))
        return self.answer({"error": "no such page"}, 404)

    def misbehave(self, fault: dict[str, Any], prompt: str) -> None:
        match fault["do"]:
            case "hang":
                time.sleep(60)
            case "drip":
                self.start(200, 10**6)
                for _ in range(600):
                    self.wfile.write(b" ")
                    time.sleep(0.1)
            case "drip head":
                for _ in range(600):
                    self.wfile.write(b"H")
                    time.sleep(0.1)
            case "continue":
                for _ in range(600):
                    self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    time.sleep(0.1)
            case "no HTTP":
                self.wfile.write(b"\x00\xff " + prompt.encode() + b"\r\n\r\n")
                self.close_connection = True
            case "no gzip":
                self.start(200, len(prompt), {"Content-Encoding": "gzip"})
                self.wfile.write(prompt.encode())
            case "close":
                self.close_connection = True
            case "close early":
                self.start(200, 1000)
                self.wfile.write(b'{"choices": [')
                self.close_connection = True
            case "raw":
                data = fault["data"].encode()
                self.start(200, len(data))
                self.wfile.write(data)
            case "echo":
                self.answer({"choices": [{"message": {"content": None}, "finish_reason": prompt}], "error": prompt})
            case "status":
                self.answer({"error": {"message": f"refused: {prompt}"}}, fault["status"], fault.get("headers", {}))

    def start(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, value: object, status: int = 200, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(value).encode()
        self.start(status, len(data), headers)
        self.wfile.write(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        pass


def main() -> None:
    port, dialect = int(sys.argv[1]), sys.argv[2]
    Handler.state = State(dialect)
    server = Server(("127.0.0.1", port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
