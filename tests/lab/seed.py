#!/usr/bin/python3
"""Makes container images without an engine and pushes them to a registry, or loads them into an engine.

  seed.py push REGISTRY REPOSITORY TAG [OPTION...]   prints the digest that the tag has now
  seed.py load SOCKET REPOSITORY TAG [OPTION...]     docker load; prints what the engine says
  seed.py delete REGISTRY REPOSITORY DIGEST

The images hold busybox and a small server that answers "NAME VERSION" on port 8080. The same options make the same
digest. SEED_USER, SEED_PASSWORD and SEED_CA (a file) are used if the registry wants them.
"""

import argparse
import json

import image
import registry


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verb", choices=["push", "load", "delete"])
    parser.add_argument("target", help="host:port of a registry, https://host:port, or the socket of an engine")
    parser.add_argument("repository")
    parser.add_argument("tag")
    parser.add_argument("--version", help="default: the tag")
    parser.add_argument("--kind", choices=sorted(image.KINDS), default="web", help="how its containers behave")
    parser.add_argument("--config", type=json.loads, default={}, help="JSON merged into the image's config")
    parser.add_argument("--platform", help="architecture[/variant]; default: this machine's")
    parser.add_argument("--created", default="2026-01-01T00:00:00Z")
    parser.add_argument("--blob", type=int, default=0, help="bytes of a further layer that cannot be compressed")
    parser.add_argument("--seed", default="", help="what the blob is made of")
    parser.add_argument("--program", help="a file that becomes /docker-auto in a further layer")
    parser.add_argument("--docker", action="store_true", help="Docker's media types instead of OCI's")
    parser.add_argument("--index", choices=["multi", "attest", "nested"], help="an index with a foreign platform too")
    parser.add_argument("--other-version", help="version of the image of the foreign platform")
    parser.add_argument("--attestation", default="1", help="what the attestation says")
    return parser.parse_args()


def made(options, platform=None, version=None):
    return image.Image(
        repository=options.repository,
        version=version or options.version or options.tag,
        kind=options.kind,
        platform=platform or options.platform or image.own_platform(),
        config=options.config,
        created=options.created,
        blob=(options.blob, options.seed),
        program=options.program,
        media=image.DOCKER if options.docker else image.OCI,
    )


def push(options):
    client = registry.Registry(options.target)
    own = made(options)
    if not options.index:
        return client.push(options.repository, own, options.tag)
    foreign = "amd64" if own.platform["architecture"] == "arm64" else "arm64/v8"
    images = [own, made(options, foreign, options.other_version)]
    if options.index == "attest":
        images += [image.Attestation(subject, options.attestation) for subject in images]
    index = image.Index(images, own.media)
    if options.index == "nested":
        index = image.Index([index], own.media)
    return client.push_index(options.repository, index, options.tag)


def main():
    options = arguments()
    if options.verb == "push":
        print(push(options))
    elif options.verb == "load":
        print(registry.load(options.target, made(options), f"{options.repository}:{options.tag}"))
    else:
        registry.Registry(options.target).delete(options.repository, options.tag)


if __name__ == "__main__":
    main()
