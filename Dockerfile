# Safehold with a Java 17 for JanusGraph. Build: docker build -t safehold .
# Run:   docker run -v safehold:/var/lib/safehold -v /var/lib/janusgraph:/var/lib/janusgraph \
#          -v ./safehold.toml:/etc/safehold.toml:ro --env-file slack.env -p 127.0.0.1:8484:8484 safehold
# [web] host has to be "0.0.0.0" in there, and public_url what people reach it by.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE manifest.yml ./
COPY core core
COPY bot bot
COPY cli cli
COPY playground playground
RUN python -m venv /opt/safehold && /opt/safehold/bin/pip install --no-cache-dir .

FROM python:3.13-slim-bookworm
# Java's packages want a folder for manuals that slim images lack.
RUN mkdir -p /usr/share/man/man1 && apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 1000 --create-home --home-dir /var/lib/safehold safehold
COPY --from=build /opt/safehold /opt/safehold
ENV PATH=/opt/safehold/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    SAFEHOLD_CONFIG=/etc/safehold.toml
# The same uid as the database's files, or rights to read and link them, are needed: docker run --user.
USER safehold
WORKDIR /var/lib/safehold
VOLUME /var/lib/safehold
EXPOSE 8484
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8484/health', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["safehold"]
CMD ["serve"]
