# One image for every role; the argument chooses it: serve, worker, migrate.
#
# Production pins the base by digest as well, so that a rebuild is the same build:
#   docker build --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:<digest> .
# `docker buildx imagetools inspect python:3.11-slim-bookworm` prints the digest of today.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ARG UV_VERSION=0.13.8
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN python -m pip install --quiet --no-cache-dir --root-user-action=ignore "uv==${UV_VERSION}" \
    && uv venv --quiet --python "$(command -v python)" /opt/venv
COPY requirements-runtime.lock /tmp/
RUN uv pip sync --quiet --require-hashes --python /opt/venv /tmp/requirements-runtime.lock
COPY pyproject.toml /app/
COPY alembic /app/alembic
COPY src /app/src
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/src

FROM ${PYTHON_IMAGE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Core API" \
    org.opencontainers.image.description="The backend that a team collecting data from people runs by itself." \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# What installs packages stays behind; /data is for `local` only, and belongs to the service.
RUN rm -rf /usr/bin/pip* /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip \
    /usr/lib/python3*/dist-packages/pip* /usr/lib/python3*/dist-packages/setuptools* \
    /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* \
    && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
# Outside `local` the service refuses to start on a missing or weak secret, so that is the default.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ENVIRONMENT=production \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8000
WORKDIR /app
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live', timeout=2)"]
ENTRYPOINT ["python", "-m", "src"]
CMD ["serve"]
