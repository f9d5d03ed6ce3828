# sagegate as a container: built in one stage, run from a clean one.
#
#   docker build -t sagegate .
#   docker run -p 4000:4000 -v $PWD/config.yaml:/app/config.yaml:ro \
#     -e LITELLM_MASTER_KEY=sk-... --read-only sagegate --host 0.0.0.0
#
# LITELLM_CONFIG_BUCKET_NAME and LITELLM_CONFIG_BUCKET_OBJECT_KEY read the configuration from S3;
# LITELLM_MASTER_KEY_FILE, as any NAME_FILE, takes a secret from a mounted file.
# It says for 5 seconds that it stops, and running answers get 60: `docker stop -t 70`.

# Both stages need the same one: the environment is carried over with its links to this Python.
# Pin it by digest where your registry can tell you one: python:3.11-slim-bookworm@sha256:...
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# ---------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore
WORKDIR /build

# The dependencies, a layer of their own: it is built anew only when the lock changes. Exactly the
# locked bytes, extras included; wheels only, so that nothing is ever compiled. The environment has
# no pip: nothing is added later.
COPY requirements.lock ./
RUN python -m venv --without-pip /opt/sagegate \
    && pip --python /opt/sagegate/bin/python install --no-compile --only-binary :all: --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY proxy ./proxy
COPY adapters ./adapters
COPY emulator ./emulator
COPY sagegate.py ./
# The file system will be read-only: Python's compiled files are made now. They carry no times,
# which copying may change.
RUN pip wheel --no-deps --wheel-dir dist . \
    && pip --python /opt/sagegate/bin/python install --no-compile --no-deps dist/*.whl \
    && python -m compileall -q --invalidation-mode unchecked-hash /opt/sagegate/lib

# ---------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE}

# The image's own library comes without compiled files as well.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
    -x site-packages "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')"

COPY --from=build /opt/sagegate /opt/sagegate

# Defaults, and not CMD, so that arguments to `docker run` add to them. Without a good master key,
# sagegate refuses to listen on all addresses, and says so.
ENV PATH=/opt/sagegate/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CONFIG_FILE_PATH=/app/config.yaml \
    HOST=0.0.0.0

WORKDIR /app
# By number, so that Kubernetes' runAsNonRoot can see it; it needs neither a name nor a home.
USER 10001:10001
EXPOSE 4000
STOPSIGNAL SIGTERM

# Asks over plain HTTP, on the port of $PORT; with --port or a certificate, give a check of your own.
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-ISc", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 4000), timeout=4); c.request('GET', '/health/liveliness'); raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["sagegate"]

# Last, since they change with each build.
ARG VERSION=unreleased
ARG REVISION=unknown
ARG CREATED=unknown
ARG SOURCE=unknown
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="sagegate" \
    org.opencontainers.image.description="The OpenAI-compatible gateway for Amazon SageMaker endpoints" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}" \
    org.opencontainers.image.source="${SOURCE}" \
    org.opencontainers.image.base.name="${PYTHON_IMAGE}"
