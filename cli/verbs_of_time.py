"""The verbs of time: what is kept and why, schedules, freezes."""

from cli import arguments
from cli.verb import ID, Verb, argument

_UNTIL = "a day, or how long: 2027-02-01, 30d, 4w, 3mo"

KEEPING = (
    Verb(
        "why",
        "say why a backup is kept, and when it would go",
        "Say what retention answers for a backup: kept or not, by which rules and locks, and when it would go.",
        "keep:why",
        (ID,),
        ("safehold why 7f3a",),
    ),
    Verb(
        "keep",
        "hold a backup, whatever the policy says",
        "Hold a backup, so that no policy lets it go: until a day, or until somebody releases it. A new hold takes the "
        "place of the one before. What was let go and still has its bytes is saved by it.",
        "keep:keep",
        (
            ID,
            argument("--until", metavar="TIME", help=f"{_UNTIL} (until it is released)"),
            argument("--why", needed=True, default="", metavar="TEXT", help="why, at most 200 characters"),
        ),
        (
            'safehold keep 7f3a --why "before the migration"',
            'safehold keep 7f3a --until 2027-02-01 --why "the audit"',
            'safehold keep 7f3a --until 3mo --why "the audit"',
        ),
    ),
    Verb(
        "release",
        "take a hold away",
        "Take the hold off a backup. The policy decides from then on, and says what it will do.",
        "keep:release",
        (ID,),
        ("safehold release 7f3a",),
    ),
)
TIMING = (
    Verb(
        "policy",
        "show what is kept, and what goes next",
        "Show the policy of a source in words, and which backups go next, when and why, if backups go on as scheduled.",
        "policy:policy",
        (
            argument("source", nargs="?", metavar="SOURCE", help="needless where there is one source only"),
            argument("--limit", type=arguments.rows, default=10, metavar="N", help="so many rows a page (10)"),
            argument("--page", type=arguments.rows, default=1, metavar="N", help="which page of them (1)"),
        ),
        ("safehold policy", "safehold policy gods --limit 20 --page 2"),
    ),
    Verb(
        "schedule",
        "show or change when backups are taken",
        "Show a source's schedule, its next runs in its zone, that of the team and UTC, and its last changes; or "
        "change it. A change names what is to be different, shows the next runs and asks before it is saved. It "
        "holds over the configuration until --reset.",
        "schedule:schedule",
        (
            argument("source", nargs="?", metavar="SOURCE", help="needless where there is one source only"),
            argument("--daily", metavar="TIME", help="a backup each day at this time: 03:00"),
            argument("--weekly", metavar="DAY", help='the day of the weekly tier: mon, or with a time "sun 05:00"'),
            argument("--monthly", metavar="DAY", help='the day of the monthly tier: 1 to 31 or last, or "last 05:00"'),
            argument("--at", metavar="TIME", help="the time of every tier without one of its own"),
            argument(
                "--cron",
                action="append",
                metavar="EXPRESSION",
                help='"0 */6 * * *" for the daily tier, "0 12 1 * * = weekly,monthly" for others; '
                "in place of the tiers that are not named; more than once for more",
            ),
            argument("--zone", metavar="ZONE", help="the place whose clock counts: Europe/Berlin"),
            argument("--window", metavar="TIME", help="how much later a run may start: 30m; 0m for none"),
            argument(
                "--off",
                action="append",
                metavar="TIER",
                help="daily, weekly, monthly, cron or all; more than once for more",
            ),
            argument("--reset", action="store_true", help="back to what the configuration says"),
            argument("--yes", action="store_true", help="save it without asking"),
        ),
        (
            "safehold schedule",
            "safehold schedule gods --daily 03:00 --weekly mon --monthly last --zone Europe/Berlin",
            'safehold schedule gods --cron "0 */6 * * *" --cron "0 12 1 * * = weekly,monthly" --yes',
            "safehold schedule gods --off weekly",
            "safehold schedule gods --reset",
        ),
    ),
    Verb(
        "let-go",
        "say yes to what retention holds back",
        "Say yes, for a day and one time, where most of a source would be let go at once and nothing is before a "
        "person agrees. What is let go keeps its bytes for the grace, in which keep saves it.",
        "policy:let_go",
        (
            argument("source", nargs="?", metavar="SOURCE", help="needless where there is one source only"),
            argument("--yes", action="store_true", help="don't ask"),
        ),
        ("safehold let-go gods",),
    ),
    Verb(
        "freeze",
        "stop all retention while people look into an incident",
        "Freeze retention until a time: nothing of any source is let go or deleted, every list says so. A new freeze "
        "takes the place of the one before where it ends later; thaw ends one sooner.",
        "freeze:freeze",
        (
            argument("--until", needed=True, default="", metavar="TIME", help=f"{_UNTIL}; a year at most"),
            argument("--why", needed=True, default="", metavar="TEXT", help="why, at most 200 characters"),
        ),
        ('safehold freeze --until 7d --why "rows are missing, we are looking"',),
    ),
    Verb(
        "thaw",
        "end a freeze",
        "End the freeze that is in force. Retention goes on.",
        "freeze:thaw",
        (),
        ("safehold thaw",),
    ),
)
