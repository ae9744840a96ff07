"""Pushes images to a registry over HTTP, and loads them into an engine."""

import base64
import http.client
import io
import json
import os
import re
import socket
import ssl
import tarfile
import urllib.parse

import image


def expect(status, wanted, what, body):
    if status != wanted:
        raise SystemExit(f"{what}: {status} {body[:300]}")


class Registry:
    def __init__(self, address):
        self.base = urllib.parse.urlparse(address if "://" in address else f"http://{address}")
        self.connection = self.connect(self.base)
        self.authorization = None
        user = os.environ.get("SEED_USER")
        credentials = f"{user}:{os.environ.get('SEED_PASSWORD', '')}".encode()
        self.basic = "Basic " + base64.b64encode(credentials).decode() if user else None

    def connect(self, url):
        if url.scheme == "https":
            context = ssl.create_default_context(cafile=os.environ.get("SEED_CA"))
            return http.client.HTTPSConnection(url.netloc, timeout=60, context=context)
        return http.client.HTTPConnection(url.netloc, timeout=60)

    def request(self, method, path, repository, body=None, media=None):
        for _ in range(2):
            headers = {"Content-Type": media} if media else {}
            if self.authorization:
                headers["Authorization"] = self.authorization
            self.connection.request(method, path, body=body, headers=headers)
            response = self.connection.getresponse()
            data = response.read()
            if response.status != 401:
                break
            self.log_in(response.headers["WWW-Authenticate"], repository)
        return response, data

    def log_in(self, challenge, repository):
        if challenge.lower().startswith("basic"):
            self.authorization = self.basic
            return
        parameters = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = urllib.parse.urlparse(parameters["realm"])
        scope = f"repository:{repository}:pull,push,delete"
        query = urllib.parse.urlencode({"service": parameters.get("service", ""), "scope": scope})
        connection = self.connect(realm)
        connection.request("GET", f"{realm.path}?{query}", headers={"Authorization": self.basic} if self.basic else {})
        response = connection.getresponse()
        body = response.read()
        expect(response.status, 200, f"token of {realm.netloc}", body)
        self.authorization = "Bearer " + json.loads(body)["token"]

    def put_blob(self, repository, data):
        digest = image.digest(data)
        response, _ = self.request("HEAD", f"/v2/{repository}/blobs/{digest}", repository)
        if response.status == 200:
            return
        response, body = self.request("POST", f"/v2/{repository}/blobs/uploads/", repository, b"")
        expect(response.status, 202, f"upload to {repository}", body)
        place = urllib.parse.urlparse(response.headers["Location"])
        path = f"{place.path}?{place.query + '&' if place.query else ''}digest={digest}"
        response, body = self.request("PUT", path, repository, data, "application/octet-stream")
        expect(response.status, 201, f"upload to {repository}", body)

    def put_manifest(self, repository, reference, data, media):
        response, body = self.request("PUT", f"/v2/{repository}/manifests/{reference}", repository, data, media)
        expect(response.status, 201, f"manifest {repository}:{reference}", body)
        return image.digest(data)

    def push(self, repository, one, reference=None):
        for blob in one.blobs():
            self.put_blob(repository, blob)
        reference = reference or image.digest(one.manifest)
        return self.put_manifest(repository, reference, one.manifest, one.media["manifest"])

    def push_index(self, repository, index, reference=None):
        for child in index.children:
            if isinstance(child, image.Index):
                self.push_index(repository, child)
            else:
                self.push(repository, child)
        reference = reference or image.digest(index.manifest)
        return self.put_manifest(repository, reference, index.manifest, index.media["index"])

    def delete(self, repository, digest):
        response, body = self.request("DELETE", f"/v2/{repository}/manifests/{digest}", repository)
        expect(response.status, 202, f"deletion of {repository}@{digest}", body)


def load(engine, one, reference):
    """docker load of an archive that is made in memory."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:

        def add(name, data):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))

        layers = []
        for number, each in enumerate(one.layers):
            layers.append(f"{number}.tar")
            add(layers[-1], each.tar)
        add("config.json", one.config)
        content = [{"Config": "config.json", "RepoTags": [reference], "Layers": layers}]
        add("manifest.json", json.dumps(content).encode())
    connection = http.client.HTTPConnection("engine", timeout=60)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(engine)
    connection.request("POST", "/images/load?quiet=1", archive.getvalue(), {"Content-Type": "application/x-tar"})
    response = connection.getresponse()
    body = response.read().decode()
    expect(response.status, 200, f"docker load of {reference}", body)
    return body.strip()
