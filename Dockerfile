# Safehold with a Java 17 for JanusGraph. Build: docker build -t safehold .
# Run:   docker run -v safehold:/var/lib/safehold -v /var/lib/janusgraph:/var/lib/janusgraph \
#          -v ./safehold.toml:/etc/safehold.toml:ro --env-file slack.env -p 127.0.0.1:8484:8484 safehold
# [web] host has to be "0.0.0.0" in there, and public_url what people reach it by.
#
# It runs as uid 1000. To capture JanusGraph it has to read the database's files and to link them, and so needs their
# uid (999, say): run it as that one, and give it the volume once:
#   docker run --rm --user 0 --entrypoint chown -v safehold:/var/lib/safehold safehold -R 999:999 /var/lib/safehold
#   docker run --user 999:999 -v safehold:/var/lib/safehold ...
# Instances of the `process` provisioner live and die with this container: use `command` here.
FROM python:3.13-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE manifest.yml ./
COPY core core
COPY bot bot
COPY cli cli
COPY playground playground
RUN python -m venv /opt/safehold && /opt/safehold/bin/pip install --no-cache-dir .

FROM python:3.13-slim-bookworm
# Java's packages want a folder for manuals that slim images lack. tini is pid 1: it passes SIGTERM on, and collects the
# programs that outlive whoever started them, which would otherwise stay as zombies.
RUN mkdir -p /usr/share/man/man1 && apt-get update \
 && apt-get install -y --no-install-recommends openjdk-17-jre-headless tini \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 1000 --create-home --home-dir /var/lib/safehold safehold
COPY --from=build /opt/safehold /opt/safehold
# By name, so that they hold for any --user: state and JanusGraph's jars are kept in the volume.
ENV PATH=/opt/safehold/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/var/lib/safehold \
    XDG_CACHE_HOME=/var/lib/safehold/.cache \
    SAFEHOLD_CONFIG=/etc/safehold.toml
USER safehold
WORKDIR /var/lib/safehold
VOLUME /var/lib/safehold
EXPOSE 8484
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8484/health', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--", "safehold"]
CMD ["serve"]
