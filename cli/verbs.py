"""Every verb: what it says of itself, what it takes, and the function that does it."""

from pathlib import Path

from cli import arguments
from cli.verb import ID, Verb, argument
from cli.verbs_of_time import KEEPING, TIMING

_RESTORE_ID = argument("id", metavar="ID", help="a restore's id (r-7f3a1c2e), or a unique beginning of it")
_NAME = argument("name", metavar="NAME", help="an instance's name, or a unique beginning of it")

GROUPS = {
    "audit": "check or export the record of who did what",
    "catalog": "rebuild the catalog from the vaults",
}
"""What the first of two words says of itself."""

VERBS = (
    Verb(
        "list",
        "list backups, newest first",
        "List backups, newest first; one that is under way is pending, with its progress.",
        "browse:list_backups",
        (
            argument("source", nargs="?", metavar="SOURCE", help="of this source only"),
            argument("--limit", type=arguments.rows, default=20, metavar="N", help="at most so many rows (20)"),
            argument("--older-than", default="", metavar="ID", help="go on below this backup"),
        ),
        ("safehold list", "safehold list gods --limit 50", "safehold list gods --json"),
    ),
    Verb(
        "now",
        "back up now",
        "Take a backup of a running source, read it back, prove it, and say how it went.",
        "backup:now",
        (
            argument("source", nargs="?", metavar="SOURCE", help="needless where there is one source only"),
            argument("--note", default="", metavar="TEXT", help="why, at most 200 characters"),
        ),
        ("safehold now gods", 'safehold now gods --note "before the migration"', "safehold now gods --no-wait"),
    ),
    Verb(
        "show",
        "show everything about a backup, a restore or an instance",
        "Show everything that is known about a backup, a restore (r-...) or an instance (...-restore-...).",
        "browse:show",
        (argument("id", metavar="ID", help="an id or a name, or a unique beginning of it"),),
        ("safehold show 7f3a", "safehold show r-7f3a1c2e"),
    ),
    Verb(
        "verify",
        "read a backup back and prove it again",
        "Read the stored bytes of a backup back, open and count a copy of them, and compare with its manifest.",
        "backup:verify",
        (ID,),
        ("safehold verify 7f3a",),
    ),
    *KEEPING,
    Verb(
        "download",
        "write a backup's archive to a file",
        "Write a backup's archive to a file, check its SHA-256, and say how to unpack it without Safehold. "
        "Ask again to go on where it was interrupted.",
        "download:download",
        (
            ID,
            argument(
                "-o",
                "--output",
                metavar="PATH",
                help="a file, or a folder that is there, as PATH/ is (the current folder)",
            ),
        ),
        ("safehold download 7f3a", "safehold download 7f3a -o /mnt/usb/"),
    ),
    Verb(
        "restore",
        "ask for a backup to be brought up as a new instance",
        "Plan a restore into a new instance and ask for it. The source is never touched. "
        "It begins once somebody else has approved it, or at once where no approval is required.",
        "restore:restore",
        (
            ID,
            argument(
                "--reason",
                needed=True,
                default="",
                metavar="TEXT",
                help="why, at most 200 characters; approvers read it",
            ),
            argument("--lifetime", type=arguments.duration, metavar="TIME", help="how long it lives: 90m, 4h, 2d"),
            argument("--provisioner", metavar="NAME", help="where it runs, if not where the source says"),
            argument("--dry-run", action="store_true", help="show the plan and do nothing"),
        ),
        ('safehold restore 7f3a --reason "check the cleanup"', "safehold restore 7f3a --dry-run"),
    ),
    Verb(
        "approvals",
        "list restores that wait for a decision",
        "List the restores that wait for approval, those that you may decide on first.",
        "restore:approvals",
        (),
        ("safehold approvals",),
    ),
    Verb(
        "approve",
        "approve a restore that somebody else asked for",
        "Approve a waiting restore, and bring its instance up. Break-glass does so without the right to; "
        "it is recorded and told in Slack.",
        "restore:approve",
        (
            _RESTORE_ID,
            argument("--plan", default="", metavar="HASH", help="approve only if this is still the plan (5d0c-91ab)"),
            argument("--break-glass", metavar="REASON", help="approve without the right to, for this reason"),
        ),
        ("safehold approve r-7f3a", 'safehold approve r-7f3a --break-glass "nobody awake, site is down"'),
    ),
    Verb(
        "deny",
        "deny a restore that somebody else asked for",
        "Deny a waiting restore. Nothing is restored.",
        "restore:deny",
        (
            _RESTORE_ID,
            argument("--reason", default="", metavar="TEXT", help="why; the requester reads it"),
        ),
        ('safehold deny r-7f3a --reason "use staging"',),
    ),
    Verb(
        "instances",
        "list restored instances",
        "List the instances that restores have made, with their addresses and how long they live.",
        "instances:instances",
        (),
        ("safehold instances",),
    ),
    Verb(
        "extend",
        "let an instance live longer",
        "Move the end of an instance's lease.",
        "instances:extend",
        (
            _NAME,
            argument("--for", dest="seconds", type=arguments.duration, metavar="TIME", help="so much longer (4h)"),
        ),
        ("safehold extend janusgraph-restore-2026 --for 8h",),
    ),
    Verb(
        "destroy",
        "stop an instance and remove everything made for it",
        "Stop an instance and remove everything that was made for it. Backups and sources are not touched.",
        "instances:destroy",
        (
            _NAME,
            argument("--yes", action="store_true", help="don't ask"),
        ),
        ("safehold destroy janusgraph-restore-20261124T031500Z --yes",),
    ),
    Verb(
        "cancel",
        "stop a backup or a restore that is under way",
        "Ask a backup or a restore that is under way to stop and clean up, or withdraw a request that waits.",
        "backup:cancel",
        (argument("id", metavar="ID", help="a backup's or a restore's id"),),
        ("safehold cancel r-7f3a",),
    ),
    *TIMING,
    Verb(
        "audit verify",
        "look whether the audit record is what was written",
        "Recompute the chain of hashes over every entry of the audit record. The first entry that was changed, removed "
        "or can't be read is named, and the exit code is 7. Keep the newest hash elsewhere: with it also a record that "
        "was rewritten as a whole is found.",
        "audit:verify",
        (),
        ("safehold audit verify", "safehold audit verify --json"),
    ),
    Verb(
        "audit export",
        "write the audit record out as JSON lines",
        "Write every entry of the audit record, one JSON object a line, with its hash; the first line says after which "
        "entry it begins, the last one where the record ends. docs/operations.md shows how to check it without "
        "Safehold.",
        "audit:export",
        (
            argument("-o", "--output", metavar="FILE", help="into this file (standard output)"),
            argument("--after", type=arguments.number, default=0, metavar="N", help="only entries after this one (0)"),
        ),
        ("safehold audit export -o audit.jsonl", "safehold audit export --after 1200"),
    ),
    Verb(
        "catalog rebuild",
        "make a new catalog from what the vaults hold",
        "Make a new catalog from the copy of it in the vaults that goes on longest and from the manifest of every "
        "backup, then set the old one aside. Refused while a Safehold uses the catalog (stop the bot first), and where "
        "the catalog is sound: then it says what would be lost.",
        "catalog:rebuild",
        (
            argument("--vault", default="", metavar="NAME", help="from this vault alone (all that are configured)"),
            argument("--copy", default="", metavar="ID", help="begin with this copy (the one that goes on longest)"),
            argument("--manifests-only", action="store_true", help="use no copy of the catalog"),
            argument("--replace", action="store_true", help="also a catalog that is sound; what only it has is lost"),
            argument("--yes", action="store_true", help="don't ask"),
        ),
        ("safehold catalog rebuild", "safehold catalog rebuild --manifests-only --yes"),
    ),
    Verb(
        "doctor",
        "look at everything that is needed, and say how to mend it",
        "Look at configuration, catalog, vaults, sources, schedules, Java, disk and Slack, before any of it is needed.",
        "doctor:doctor",
        (argument("--no-slack", action="store_true", help="leave Slack out: the command line alone is used here"),),
        ("safehold doctor", "safehold doctor --no-slack --json"),
    ),
    Verb(
        "serve",
        "run the Slack bot",
        "Run the Slack bot and the downloads, until it is asked to end. Secrets come by environment: "
        "SLACK_BOT_TOKEN, and SLACK_APP_TOKEN or SLACK_SIGNING_SECRET.",
        "serve:serve",
        (),
        ("safehold serve --config /etc/safehold.toml",),
    ),
    Verb(
        "playground",
        "run a local Slack-like workspace in the browser",
        "Run a Slack-like workspace on this machine, to try the bot without Slack.",
        "serve:playground",
        (argument("--port", type=arguments.port, default=8090, metavar="PORT", help="where it listens (8090)"),),
        ("safehold playground", "safehold playground --port 9000"),
    ),
    Verb(
        "demo",
        "run everything on this machine: a JanusGraph, the bot, a workspace",
        "Start a real JanusGraph with a small writer, a Slack-like workspace and the bot, all on this machine.",
        "demo:demo",
        (
            argument(
                "--directory", type=Path, default=Path(".demo"), metavar="PATH", help="where it keeps its data (.demo)"
            ),
            argument(
                "--port",
                type=arguments.port,
                default=8090,
                metavar="PORT",
                help="of the workspace (8090); another brings JanusGraph and the downloads to the next two",
            ),
            argument("--ready-file", type=Path, metavar="PATH", help="write addresses and pids here once all is up"),
        ),
        ("safehold demo", "safehold demo --directory /tmp/demo"),
    ),
    Verb("version", "print the version", "Print the version.", "serve:version", (), ("safehold version",)),
)
