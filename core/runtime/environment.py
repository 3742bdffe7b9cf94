"""What programs that Safehold starts see of its environment."""

import os

PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"),
    *("JAVA_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)
"""What children get of our environment unless told otherwise. Our tokens are in there too: they stay here."""


def plain_environment() -> dict[str, str]:
    """Return the part of our environment that any child may see."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}
