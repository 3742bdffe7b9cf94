"""The configuration: TOML in, values out, and every fault at once with its line and the fix."""

from core.config.read import read_config
from core.config.values import AccessConfig, Config, ProvisionerConfig, SlackConfig, VaultConfig, WebConfig

__all__ = ["AccessConfig", "Config", "ProvisionerConfig", "SlackConfig", "VaultConfig", "WebConfig", "read_config"]
