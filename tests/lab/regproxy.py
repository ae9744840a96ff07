#!/usr/bin/python3
"""regproxy.py ADDRESS REGISTRY(host:port): a proxy before a registry that misbehaves as told. Prints "ready ADDRESS:PORT".

Steered by lines on standard input: "faults {...}" replaces the behaviour, "log" answers with all requests,
"forget" empties the log. The behaviour is one object with any of:
  only               regular expression on "METHOD /path": what fail, drop_after, bytes_per_second and hang apply to
  fail               what the next requests get, in turn: a status, "drop" (reset the connection) or null (nothing)
  latency            seconds before each answer
  hang               seconds without an answer, then the connection is reset
  drop_after         cut a blob off after so many bytes
  bytes_per_second   how fast blobs are sent
  rate_limit         requests for manifests in a window, then 429; HEAD counts with head_counts
  rate_window        seconds (default 60); Retry-After says what is left of it
  retry_after_date   Retry-After as a date instead of seconds
  rate_headers       false: without ratelimit-limit and ratelimit-remaining
  no_digest, bad_digest   leave out or falsify Docker-Content-Digest
  no_etag            leave out ETag
  head_refused       405 for HEAD of manifests
  truncate_manifest  send only so many bytes of a manifest, as if they were all
  page               tags in a page of the list; n, last and Link work in any case
"""

import email.utils
import http.client
import http.server
import json
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

import control

ADDRESS, REGISTRY = sys.argv[1:3]
LOCK = threading.Lock()
FAULTS, LOG = {}, []
WINDOW = {"start": 0.0, "count": 0}
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "accept-encoding"}


def set_faults(faults):
    with LOCK:
        FAULTS.clear()
        FAULTS.update(faults)
        WINDOW.update(start=time.time(), count=0)


def log_of_requests(_):
    with LOCK:
        return [dict(entry) for entry in LOG]


def forget(_):
    with LOCK:
        LOG.clear()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def handle_one_request(self):
        # An engine falls back from https to http only if it gets this answer to its first TLS message.
        if self.peek() == b"\x16":
            self.wfile.write(b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTPS request to an HTTP server.")
            self.close_connection = True
        else:
            super().handle_one_request()

    def peek(self):
        try:
            return self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""

    def answer(self, status, value, headers=()):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, content in headers:
            self.send_header(name, content)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self):
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def note(self):
        entry = {
            "method": self.command,
            "path": self.path,
            "status": None,
            "user_agent": self.headers.get("User-Agent"),
            "accept": self.headers.get_all("Accept") or [],
            "authorization": (self.headers.get("Authorization") or "").split(" ")[0],
            "if_none_match": self.headers.get("If-None-Match"),
        }
        with LOCK:
            LOG.append(entry)
        return entry

    def any_method(self):
        body = self.body()
        entry = self.note()
        path = urllib.parse.urlparse(self.path).path
        concerned = re.search(FAULTS.get("only", ""), f"{self.command} {path}") is not None
        latency = FAULTS.get("latency", 0)
        if latency:
            time.sleep(latency)
        if concerned and self.failed(entry):
            return
        manifest = "/manifests/" in path
        limits, left = self.rate() if manifest and "rate_limit" in FAULTS else ([], 0)
        if left < 0:
            entry["status"] = 429
            error = {"code": "TOOMANYREQUESTS", "message": "You have reached your pull rate limit."}
            return self.answer(429, {"errors": [error]}, limits)
        if manifest and self.command == "HEAD" and FAULTS.get("head_refused"):
            entry["status"] = 405
            return self.answer(405, {"errors": [{"code": "UNSUPPORTED"}]})
        self.forward(body, entry, limits, concerned)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = any_method

    def failed(self, entry):
        hang = FAULTS.get("hang")
        if hang:
            entry["status"] = "hang"
            time.sleep(hang)
            self.reset()
            return True
        with LOCK:
            failures = FAULTS.get("fail")
            failure = failures.pop(0) if failures else None
        if failure is None:
            return False
        entry["status"] = failure
        if failure == "drop":
            self.reset()
        else:
            self.answer(failure, {"errors": [{"code": "INJECTED", "message": f"injected {failure}"}]})
        return True

    def rate(self):
        """Counts a request; gives the headers that tell of the limit, and how many requests are left."""
        window = FAULTS.get("rate_window", 60)
        with LOCK:
            now = time.time()
            if now - WINDOW["start"] > window:
                WINDOW.update(start=now, count=0)
            if self.command == "GET" or FAULTS.get("head_counts"):
                WINDOW["count"] += 1
            left = FAULTS["rate_limit"] - WINDOW["count"]
            rest = int(WINDOW["start"] + window - now) + 1
        headers = []
        if FAULTS.get("rate_headers", True):
            headers.append(("ratelimit-limit", f"{FAULTS['rate_limit']};w={window}"))
            headers.append(("ratelimit-remaining", f"{max(left, 0)};w={window}"))
        if left < 0:
            date = email.utils.formatdate(time.time() + rest, usegmt=True)
            headers.append(("Retry-After", date if FAULTS.get("retry_after_date") else str(rest)))
        return headers, left

    def forward(self, body, entry, extra, concerned):
        connection = http.client.HTTPConnection(REGISTRY, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        if entry["accept"]:
            headers["Accept"] = ", ".join(entry["accept"])
        if body or self.command in ("PUT", "POST", "PATCH"):
            headers["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body=body or None, headers=headers)
        response = connection.getresponse()
        entry["status"] = response.status
        data = response.read()
        path = urllib.parse.urlparse(self.path)
        if path.path.endswith("/tags/list") and response.status == 200:
            return self.page_of_tags(path, json.loads(data))
        if "/manifests/" in path.path and "truncate_manifest" in FAULTS and self.command == "GET":
            data = data[: FAULTS["truncate_manifest"]]
        self.send_response(response.status)
        for name, value in response.getheaders():
            self.pass_header(name, value)
        for name, value in extra:
            self.send_header(name, value)
        length = response.headers.get("Content-Length") if self.command == "HEAD" else len(data)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        if concerned and "/blobs/" in path.path:
            self.send_slowly(data, entry)
        else:
            self.wfile.write(data)

    def pass_header(self, name, value):
        lower = name.lower()
        if lower in HOP_BY_HOP or lower in ("date", "server"):
            return
        if lower == "etag" and FAULTS.get("no_etag"):
            return
        if lower == "docker-content-digest":
            if FAULTS.get("no_digest"):
                return
            if FAULTS.get("bad_digest"):
                value = "sha256:" + "0" * 64
        self.send_header(name, value)

    def page_of_tags(self, path, listing):
        query = urllib.parse.parse_qs(path.query)
        everything = len(listing["tags"] or []) + 1
        size = min(int(query.get("n", [everything])[0]), FAULTS.get("page", everything))
        last = query.get("last", [""])[0]
        tags = sorted(tag for tag in listing["tags"] or [] if tag > last)
        page, headers = tags[:size], []
        if len(tags) > size:
            following = f"{path.path}?last={urllib.parse.quote(page[-1])}&n={size}"
            headers.append(("Link", f'<{following}>; rel="next"'))
        self.answer(200, {"name": listing["name"], "tags": page}, headers)

    def send_slowly(self, data, entry):
        cut = FAULTS.get("drop_after", len(data))
        step = 16384
        for start in range(0, min(cut, len(data)), step):
            self.wfile.write(data[start : min(start + step, cut)])
            self.wfile.flush()
            rate = FAULTS.get("bytes_per_second")  # once: it may be lifted at any time
            if rate:
                time.sleep(step / rate)
        if cut < len(data):
            entry["status"] = "cut"
            self.reset()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_):
        pass  # a client that went away, which is what the tests are about


server = Server((ADDRESS, 0), Handler)
control.steer(f"{ADDRESS}:{server.server_port}", {"faults": set_faults, "log": log_of_requests, "forget": forget})
server.serve_forever()
