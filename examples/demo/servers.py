#!/usr/bin/python3
"""Pushes a real server as two images: its programs, and a small layer that says which version it is.

  servers.py REGISTRY REPOSITORY PROGRAMS.tar CONFIG   CONFIG is the JSON of an image's config; the tags are 1.0 and 1.1
"""

import json
import sys

import image
import registry


class Server:
    """One image of two layers."""

    def __init__(self, programs, version, config):
        self.media = image.OCI
        self.layers = [programs, image.layer([("version", f"{version}\n".encode(), 0o644)])]
        architecture, _, variant = image.own_platform().partition("/")
        whole = {
            "architecture": architecture,
            **({"variant": variant} if variant else {}),
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {**config, "Labels": {"org.opencontainers.image.version": version}},
            "rootfs": {"type": "layers", "diff_ids": [image.digest(one.tar) for one in self.layers]},
        }
        self.config = json.dumps(whole, sort_keys=True).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": self.media["manifest"],
            "config": image.described(self.media["config"], self.config),
            "layers": [image.described(self.media["layer"], one.packed) for one in self.layers],
        }
        self.manifest = json.dumps(manifest).encode()

    def blobs(self):
        return [self.config] + [one.packed for one in self.layers]


def main():
    address, repository, programs, config = sys.argv[1:]
    with open(programs, "rb") as file:
        layer = image.Layer(file.read())
    client = registry.Registry(address)
    for version in ["1.0", "1.1"]:
        client.push(repository, Server(layer, version, json.loads(config)), version)


if __name__ == "__main__":
    main()
