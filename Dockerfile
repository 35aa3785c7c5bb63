# docker build -t patchwright .
# docker run -p 8080:8080 -e PATCHWRIGHT__UPSTREAM__0__URL=https://api.mypurecloud.com patchwright
#
# Every setting is an environment variable or stands in a file that is mounted over
# /etc/patchwright/patchwright.toml: config/patchwright.toml has them all. A mounted file says where to
# listen, too, or it is loopback, which is all that an application in the same pod needs.
#
# podman and buildah keep the health check with --format docker only.

# Behind a mirror, name its images. Both must be of the same Debian release: the binary uses the glibc
# it was linked with, or a newer one.
ARG BUILD_IMAGE=rust:1-slim-trixie
# Needs glibc and libgcc and nothing else: images without a shell will do.
ARG RUNTIME_IMAGE=debian:trixie-slim
# What `cargo build` calls it; anything but release is for a look.
ARG PROFILE=release
# Whether it is guided by a profile of itself at work (config/deploy/build), which takes a sixth less CPU time per
# request, and two builds of everything. No other profile's is.
ARG GUIDED=yes

# The dependencies alone, below two empty sources: this stage is built again only when Cargo.toml or Cargo.lock
# change. A profile is of them, too, so that without one there is nothing to build yet.
FROM ${BUILD_IMAGE} AS dependencies
ARG PROFILE
ARG GUIDED
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && touch src/lib.rs \
    && echo 'fn main() {}' > src/main.rs \
    && if [ "${PROFILE} ${GUIDED}" = "release yes" ]; then cargo fetch --locked; else \
        cargo build --locked --profile "${PROFILE}" \
        # Cargo compares times of modification, and those of the real sources are older than this build.
        && cargo clean --locked --profile "${PROFILE}" --package patchwright; \
    fi \
    && rm -r src

FROM dependencies AS build
ARG PROFILE
ARG GUIDED
COPY config/deploy/build config/deploy/build
COPY config/rules config/rules
COPY tests/bench tests/bench
COPY src src
RUN if [ "${PROFILE} ${GUIDED}" = "release yes" ]; then program=$(config/deploy/build); else \
        cargo build --locked --profile "${PROFILE}" && program=$(echo target/*/patchwright); \
    fi \
    && install -D "${program}" /out/patchwright

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="patchwright" \
      org.opencontainers.image.description="A reverse proxy that repairs participant PATCHes on their way to the Genesys Cloud API" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY config/deploy/container.toml /etc/patchwright/patchwright.toml
# The platform's roots, where the runtime image has none of its own.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/patchwright /usr/local/bin/patchwright
# As a number, so that Kubernetes can see that it is not root (runAsNonRoot).
USER 65532:65532
# The admin listener (9901) stays on the container's loopback, where the health check asks it.
EXPOSE 8080
# Drains: give it longer than timeouts.drain before it is killed (docker run --stop-timeout).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 \
    CMD ["/usr/local/bin/patchwright", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/patchwright"]
CMD ["serve", "--config", "/etc/patchwright/patchwright.toml"]
