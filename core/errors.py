"""The taxonomy of errors, by what the reader does next.

Every error carries a message that is safe to show (no secrets, no stack), a hint with the next step, and
optionally a detail for logs and threads. docs/errors.md lists each class by its code; a test compares them.
"""

from typing import ClassVar


class SafeholdError(Exception):
    """An error a person can act on: what happened, and the next step."""

    kind: ClassVar[str] = "operation"
    code: ClassVar[str] = "operation"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class UsageError(SafeholdError):
    """The request was not understood: correct it and ask again. Nothing was done."""

    kind, code, exit_code = "usage", "usage", 2


class UnknownName(UsageError):
    """No source, backup, restore or instance has this name or id."""

    code = "unknown-name"


class AmbiguousId(UsageError):
    """A shortened id matches more than one record."""

    code = "ambiguous-id"


class ConfigInvalid(UsageError):
    """The configuration has faults; all of them are in the message, each with its line and the fix."""

    code = "config-invalid"


class RefusedError(SafeholdError):
    """A rule forbids it: change what the rule asks for, or ask somebody who may. Nothing was done."""

    kind, code, exit_code = "refused", "refused", 3


class NotAllowed(RefusedError):
    """This person lacks the right."""

    code = "not-allowed"


class OwnRequest(RefusedError):
    """The requester tried to decide on their own restore."""

    code = "own-request"


class PlanChanged(RefusedError):
    """What was approved is not what would be done now: the plan hash differs."""

    code = "plan-changed"


class Stale(RefusedError):
    """The button or the record was overtaken: it was decided, finished, destroyed or expired meanwhile."""

    code = "stale"


class NotRestorable(RefusedError):
    """This backup can't be restored or downloaded: it is not good, or its bytes are gone."""

    code = "not-restorable"


class BytesMissing(NotRestorable):
    """The bytes of a backup were not found in their vault; they may come back, and were never found bad."""

    code = "bytes-missing"


class UnsafeSource(RefusedError):
    """The source can't be captured safely as it is; the message says why."""

    code = "unsafe-source"


class UnsupportedVersion(RefusedError):
    """A version this Safehold does not know: of a database, a manifest or a catalog."""

    code = "unsupported-version"


class BusyError(SafeholdError):
    """Something else holds it: wait, then try again."""

    kind, code, exit_code = "busy", "busy", 4


class LeaseHeld(BusyError):
    """Another run holds the lease of this source."""

    code = "lease-held"


class PortInUse(BusyError):
    """No free port where one is needed."""

    code = "port-in-use"


class UnavailableError(SafeholdError):
    """Something Safehold needs isn't there: make it available, then retry."""

    kind, code, exit_code = "unavailable", "unavailable", 5


class SourceUnavailable(UnavailableError):
    """The source does not answer, or its directory can't be read."""

    code = "source-unavailable"


class VaultUnavailable(UnavailableError):
    """The vault can't be reached, read or written."""

    code = "vault-unavailable"


class NotEnoughSpace(UnavailableError):
    """A disk is too full for what was asked."""

    code = "not-enough-space"


class JavaMissing(UnavailableError):
    """No Java 17 or 21 was found."""

    code = "java-missing"


class JarsMissing(UnavailableError):
    """The JanusGraph jars could not be fetched, or don't match their SHA-256."""

    code = "jars-missing"


class OperationError(SafeholdError):
    """It was tried and failed; the log says why. Nothing good was lost."""

    kind, code, exit_code = "operation", "operation-failed", 6


class CaptureFailed(OperationError):
    """The image could not be taken."""

    code = "capture-failed"


class ProofFailed(OperationError):
    """The copy made from the stored bytes could not be opened or counted."""

    code = "proof-failed"


class RestoreFailed(OperationError):
    """The new instance could not be brought up; what was made was removed, the log kept."""

    code = "restore-failed"


class ProvisionerFailed(OperationError):
    """The provisioner's program failed, timed out or gave no usable answer."""

    code = "provisioner-failed"


class Interrupted(OperationError):
    """Safehold stopped in the middle of it."""

    code = "interrupted"


class Stalled(OperationError):
    """Nothing moved for too long, or it ran longer than a run may; it was ended."""

    code = "stalled"


class Cancelled(OperationError):
    """A person cancelled it."""

    code = "cancelled"


class CorruptionError(SafeholdError):
    """Stored bytes are not what was stored: don't use them, take a new backup, look at the disk."""

    kind, code, exit_code = "corruption", "corruption", 7


class ArchiveCorrupt(CorruptionError):
    """An archive does not match its manifest."""

    code = "archive-corrupt"


class ManifestCorrupt(CorruptionError):
    """A manifest does not match its own checksum or its form."""

    code = "manifest-corrupt"


class UnsafePath(CorruptionError):
    """An archive names a path outside its folder, a link or a device."""

    code = "unsafe-path"


class FingerprintDiffers(CorruptionError):
    """The restored data are not the data of the backup."""

    code = "fingerprint-differs"


class CatalogCorrupt(CorruptionError):
    """The catalog can't be read as an SQLite database of ours, or was removed or replaced while it was used."""

    code = "catalog-corrupt"


class ForeignCatalog(CatalogCorrupt):
    """What lies where the catalog should is a database of another program: it is left alone."""

    code = "foreign-catalog"


class AuditBroken(CorruptionError):
    """The audit record is not what was written: an entry was changed or removed."""

    code = "audit-broken"
