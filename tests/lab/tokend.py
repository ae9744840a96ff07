#!/usr/bin/python3
"""tokend.py ADDRESS PORT: the token server of a registry (GET with Basic or nobody, POST as OAuth 2).

Signs with $LAB_PKI/token.key and puts the certificate into the header, as docker-registry checks it. Nobody may pull
public/* and library/*; alice (s3cret) and robot$ci (robotpw) may do everything. TOKEN_TTL: seconds, default 300.
"""

import base64
import http.server
import json
import os
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

    def answer(self, status, value):
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
                return self.answer(401, {"errors": [refusal]})
        self.issue(query, user)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = urllib.parse.parse_qs(body)
        user = form.get("username", [""])[0]
        if form.get("grant_type", [""])[0] == "password" and USERS.get(user) != form.get("password", [""])[0]:
            return self.answer(401, {"error": "invalid_grant"})
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
        self.answer(200, {"token": token, "access_token": token, "expires_in": TTL, "issued_at": issued})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


Server((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
