"""The configuration as values, checked and complete."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from pathlib import Path
from typing import Any

from core.model.policy import COMPOSE, DEFAULT, Policy
from core.model.source import Source


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """One configured vault. `options` are those of its type, typed and with their defaults."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProvisionerConfig:
    """One configured provisioner. `options` are those of its type, typed and with their defaults."""

    name: str
    type: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccessConfig:
    """Who may do what: "everyone", person ids ("U0123ABC"), group ids ("S0123ABC") and logins ("os:anna")."""

    backup: tuple[str, ...] = ("everyone",)
    download: tuple[str, ...] = ()
    restore: tuple[str, ...] = ()
    approve: tuple[str, ...] = ()
    destroy: tuple[str, ...] = ()
    retain: tuple[str, ...] = ()
    approvals_needed: int = 1
    approval_required: bool = True
    approval_expires_seconds: int = 14_400


@dataclass(frozen=True, slots=True)
class SlackConfig:
    """The channels, by name ("#backups") or id."""

    channel: str = "#backups"
    approvals_channel: str = "#backup-approvals"


@dataclass(frozen=True, slots=True)
class WebConfig:
    """Where downloads are served. `public_url` "" means http://host:port."""

    host: str = "127.0.0.1"
    port: int = 8484
    public_url: str = ""
    link_seconds: int = 3600


@dataclass(frozen=True, slots=True)
class NoticesConfig:
    """When people are told what happened, in the team's zone; None where they are not."""

    digest: time | None = time(9)
    evening: time | None = time(18)
    heartbeat_seconds: int = 300


@dataclass(frozen=True, slots=True)
class RunsConfig:
    """When a run counts as hanging."""

    stalled_seconds: int = 1_800
    longest_seconds: int = 172_800


@dataclass(frozen=True, slots=True)
class Config:
    """Everything that is configured. Paths are absolute; no secret is in here.

    `policies` are those that a source may name, the fixed default among them.
    """

    path: Path
    catalog_path: Path
    state_directory: Path
    sources: Mapping[str, Source] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=lambda: {DEFAULT: COMPOSE})
    vaults: Mapping[str, VaultConfig] = field(default_factory=dict)
    provisioners: Mapping[str, ProvisionerConfig] = field(default_factory=dict)
    access: AccessConfig = field(default_factory=AccessConfig)
    slack: SlackConfig = field(default_factory=SlackConfig)
    web: WebConfig = field(default_factory=WebConfig)
    runs: RunsConfig = field(default_factory=RunsConfig)
    notices: NoticesConfig = field(default_factory=NoticesConfig)
    grace_seconds: int = 86_400
    sweep_after_seconds: int = 86_400
    team: str = ""
    zone: str = "UTC"
    runner_threads: int = 2
