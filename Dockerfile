# Amends in a container: docker build -t amends . (or podman, buildah). Everything comes from the locked, hashed
# requirements. The process needs to write to /amends only, so run it with a read-only root: see compose.yaml.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# Makes libraries a third smaller; where there is none to be had, they are as large as they come.
RUN command -v strip >/dev/null || (apt-get update -qq && apt-get install -y -qq --no-install-recommends binutils) || true
WORKDIR /build
COPY requirements/ requirements/
COPY .ci/install .ci/install
COPY pyproject.toml README.md LICENSE cli.py ./
COPY docs/engineers/first-adapter.md docs/engineers/first-adapter.md
COPY connector/ connector/
COPY adapters/ adapters/
COPY mappings/ mappings/
COPY sandbox/ sandbox/
RUN .ci/install /opt/amends

FROM ${BASE}
LABEL org.opencontainers.image.title="Amends" \
      org.opencontainers.image.description="The complaint connector for the helpdesks that companies already have" \
      org.opencontainers.image.licenses="GPL-3.0-or-later"
RUN useradd --uid 10001 --home-dir /amends --create-home --shell /usr/sbin/nologin amends
COPY --from=build /opt/amends /opt/amends
# Settings and store. One folder, one volume: a backup of it is a backup of everything but the secrets.
ENV PATH=/opt/amends/bin:$PATH \
    AMENDS_HOME=/amends \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /amends
WORKDIR /amends
USER 10001
# A pull or a write that has begun is finished; what is not done is found again at the next start.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s --retries=3 \
    CMD ["amends", "status", "--alive"]
ENTRYPOINT ["amends"]
CMD ["run"]
