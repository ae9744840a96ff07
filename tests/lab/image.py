"""Container images as bytes: layers, configuration, manifests and indexes, the same for the same input."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
from dataclasses import dataclass, field

OCI = {
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
    "config": "application/vnd.oci.image.config.v1+json",
    "index": "application/vnd.oci.image.index.v1+json",
}
DOCKER = {
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    "config": "application/vnd.docker.container.image.v1+json",
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
}

ASK = "wget -q -O /dev/null http://127.0.0.1:8080/health || exit 1"
# How containers behave: variables for ENTRY, and the command of their health check.
KINDS = {
    "web": ({}, ASK),  # healthy after a second
    "plain": ({}, None),  # without a health check
    "exit0": ({"EXIT_AFTER": "0", "EXIT_CODE": "0"}, None),
    "exit1": ({"EXIT_AFTER": "0", "EXIT_CODE": "1"}, None),
    "crash": ({"EXIT_AFTER": "2", "EXIT_CODE": "1"}, None),  # with a restart policy: again and again
    "unhealthy": ({}, "exit 1"),  # from the start
    "sickens": ({"SICK_AFTER": "8"}, ASK),  # healthy first
    "slow": ({"START_DELAY": "5"}, ASK),  # healthy after six seconds
    "slow-stop": ({"STOP_DELAY": "3"}, None),
    "ignore-term": ({"IGNORE_TERM": "1"}, None),
}

ENTRY = b"""#!/bin/sh
# Variables decide: START_DELAY EXIT_AFTER EXIT_CODE SICK_AFTER STOP_DELAY IGNORE_TERM PORT
if [ -n "$IGNORE_TERM" ]; then trap '' TERM; else trap 'sleep ${STOP_DELAY:-0}; exit 0' TERM INT; fi
echo "starting $APP_NAME $APP_VERSION"
if [ -n "$EXIT_AFTER" ]; then sleep "$EXIT_AFTER"; echo "boom: cannot go on" >&2; exit "$EXIT_CODE"; fi
if [ -n "$START_DELAY" ]; then sleep "$START_DELAY" & wait $!; fi
httpd -f -p "${PORT:-8080}" -h /www & server=$!
echo ready
if [ -n "$SICK_AFTER" ]; then sleep "$SICK_AFTER" & wait $!; kill $server; fi
while :; do sleep 3600 & wait $!; done
"""


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def own_platform():
    return {"x86_64": "amd64", "aarch64": "arm64/v8"}[os.uname().machine]


@dataclass
class Layer:
    tar: bytes
    packed: bytes = field(init=False)

    def __post_init__(self):
        self.packed = gzip.compress(self.tar, compresslevel=1, mtime=0)


def layer(entries):
    """entries: (path, bytes, mode), (path, "target of a link") or (path, None, mode) for a folder."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content, *mode in entries:
            entry = tarfile.TarInfo(path)
            entry.mode = mode[0] if mode else 0o777
            if content is None:
                entry.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
            else:
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if entry.size else None)
    return Layer(packed.getvalue())


def base_layer():
    with open("/bin/busybox", "rb") as file:
        busybox = file.read()
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True).stdout.split()
    folders = ["bin", "etc", "www", "var", "data"]
    users = b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/:/bin/sh\n"
    return layer(
        [(name, None, 0o755) for name in folders]
        + [("root", None, 0o700), ("tmp", None, 0o1777)]
        + [("bin/busybox", busybox, 0o755)]
        + [("etc/passwd", users, 0o644), ("etc/group", b"root:x:0:\napp:x:1000:\n", 0o644)]
        + [(f"bin/{name}", "busybox") for name in applets if name != "busybox"]
    )


def merged(config, changes):
    """Labels and variables are merged, other fields replaced; null removes a field."""
    result = {**config, **{key: value for key, value in changes.items() if key not in ("Env", "Labels")}}
    result["Labels"] = {**config["Labels"], **changes.get("Labels", {})}
    variables = dict(entry.split("=", 1) for entry in config["Env"] + changes.get("Env", []))
    result["Env"] = [f"{name}={value}" for name, value in variables.items()]
    return {key: value for key, value in result.items() if value is not None}


def described(media, data):
    return {"mediaType": media, "digest": digest(data), "size": len(data)}


class Image:
    """One image of one platform."""

    def __init__(self, repository, version, kind, platform, config, created, blob, program, media):
        name = repository.rsplit("/", 1)[-1]
        architecture, _, variant = platform.partition("/")
        self.platform = {"architecture": architecture, "os": "linux"}
        if variant:
            self.platform["variant"] = variant
        self.media, self.annotations = media, {}
        page = f"{name} {version}\n".encode()
        about = json.dumps({"name": name, "version": version, "platform": platform}).encode()
        self.layers = [
            base_layer(),
            layer(
                [
                    ("entry.sh", ENTRY, 0o755),
                    ("www/index.html", page, 0o644),
                    ("www/health", b"ok\n", 0o644),
                    ("www/version.json", about, 0o644),
                ]
            ),
        ]
        if blob[0]:
            noise = hashlib.shake_128(f"{name}{blob[1]}".encode()).digest(blob[0])
            self.layers.append(layer([("blob", noise, 0o644)]))
        if program:
            with open(program, "rb") as file:
                self.layers.append(layer([("docker-auto", file.read(), 0o755)]))
        self.config = self.configuration(repository, version, kind, config, created)
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": media["manifest"],
                "config": described(media["config"], self.config),
                "layers": [described(media["layer"], one.packed) for one in self.layers],
            }
        ).encode()

    def configuration(self, repository, version, kind, changes, created):
        variables, check = KINDS[kind]
        name = repository.rsplit("/", 1)[-1]
        config = {
            "Env": ["PATH=/bin", f"APP_NAME={name}", f"APP_VERSION={version}"]
            + [f"{key}={value}" for key, value in variables.items()],
            "Entrypoint": ["/entry.sh"],
            "ExposedPorts": {"8080/tcp": {}},
            "WorkingDir": "/",
            "Labels": {
                "org.opencontainers.image.title": name,
                "org.opencontainers.image.version": version,
                # Makes images of different repositories different, so that tests do not share one.
                "org.opencontainers.image.source": f"https://example.test/{repository}",
                "org.opencontainers.image.created": created,
            },
        }
        if check:
            second = 1_000_000_000
            config["Healthcheck"] = {"Test": ["CMD-SHELL", check], "Interval": second, "Timeout": 5 * second, "Retries": 2}
        whole = {
            **self.platform,
            "created": created,
            "config": merged(config, changes),
            "rootfs": {"type": "layers", "diff_ids": [digest(one.tar) for one in self.layers]},
            "history": [{"created": created, "created_by": f"layer {number}"} for number in range(len(self.layers))],
        }
        return json.dumps(whole, sort_keys=True).encode()

    def blobs(self):
        return [self.config] + [one.packed for one in self.layers]


class Attestation:
    """What build tools add beside an image: a manifest of an unknown platform that speaks of it."""

    def __init__(self, subject, text):
        self.platform = {"architecture": "unknown", "os": "unknown"}
        self.media = OCI
        self.annotations = {
            "vnd.docker.reference.digest": digest(subject.manifest),
            "vnd.docker.reference.type": "attestation-manifest",
        }
        statement = {
            "_type": "https://in-toto.io/Statement/v0.1",
            "subject": [{"name": "image", "digest": {"sha256": digest(subject.manifest).partition(":")[2]}}],
            "predicate": {"text": text},
        }
        self.statement = json.dumps(statement).encode()
        rootfs = {"type": "layers", "diff_ids": [digest(self.statement)]}
        self.config = json.dumps({**self.platform, "config": {}, "rootfs": rootfs}).encode()
        self.manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": OCI["manifest"],
                "config": described(OCI["config"], self.config),
                "layers": [described("application/vnd.in-toto+json", self.statement)],
            }
        ).encode()

    def blobs(self):
        return [self.config, self.statement]


class Index:
    """A list of manifests, or of indexes."""

    def __init__(self, children, media):
        self.children, self.media = children, media
        entries = []
        for child in children:
            if isinstance(child, Index):
                entries.append(described(child.media["index"], child.manifest))
                continue
            entry = {**described(child.media["manifest"], child.manifest), "platform": child.platform}
            if child.annotations:
                entry["annotations"] = child.annotations
            entries.append(entry)
        self.manifest = json.dumps({"schemaVersion": 2, "mediaType": media["index"], "manifests": entries}).encode()
