#!/usr/bin/python3
"""many.py SOCKET IMAGE COUNT [PARALLEL]: fills a host with sleeping containers many-0000, many-0001...; prints the time.

The image has to be there. The containers have no network and no health check, so that only the engine works.
"""

import concurrent.futures
import http.client
import json
import socket
import sys
import time

SOCKET, IMAGE, COUNT = sys.argv[1], sys.argv[2], int(sys.argv[3])
PARALLEL = int(sys.argv[4]) if len(sys.argv) > 4 else 4
BODY = {
    "Image": IMAGE,
    "Entrypoint": ["/bin/sleep"],
    "Cmd": ["100000"],
    "Healthcheck": {"Test": ["NONE"]},
    "HostConfig": {"NetworkMode": "none"},
}


def post(path, body=None):
    connection = http.client.HTTPConnection("engine", timeout=300)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(300)
    connection.sock.connect(SOCKET)
    headers = {"Content-Type": "application/json"}
    connection.request("POST", path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    answer = response.read()
    if response.status >= 400:
        raise SystemExit(f"{path}: {response.status} {answer[:300]}")


def start(number):
    name = f"many-{number:04}"
    post(f"/containers/create?name={name}", BODY)
    post(f"/containers/{name}/start")


begin = time.monotonic()
with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
    list(pool.map(start, range(COUNT)))
print(f"{COUNT} containers in {time.monotonic() - begin:.1f} s")
