"""Download: a signed permission for one person to take one archive once, and the taking of it."""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from core.catalog import Catalog
from core.errors import NotAllowed, NotRestorable, SafeholdError, Stale
from core.model.backup import Backup
from core.model.person import Person
from core.model.transfer import Download
from core.ports import Clock
from core.services.access import Access, Verb
from core.services.adapters import Adapters
from core.services.being_taken import BeingTaken

GRACE = timedelta(minutes=15)
"""How long a link that was used can still be resumed: the last bytes sent may never have arrived."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A download that was permitted. `token` is the secret part of the link: show it to the requester alone."""

    download: Download
    backup: Backup
    token: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """An archive being taken: how to read it from an offset, and what to call when all of it was sent.

    `complete` says whether that was the first time.
    """

    backup: Backup
    download: Download
    name: str
    size: int
    sha256: str
    open: Callable[[int], BinaryIO]
    complete: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Tokens:
    """Signs and checks download links with HMAC-SHA256 (RFC 2104) under a secret of this installation."""

    secret: bytes

    def sign(self, download: Download) -> str:
        """Return the token of a download: its id and a signature over everything that it permits."""
        return f"{download.id}.{self._signature(download)}"

    def signed(self, token: str, download: Download) -> bool:
        """Say whether the token was signed for exactly this download; takes the same time for any token."""
        return hmac.compare_digest(token.encode(), self.sign(download).encode())

    def _signature(self, download: Download) -> str:
        text = f"{download.id}\n{download.backup_id}\n{download.requested_by.id}\n{download.expires_at.isoformat()}"
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class OfferDownload:
    """Permit a person to take an archive."""

    catalog: Catalog
    adapters: Adapters
    access: Access
    clock: Clock
    tokens: Tokens
    link_seconds: int

    def __call__(self, reference: str, person: Person) -> Offer:
        """Record the permission and return it with its token.

        Raises:
            UnknownName, AmbiguousId, NotAllowed.
            NotRestorable: the backup is not good.
            ManifestCorrupt, VaultUnavailable: its bytes can't be offered now.

        """
        self.access.require(person, Verb.DOWNLOAD, reference)
        backup = self.catalog.backups.find(reference)
        require_good(backup, "download")
        self.adapters.vault(backup.vault).manifest(backup.source, backup.id)
        now = self.clock.now()
        download = Download(
            id=secrets.token_hex(8),
            backup_id=backup.id,
            requested_by=person,
            issued_at=now,
            expires_at=now + timedelta(seconds=self.link_seconds),
        )
        with self.catalog.write():
            # From here on it is busy; it may have begun to be deleted a moment ago.
            require_good(self.catalog.backups.get(backup.id), "download")
            self.catalog.downloads.create(download)
            self.catalog.audit.append(now, person, "download", backup.id, "offered", {"download": download.id})
        return Offer(download, backup, self.tokens.sign(download))


@dataclass(frozen=True, slots=True)
class OpenDownload:
    """Let the bearer of a token take the archive it permits."""

    catalog: Catalog
    adapters: Adapters
    clock: Clock
    tokens: Tokens
    owner: str

    def __call__(self, token: str) -> Transfer:
        """Return the transfer. It can be opened again, at any offset, until 15 minutes after it was completed.

        What is opened keeps its backup from being deleted until it is closed, however long that takes.

        Raises:
            NotAllowed: nobody signed this token.
            Stale: it has expired, or the archive was taken and the time to resume it is over.
            NotRestorable: the backup is no longer good.

        """
        download = self._download(token)
        _require_fresh(download, self.clock.now())
        backup = self.catalog.backups.get(download.backup_id)
        require_good(backup, "download")
        vault = self.adapters.vault(backup.vault)
        manifest = vault.manifest(backup.source, backup.id)
        return Transfer(
            backup=backup,
            download=download,
            name=manifest.archive.name,
            size=manifest.archive.size,
            sha256=manifest.archive.sha256,
            open=lambda offset: self._open(download, offset, lambda: vault.open(manifest, offset)),
            complete=lambda: self._complete(download),
        )

    def _download(self, token: str) -> Download:
        forged = NotAllowed("This link is not one of ours.", hint="Ask for your own: /backups download.")
        try:
            download = self.catalog.downloads.get(token.partition(".")[0])
        except SafeholdError as error:
            raise forged from error
        if not self.tokens.signed(token, download):
            raise forged
        return download

    def _open(self, download: Download, offset: int, open_archive: Callable[[], BinaryIO]) -> BinaryIO:
        if offset == 0 and self.catalog.downloads.get(download.id).completed_at is not None:
            # What is resumed has a beginning already: from its first byte on it would be taken a second time.
            raise _used()
        with self.catalog.write():
            require_good(self.catalog.backups.get(download.backup_id), "download")
            taking = BeingTaken(self.catalog, self.clock, self.owner)(download.backup_id)
        stream = taking.stream(open_archive)
        try:
            with self.catalog.write():
                if self.catalog.downloads.move_started(download.id, self.clock.now()):
                    self._audit(download, "started")
        except BaseException:
            # Nobody gets it to close it, and its backup would stay busy for an hour.
            stream.close()
            raise
        return stream

    def _complete(self, download: Download) -> bool:
        with self.catalog.write():
            first = self.catalog.downloads.move_completed(download.id, self.clock.now())
            self._audit(download, "completed" if first else "completed again")
        return first

    def _audit(self, download: Download, outcome: str) -> None:
        self.catalog.audit.append(
            self.clock.now(),
            download.requested_by,
            "download",
            download.backup_id,
            outcome,
            {"download": download.id},
        )


def _require_fresh(download: Download, now: datetime) -> None:
    used = download.completed_at
    if used is not None and now >= min(used + GRACE, download.expires_at):
        raise _used()
    if now >= download.expires_at:
        raise Stale("This link has expired.", hint="Ask for a new one: /backups download.")


def _used() -> Stale:
    return Stale(
        "This link was used.",
        hint="Each link works once; for 15 minutes after, a broken download can still be resumed. "
        "Ask for a new one: /backups download.",
    )


def require_good(backup: Backup, verb: str) -> None:
    """Let a good backup pass.

    Raises:
        NotRestorable: it is anything else.

    """
    if not backup.restorable:
        raise NotRestorable(
            f"Backup {backup.id} is {backup.state.value}: there is nothing good to {verb}.",
            hint="Choose one that is verified or proven.",
        )
