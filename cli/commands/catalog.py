"""`catalog rebuild`: a new catalog from what the vaults hold."""

from argparse import Namespace
from dataclasses import replace
from typing import Any

from cli import documents, exits, words
from cli.screen import Screen, facts, table
from cli.session import me
from core.bootstrap import build_rebuild, load_config
from core.errors import UsageError
from core.services.rebuild_catalog import Copy, Rebuilt, Wish
from core.services.rebuild_needed import require_needed


def rebuild(given: Namespace, screen: Screen) -> int:
    """Rebuild the catalog and say what came of it."""
    if given.copy and given.manifests_only:
        raise UsageError("--copy and --manifests-only exclude each other.", hint="Leave one of them out.")
    rebuilding, person = build_rebuild(load_config(given.config)), me()
    wish = Wish(given.vault, given.manifests_only, given.copy)
    if not given.replace:
        require_needed(rebuilding, wish)
    question = f"Make a new catalog from the vaults and set {rebuilding.path} aside?"
    if not screen.agrees(question, "rebuild the catalog", given):
        screen.say("Nothing was changed.", {"rebuilt": None})
        return exits.GOOD
    with screen.progress("Rebuilding the catalog") as shown:
        made = rebuilding(person, replace(wish, progress=shown))
    screen.say(_text(made), {"rebuilt": _document(made)})
    return exits.GOOD


def _text(made: Rebuilt) -> str:
    tally, copy, broken = made.tally, made.copy, made.audit.broken
    begun = f"{copy.at:%Y-%m-%d %H:%M:%S} UTC, {copy.backup_id} in {copy.vault}" if copy else "none used"
    chain = f"goes on after {made.audit.entries} entries of the copy" if copy else "a new chain begins"
    if made.audit_until:
        chain = f"{chain}, the newest of {made.audit_until:%Y-%m-%d %H:%M:%S} UTC"
    if made.aside and not broken:
        chain = f"{chain}; the old one lies in what is set aside"
    told = facts(
        (
            ("catalog", str(made.path)),
            ("set aside", str(made.aside or "")),
            ("copy", begun),
            ("from the copy", words.plural(copy.backups, "record") if copy else ""),
            ("manifests", str(tally.manifests)),
            ("adopted", words.plural(tally.adopted, "record")),
            ("brought up to date", words.plural(tally.changed, "record") if tally.changed else ""),
            ("damaged", words.plural(tally.damaged, "record") if tally.damaged else ""),
            ("pruned", words.plural(tally.pruned, "record") if tally.pruned else ""),
            ("not trusted", str(tally.untrusted_count or "")),
            ("audit record", f"{chain}, BROKEN at entry {broken.seq}" if broken else chain),
            ("retention", f"frozen for {'a day' if copy else 'a week'}: look through the list, then safehold thaw"),
        )
    )
    if made.others:
        told = f"{told}\n\n{_others(made.others)}"
    if not tally.untrusted:
        return told
    rows = [(found.vault, found.source, found.backup_id, found.why) for found in tally.untrusted]
    return f"{told}\n\nNot adopted:\n{table(('vault', 'source', 'id', 'why'), rows)}"


def _others(others: tuple[Copy, ...]) -> str:
    rows = [(other.vault, other.backup_id, f"{other.at:%Y-%m-%d %H:%M:%S} UTC", str(other.audit)) for other in others]
    shown = table(("vault", "id", "copied", "audit entries"), rows)
    way = "To begin with one of them: safehold catalog rebuild --copy ID"
    return f"Copies of other catalogs, not used:\n{shown}\n{way}"


def _document(made: Rebuilt) -> dict[str, Any]:
    tally, copy, broken = made.tally, made.copy, made.audit.broken
    return {
        "catalog": str(made.path),
        "set_aside": str(made.aside) if made.aside else None,
        "copy": copy and {"id": copy.backup_id, "vault": copy.vault, "at": documents.moment(copy.at)},
        "other_copies": [
            {"id": o.backup_id, "vault": o.vault, "at": documents.moment(o.at), "audit": o.audit} for o in made.others
        ],
        "from_copy": copy.backups if copy else 0,
        "manifests": tally.manifests,
        "adopted": tally.adopted,
        "changed": tally.changed,
        "damaged": tally.damaged,
        "pruned": tally.pruned,
        "untrusted": tally.untrusted_count,
        "not_adopted": [
            {"vault": u.vault, "source": u.source, "id": u.backup_id, "why": u.why, "newer": u.newer}
            for u in tally.untrusted
        ],
        "audit": {
            "entries": made.audit.entries,
            "until": documents.moment(made.audit_until) if made.audit_until else None,
            "broken_at": broken.seq if broken else None,
        },
    }
