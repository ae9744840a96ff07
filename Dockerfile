# SOURCE=build compiles here; SOURCE=prebuilt takes the static binary at dist/docker-auto.
ARG SOURCE=build

FROM rust:1.95-bookworm AS build
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY src src
# The manifest names a test and a bench, which the release build does not need but Cargo looks for.
RUN mkdir -p tests/it tests/bench && touch tests/it/main.rs tests/bench/main.rs \
 && cargo build --release --locked \
 && mkdir -p /dist/data && cp target/x86_64-unknown-linux-gnu/release/docker-auto /dist/docker-auto

FROM scratch AS prebuilt
# A builder that makes every stage needs a source that is there, and a pattern may match nothing.
COPY LICENSE-MIT dist/docker-aut[o] /dist/
WORKDIR /dist/data

FROM ${SOURCE} AS binary

# CA roots and time zones are inside the binary: nothing else is needed.
FROM scratch
COPY --from=binary /dist/docker-auto /docker-auto
COPY --from=binary /dist/data /data
ENV DOCKER_AUTO_DATA=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 CMD ["/docker-auto", "healthcheck"]
ENTRYPOINT ["/docker-auto"]
CMD ["serve"]
