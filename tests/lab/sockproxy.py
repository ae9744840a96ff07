#!/usr/bin/python3
"""sockproxy.py LISTEN ENGINE: a proxy between two unix sockets that injects faults at exact calls of the Docker API.

Steered by lines on standard input: "rules [RULE...]" replaces the rules and counts anew, "log" answers with all calls
as {"call": "METHOD /path?query", "status": CODE or what was injected}, "forget" empties it, "failures" answers with what could not be carried out. A rule is an object:
  match    regular expression on "METHOD /path?query"
  nth      only the n-th call that matches (default: every one)
  fold     a call that repeats the one before it counts with it: who waits asks as often as it takes
  when     "before": the engine never sees the call if it is dropped; "after": the engine has done it and answered
and one or more of these, in this order:
  hold     seconds at most to wait until the file "until" exists
  delay    seconds
  run      a command as a list, waited for; if it fails, the call is dropped
  kill     a file with a pid: SIGKILL, wait until it is gone, and drop the call
  status   answer this status with "message" instead
  drop     close the connection without an answer
Each connection carries one call: both sides are told "Connection: close", so that a client with a pool makes
another one instead of losing a race. Streams, attach and exec pass through.
"""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import control

LISTEN, ENGINE = sys.argv[1:3]
LOCK = threading.Lock()
RULES, LOG, FAILURES = [], [], []
LAST = [""]


def set_rules(rules):
    with LOCK:
        RULES[:] = [{"seen": 0, **rule} for rule in rules]
        LAST[0] = ""


def log_of_calls(_):
    with LOCK:
        return [dict(entry) for entry in LOG]


def forget(_):
    with LOCK:
        LOG.clear()


def failures(_):
    with LOCK:
        return list(FAILURES)


def matching(call):
    """Counts the call; gives the rules that apply to it, by the moment they apply."""
    found = {"before": [], "after": []}
    with LOCK:
        repeated, LAST[0] = call == LAST[0], call
        for rule in RULES:
            if re.search(rule["match"], call) and not (repeated and rule.get("fold")):
                rule["seen"] += 1
                if rule.get("nth", rule["seen"]) == rule["seen"]:
                    found[rule.get("when", "before")].append(rule)
    return found


def kill(pid_file):
    """Ends a process and waits until it can do nothing more."""
    with open(pid_file) as file:
        pid = int(file.read())
    try:
        os.kill(pid, signal.SIGKILL)
        while True:
            with open(f"/proc/{pid}/stat") as file:
                if file.read().rpartition(") ")[2][0] in "ZX":
                    return
            time.sleep(0.001)
    except (ProcessLookupError, FileNotFoundError):
        return


def hold(rule):
    deadline = time.monotonic() + rule["hold"]
    while not os.path.exists(rule["until"]) and time.monotonic() < deadline:
        time.sleep(0.005)


def run(command):
    """Runs a command; says whether it did what it was to do, else keeps why for the test."""
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        return True
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"sockproxy.py: {error}", file=sys.stderr, flush=True)
        with LOCK:
            FAILURES.append(str(error))
        return False


def inject(rules, client, entry):
    """Carries the rules out; says whether the call ends here, and logs it before anybody can notice."""
    for rule in rules:
        if "hold" in rule:
            hold(rule)
        if "delay" in rule:
            time.sleep(rule["delay"])
        if "run" in rule and not run(rule["run"]):
            entry["status"] = "run failed"
            return True
        if "kill" in rule:
            entry["status"] = f"killed {rule.get('when', 'before')}"
            kill(rule["kill"])
            return True
        if "status" in rule:
            entry["status"] = rule["status"]
            body = json.dumps({"message": rule.get("message", "injected")}).encode()
            head = f"HTTP/1.1 {rule['status']} Injected\r\nContent-Type: application/json\r\n"
            client.sendall(head.encode() + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)
            return True
        if rule.get("drop"):
            entry["status"] = f"dropped {rule.get('when', 'before')}"
            return True
    return False


def read_head(peer):
    """Gives the lines of a message's head and what came after it; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = peer.recv(65536)
        if not part:
            return None
        data += part
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), rest


def one_call(lines):
    """The head with "Connection: close", unless the connection becomes something else."""
    if any(line.lower().startswith(b"upgrade:") for line in lines):
        return b"\r\n".join(lines) + b"\r\n\r\n"
    kept = [line for line in lines if not line.lower().startswith((b"connection:", b"keep-alive:"))]
    return b"\r\n".join(kept + [b"Connection: close"]) + b"\r\n\r\n"


def relay(client, engine, entry, withheld):
    """Passes bytes both ways until the engine is done; gives the answer if it is to be withheld."""
    answer = b""
    sources = [client, engine]
    while True:
        readable, _, _ = select.select(sources, [], [])
        if client in readable:
            data = client.recv(65536)
            if data:
                engine.sendall(data)
            elif entry["status"] in (101, 200):
                engine.shutdown(socket.SHUT_WR)  # the end of what is typed into an attached container
                sources.remove(client)
            else:
                return b""  # the client is gone, so the engine hears of it as well
        if engine in readable:
            if entry["status"] is None:
                head = read_head(engine)
                if head is None:
                    return answer
                entry["status"] = int(head[0][0].split(b" ")[1])
                data = one_call(head[0]) + head[1]
            else:
                data = engine.recv(65536)
                if not data:
                    return answer
            if withheld:
                answer += data
            else:
                client.sendall(data)


def serve(client):
    with client:
        head = read_head(client)
        if head is None:
            return
        lines, rest = head
        entry = {"call": b" ".join(lines[0].split(b" ")[:2]).decode(), "status": None}
        rules = matching(entry["call"])
        with LOCK:
            LOG.append(entry)
        if inject(rules["before"], client, entry):
            return
        with socket.socket(socket.AF_UNIX) as engine:
            engine.connect(ENGINE)
            engine.sendall(one_call(lines) + rest)
            answer = relay(client, engine, entry, bool(rules["after"]))
        if answer and not inject(rules["after"], client, entry):
            client.sendall(answer)


def serve_quietly(client):
    try:
        serve(client)
    except OSError:
        pass  # one of the two is gone, which is what the tests are about


listener = socket.socket(socket.AF_UNIX)
listener.bind(LISTEN)
listener.listen(256)
control.steer(LISTEN, {"rules": set_rules, "log": log_of_calls, "forget": forget, "failures": failures})
while True:
    threading.Thread(target=serve_quietly, args=(listener.accept()[0],), daemon=True).start()
