# The binary `streamguard` on a small Debian, run by a user without privileges.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
# librdkafka is built from the crate's bundled source: a C compiler and make are all it needs.
RUN --mount=type=cache,id=streamguard-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=streamguard-target,target=/src/target \
    cargo build --release --locked --bin streamguard \
    && install -s -m 755 target/release/streamguard /usr/local/bin/streamguard

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title=StreamGuard
RUN useradd --system --uid 10001 --home-dir /var/lib/streamguard --create-home --shell /usr/sbin/nologin streamguard
COPY --from=build /usr/local/bin/streamguard /usr/local/bin/streamguard
COPY --chmod=755 scripts/connected /usr/local/bin/connected
COPY rules /rules
COPY policy.toml /policy.toml
USER streamguard
WORKDIR /var/lib/streamguard
ENV STREAMGUARD_DATA_DIR=/var/lib/streamguard
STOPSIGNAL SIGTERM
ENTRYPOINT ["streamguard"]
CMD ["--help"]
