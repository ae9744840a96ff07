#!/usr/bin/python3
"""tokend.py ADDRESS PORT [tls]: the token server of a registry (GET with Basic or nobody, POST as OAuth 2).

Signs with $LAB_PKI/token.key and puts the certificate into the header, as docker-registry checks it. Nobody may pull
public/* and library/*; alice (s3cret) and robot$ci (robotpw) may do everything. TOKEN_TTL: seconds, default 300.
Prints each request as a line of JSON before it is answered.
"""

import base64
import http.server
import json
import os
import ssl
import sys
import time
import urllib.parse
import uuid

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

PKI = os.environ["LAB_PKI"]
TTL = int(os.environ.get("TOKEN_TTL", "300"))
USERS = {"alice": "s3cret", "robot$ci": "robotpw"}

with open(f"{PKI}/token.key") as file:
    KEY = file.read()
with open(f"{PKI}/token.crt", "rb") as file:
    CERTIFICATE = x509.load_pem_x509_certificate(file.read())
CHAIN = [base64.b64encode(CERTIFICATE.public_bytes(serialization.Encoding.DER)).decode()]


def granted(scope, user):
    """What of one scope, "repository:NAME:ACTION,ACTION", the user gets."""
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    actions = actions.split(",")
    if not user:
        actions = [action for action in actions if action == "pull" and name.startswith(("public/", "library/"))]
    return {"type": kind, "name": name, "actions": actions}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, value, query, user):
        asked = {name: " ".join(query.get(name, [])) for name in ("service", "scope")}
        entry = {
            "host": self.headers.get("Host"),
            "method": self.command,
            "status": status,
            "user": user,
            "agent": self.headers.get("User-Agent"),
        }
        # In one call, so that no other thread's line gets in between.
        sys.stdout.write(json.dumps(entry | asked) + "\n")
        sys.stdout.flush()
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        user = ""
        authorization = self.headers.get("Authorization", "")
        if authorization.lower().startswith("basic "):
            user, _, password = base64.b64decode(authorization[6:]).decode().partition(":")
            if USERS.get(user) != password:
                refusal = {"code": "UNAUTHORIZED", "message": "incorrect username or password"}
                return self.answer(401, {"errors": [refusal]}, query, user)
        self.issue(query, user)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = urllib.parse.parse_qs(body)
        user = form.get("username", [""])[0]
        if form.get("grant_type", [""])[0] == "password" and USERS.get(user) != form.get("password", [""])[0]:
            return self.answer(401, {"error": "invalid_grant"}, form, user)
        self.issue(form, user)

    def issue(self, query, user):
        now = int(time.time())
        claims = {
            "iss": "lab",
            "sub": user,
            "aud": query.get("service", [""])[0],
            "exp": now + TTL,
            "nbf": now - 10,
            "iat": now,
            "jti": uuid.uuid4().hex,
            "access": [granted(scope, user) for scope in " ".join(query.get("scope", [])).split()],
        }
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"x5c": CHAIN})
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
        value = {"token": token, "access_token": token, "expires_in": TTL, "issued_at": issued}
        self.answer(200, value, query, user)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


server = Server((sys.argv[1], int(sys.argv[2])), Handler)
if sys.argv[3:] == ["tls"]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{PKI}/server.crt", f"{PKI}/server.key")
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
