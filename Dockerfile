# Fireline in an image: built in one stage, run in another that has neither a compiler nor pip's leftovers.
#
#   docker build --tag fireline .
#   docker run --publish 8080:8080 --volume fireline:/var/lib/fireline --env FIRELINE_CONSOLE__TOKEN=… fireline

ARG PYTHON=3.12.12-slim-bookworm

FROM python:${PYTHON} AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /src
COPY constraints.txt pyproject.toml README.md ./
# Two environments: one builds, the other is what goes into the image, without pip or a build tool in it.
RUN python3 -m venv /opt/build \
    && python3 -m venv --without-pip /opt/fireline \
    && /opt/build/bin/pip install --constraint constraints.txt hatchling
# What Fireline stands on changes seldom: a layer of its own, by way of an empty Fireline that asks for it.
COPY bot/__init__.py bot/
COPY integrations/__init__.py integrations/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels/empty . \
    && /opt/build/bin/pip --python /opt/fireline/bin/python install \
        --constraint constraints.txt "$(echo /wheels/empty/fireline-*.whl)[postgres]"
COPY bot bot
COPY integrations integrations
COPY runbooks runbooks
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels/whole . \
    && /opt/build/bin/pip --python /opt/fireline/bin/python install --no-deps --force-reinstall /wheels/whole/fireline-*.whl


FROM python:${PYTHON} AS run

LABEL org.opencontainers.image.title="Fireline" \
      org.opencontainers.image.description="A Slack bot for incidents, with runbooks as code" \
      org.opencontainers.image.documentation="README.md" \
      org.opencontainers.image.base.name="docker.io/library/python:3.12.12-slim-bookworm"

ENV PATH=/opt/fireline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FIRELINE_DATA_DIR=/var/lib/fireline \
    FIRELINE_RUNBOOKS=/etc/fireline/runbooks \
    FIRELINE_HTTP__HOST=0.0.0.0 \
    FIRELINE_HTTP__PORT=8080 \
    FIRELINE_LOGGING__FORMAT=json

RUN groupadd --gid 10001 fireline \
    && useradd --uid 10001 --gid fireline --no-create-home --home-dir /var/lib/fireline --shell /usr/sbin/nologin fireline \
    && install --directory --owner=fireline --group=fireline --mode=0750 /var/lib/fireline

COPY --from=build /opt/fireline /opt/fireline
COPY runbooks /etc/fireline/runbooks

USER 10001:10001
WORKDIR /var/lib/fireline
VOLUME ["/var/lib/fireline"]
EXPOSE 8080
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['FIRELINE_HTTP__PORT'] + '/healthz', timeout=2)"]

ENTRYPOINT ["fireline"]
CMD ["serve"]
