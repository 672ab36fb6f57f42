FROM python:3.13-slim-bookworm AS build

RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/python -m pip install --disable-pip-version-check --no-cache-dir \
    --require-hashes --no-deps --requirement /tmp/requirements.txt

WORKDIR /app
COPY bot bot
COPY domain domain
COPY storage storage
COPY simulator simulator
COPY simulation simulation
# The user of the final image cannot write here, so compile the bytecode now.
RUN /opt/venv/bin/python -m compileall -q /app


FROM python:3.13-slim-bookworm

RUN useradd --system --uid 10001 --no-create-home --home-dir /data \
        --shell /usr/sbin/nologin slotkeeper \
    && install --directory --owner=slotkeeper --group=slotkeeper --mode=0750 /data

COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATABASE_URL=sqlite:////data/slotkeeper.db

WORKDIR /app
USER slotkeeper
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-m", "bot", "health"]
CMD ["python", "-m", "bot", "run"]
