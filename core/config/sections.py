"""Reads each section of the configuration, and checks what one section says of another."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from core.config import keys
from core.config.kinds import HIGHEST_PORT, shown
from core.config.lines import Place
from core.config.notices import read_notices
from core.config.policies import read_policies
from core.config.schedules import read_defaults, read_schedule
from core.config.table import Reading, either, near, read_options, table_in
from core.config.values import AccessConfig, Config, ProvisionerConfig, RunsConfig, SlackConfig, VaultConfig, WebConfig
from core.model.naming import CATALOG_SOURCE, SOURCE_NAME
from core.model.options import Option, Shapes
from core.model.policy import DEFAULT, Policy
from core.model.schedule import Schedule
from core.model.source import Prove, Source
from core.runtime.ports import is_loopback

EVERYONE = "everyone"
MOST_THREADS = 16
MOST_APPROVALS = 20
_WHO = re.compile(r"everyone|[UWS][A-Z0-9]{1,30}|os:[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_CHANNEL = re.compile(r"#?[^\s#@,]{1,80}")


@dataclass(frozen=True, slots=True)
class Sections:
    """One parsed document. `secrets` are places that were reported already and are not looked at again."""

    reading: Reading
    document: Mapping[str, Any]
    shapes: Shapes
    secrets: frozenset[Place]

    def config(self) -> Config:
        """Return the configuration; what is wrong is in the reading's faults, and has its default here."""
        top = self._options({k: v for k, v in self.document.items() if k not in keys.TABLES}, (), keys.TOP)
        self._within((), "runner_threads", top["runner_threads"], MOST_THREADS)
        state = self._options(self._table("state"), ("state",), keys.STATE)["directory"]
        state = state or Path(user_data_dir("safehold"))
        catalog = self._options(self._table("catalog"), ("catalog",), keys.CATALOG)["path"]
        policies = read_policies(self.reading, self.document, self.secrets)
        top["zone"], schedule = read_defaults(self.reading, top["zone"], self.document.get("schedule"), self.secrets)
        sources = self._sources(policies, schedule)
        retention = self._options(self._table("retention"), ("retention",), keys.RETENTION)
        vaults = self._typed("vaults", keys.VAULT, self.shapes.vaults)
        provisioners = self._typed("provisioners", keys.PROVISIONER, self.shapes.provisioners)
        self._require_loopback(provisioners)
        return Config(
            path=self.reading.path,
            catalog_path=catalog or state / "catalog.db",
            state_directory=state,
            sources=sources,
            policies=policies,
            vaults={name: VaultConfig(name, *typed) for name, typed in vaults.items()},
            provisioners={name: ProvisionerConfig(name, *typed) for name, typed in provisioners.items()},
            access=self._access(),
            slack=self._slack(),
            web=self._web(),
            runs=self._runs(),
            notices=read_notices(self.reading, self._options(self._table("notices"), ("notices",), keys.NOTICES)),
            grace_seconds=retention["grace"],
            sweep_after_seconds=retention["sweep_after"],
            **top,
        )

    def _sources(self, policies: Mapping[str, Policy], schedule: Schedule) -> dict[str, Source]:
        sources = {}
        for name, table in self._named("sources"):
            place = ("sources", name)
            if name == CATALOG_SOURCE:
                self.reading.fault(place, "is the name under which the catalog is copied. Choose another one.")
            shape = self._shape(table, place, "engine", self.shapes.engines)
            values = self._options(table, place, (*keys.SOURCE, *(shape or ())), complete=shape is not None)
            sources[name] = Source(
                name=name,
                engine=values.pop("engine") or "",
                vault=self._reference(table, place, "vault", values.pop("vault")),
                provisioner=self._reference(table, place, "provisioner", values.pop("provisioner")),
                prove=self._prove(place, values.pop("prove")),
                goal_seconds=values.pop("goal"),
                lifetime_seconds=values.pop("lifetime"),
                policy=self._policy(place, values.pop("policy"), policies),
                schedule=read_schedule(
                    self.reading, values.pop("schedule"), (*place, "schedule"), schedule, self.secrets
                ),
                options=values,
            )
        return sources

    def _typed(
        self, section: str, common: tuple[Option, ...], shapes: Mapping[str, tuple[Option, ...]]
    ) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return type and options of each entry of a section whose entries have types."""
        typed = {}
        for name, table in self._named(section):
            place = (section, name)
            shape = self._shape(table, place, "type", shapes)
            values = self._options(table, place, (*common, *(shape or ())), complete=shape is not None)
            typed[name] = (values.pop("type") or "", values)
        return typed

    def _require_loopback(self, provisioners: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        """Refuse an address that others reach unless it is said to be meant: an instance runs what it is sent."""
        for name, (_, values) in provisioners.items():
            if "expose" in values and not values["expose"] and not is_loopback(values["host"]):
                self.reading.fault(
                    ("provisioners", name, "host"),
                    f"is {shown(values['host'])}, and whoever reaches an instance can run programs there as "
                    'Safehold\'s user. Write "127.0.0.1", or add expose = true beside it.',
                )

    def _named(self, section: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield name and table of each entry of a section; a section without any is a fault."""
        if section not in self.document:
            self.reading.add((), f"there is no {section[:-1]}. Add a table [{section}.<name>].")
        for name, value in self._table(section).items():
            place = (section, name)
            if not SOURCE_NAME.fullmatch(name):
                self.reading.fault(place, "is no name. Use at most 40 of a-z, 0-9, - and _, beginning with a letter.")
            yield name, table_in(self.reading, value, place)

    def _shape(
        self, table: Mapping[str, Any], place: Place, key: str, shapes: Mapping[str, tuple[Option, ...]]
    ) -> tuple[Option, ...] | None:
        """Return the options of the type that a table names; None where it names none that is known."""
        name = table.get(key)
        if isinstance(name, str) and name in shapes:
            return shapes[name]
        if isinstance(name, str) and name and (*place, key) not in self.secrets:
            self.reading.fault((*place, key), f"is {shown(name)}, which is not known. {near(name, shapes)}".strip())
        return None

    def _reference(self, table: Mapping[str, Any], place: Place, kind: str, name: str) -> str:
        """Return the vault or provisioner that a source means: the one it names, else the only one there is."""
        section = self.document.get(f"{kind}s")
        known = section if isinstance(section, dict) else {}
        if name in known or (*place, kind) in self.secrets:
            return name
        if name:
            self.reading.fault((*place, kind), f"is {shown(name)}, and no {kind} has that name. {near(name, known)}")
        elif len(known) > 1 and isinstance(table.get(kind, ""), str):
            self.reading.fault(place, f"names no {kind}, and there is more than one. Add {kind} = {_quoted(known)}.")
        return next(iter(known), "") if not name else ""

    def _prove(self, place: Place, text: str) -> Prove:
        if text in set(Prove):
            return Prove(text)
        self.reading.fault((*place, "prove"), f"is {shown(text)}. Use {either(Prove)}.")
        return Prove.EACH

    def _policy(self, place: Place, name: str, known: Mapping[str, Policy]) -> str:
        if name in known:
            return name
        self.reading.fault((*place, "policy"), f"is {shown(name)}, and no policy has that name. {near(name, known)}")
        return DEFAULT

    def _access(self) -> AccessConfig:
        place = ("access",)
        values = self._options(self._table("access"), place, keys.ACCESS)
        for name in ("backup", "download", "restore", "approve", "destroy", "retain"):
            for entry in values[name]:
                if not _WHO.fullmatch(entry):
                    self.reading.fault(
                        (*place, name),
                        f'names {shown(entry)}. Use "everyone", a member id like U0123ABC, a group id like S0123ABC '
                        'or a login like "os:anna".',
                    )
        self._within(place, "approvals_needed", values["approvals_needed"], MOST_APPROVALS)
        access = AccessConfig(approval_expires_seconds=values.pop("approval_expires"), **values)
        self._require_approvers(access)
        return access

    def _require_approvers(self, access: AccessConfig) -> None:
        people = set(access.approve)
        unbounded = any(entry == EVERYONE or entry.startswith("S") for entry in people)
        if access.restore and access.approval_required and not unbounded and len(people) < access.approvals_needed:
            self.reading.fault(
                ("access", "approve"),
                f"names {len(people) or 'nobody'}, but a restore needs {access.approvals_needed} to approve it. "
                "Add people or a group, or set approval_required = false.",
            )

    def _slack(self) -> SlackConfig:
        values = self._options(self._table("slack"), ("slack",), keys.SLACK)
        for name, value in values.items():
            if not _CHANNEL.fullmatch(value):
                self.reading.fault(("slack", name), f'is {shown(value)}. Write a channel like "#backups", or its id.')
        return SlackConfig(**values)

    def _web(self) -> WebConfig:
        values = self._options(self._table("web"), ("web",), keys.WEB)
        self._within(("web",), "port", values["port"], HIGHEST_PORT)
        if values["public_url"] and not values["public_url"].startswith(("http://", "https://")):
            self.reading.fault(("web", "public_url"), "is no web address. Begin it with https:// or http://.")
        return WebConfig(
            link_seconds=values.pop("link_lifetime"), public_url=values.pop("public_url").rstrip("/"), **values
        )

    def _runs(self) -> RunsConfig:
        values = self._options(self._table("runs"), ("runs",), keys.RUNS)
        return RunsConfig(stalled_seconds=values["stalled_after"], longest_seconds=values["longest"])

    def _table(self, name: str) -> dict[str, Any]:
        return table_in(self.reading, self.document.get(name), (name,))

    def _options(
        self, table: Mapping[str, Any], place: Place, options: tuple[Option, ...], *, complete: bool = True
    ) -> dict[str, Any]:
        """Read a table; where its type is not known (not `complete`), its other keys can't be judged."""
        if not complete:
            names = {option.name for option in options}
            table = {key: value for key, value in table.items() if key in names}
        return read_options(self.reading, table, place, options, self.secrets)

    def _within(self, place: Place, name: str, value: int, most: int) -> None:
        if not 1 <= value <= most:
            self.reading.fault((*place, name), f"is {value}. Write a number from 1 to {most}.")


def _quoted(names: Iterable[str]) -> str:
    return either(f'"{name}"' for name in sorted(names))
