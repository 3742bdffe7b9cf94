"""The keys that the configuration knows beside those of engines, vaults and provisioners."""

from core.model.options import Option

TABLES = (
    "access",
    "catalog",
    "notices",
    "policies",
    "provisioners",
    "retention",
    "runs",
    "schedule",
    "slack",
    "sources",
    "state",
    "vaults",
    "web",
)

TOP = (
    Option("team", "text", default="", says="The name of the team, shown in titles."),
    Option("zone", "text", default="UTC", says="The team's time zone, the one that schedules are meant in."),
    Option("runner_threads", "integer", default=2, says="How many backups and restores run at the same time, 1 to 16."),
)
SOURCE = (
    Option("engine", "text", required=True, says="The kind of database."),
    Option("vault", "text", default="", says="Where its backups rest; needless where there is one vault only."),
    Option("provisioner", "text", default="", says="Where it is restored to; needless where there is one only."),
    Option("prove", "text", default="each", says="How often a backup is opened and counted."),
    Option("goal", "duration", default=93_600, says="How old the newest good backup may get."),
    Option("lifetime", "duration", default=14_400, says="How long a restored instance lives unless it is extended."),
    Option("policy", "text", default="compose", says="Which of its backups are kept: the name of a policy."),
    Option("schedule", "table", says="When its backups are taken."),
)
POLICY = (
    Option("last", "integer", says="Keep the newest so many."),
    Option("within", "text", says="Keep all that are younger than this."),
    Option("hourly", "integer", says="Keep the newest of each of the last so many hours that have one."),
    Option("daily", "integer", says="Keep the newest of each of the last so many days that have one."),
    Option("weekly", "integer", says="Keep the newest of each of the last so many weeks that have one."),
    Option("monthly", "integer", says="Keep the newest of each of the last so many months that have one."),
    Option("yearly", "integer", says="Keep the newest of each of the last so many years that have one."),
    Option("daily_for", "text", says="How long those of the daily schedule are kept."),
    Option("weekly_for", "text", says="How long those of the weekly schedule are kept."),
    Option("monthly_for", "text", says="How long those of the monthly schedule are kept."),
    Option("on_demand_for", "text", says="How long those that people asked for are kept."),
    Option("on_demand", "integer", says="Keep the newest so many of those that people asked for."),
    Option("floor", "integer", default=1, says="How many newest good ones stay whatever the rules say, 1 to 1000."),
)
SCHEDULE = (
    Option("zone", "text", default="", says="The time zone; left out, that of `[schedule]`, else the team's."),
    Option("at", "text", default="03:00", says="The time of day, of every tier that has none of its own."),
    Option("window", "duration", says="How much later than its time a run may start."),
    Option("daily", "rule", default=True, says="Whether there is a backup each day; a time stands for `at`."),
    Option("weekly", "rule", default="sunday", says="The day of the week."),
    Option("monthly", "rule", default=1, says="The day of the month, 1 to 31 or `last`."),
    Option("cron", "rule", says="Cron expressions, each with its tiers."),
)
VAULT = (Option("type", "text", required=True, says="The kind of vault."),)
PROVISIONER = (Option("type", "text", required=True, says="The kind of provisioner."),)
ACCESS = (
    Option("backup", "list", default=("everyone",), says="Who may take, verify and cancel backups."),
    Option("download", "list", default=(), says="Who may download archives."),
    Option("restore", "list", default=(), says="Who may ask for a restore."),
    Option("approve", "list", default=(), says="Who may approve a restore that somebody else asked for."),
    Option("destroy", "list", default=(), says="Who may extend and destroy instances."),
    Option("retain", "list", default=(), says="Who may change schedules, freeze retention and release others' holds."),
    Option("approvals_needed", "integer", default=1, says="How many people have to approve a restore."),
    Option("approval_required", "flag", default=True, says="Whether a restore needs approval at all."),
    Option("approval_expires", "duration", default=14_400, says="How long a request waits for its approvals."),
)
SLACK = (
    Option("channel", "text", default="#backups", says="Where backups and instances are told, by name or id."),
    Option("approvals_channel", "text", default="#backup-approvals", says="Where approvals are asked for."),
)
WEB = (
    Option("host", "text", default="127.0.0.1", says="The address that downloads are served on."),
    Option("port", "integer", default=8484, says="The port that downloads are served on, 1 to 65535."),
    Option("public_url", "url", default="", says="What links begin with, where a proxy stands in front."),
    Option("link_lifetime", "duration", default=3600, says="How long a download link works."),
)
RETENTION = (
    Option("grace", "duration", default=86_400, says="How long the bytes of a backup stay after it was let go."),
    Option("sweep_after", "duration", default=86_400, says="How old a leftover in a vault is before it is removed."),
)
NOTICES = (
    Option("digest", "rule", default="09:00", says="When the digest comes, in the team's zone; `false` for never."),
    Option("evening", "rule", default="18:00", says="When it is told what will be deleted; `false` for never."),
    Option("heartbeat_every", "duration", default=300, says="How often the URL in `SAFEHOLD_HEARTBEAT_URL` is asked."),
)
RUNS = (
    Option("stalled_after", "duration", default=1800, says="How long no byte may move before a run is ended."),
    Option("longest", "duration", default=172_800, says="How long a backup or a restore may run at all."),
)
CATALOG = (Option("path", "path", says="The catalog's SQLite file."),)
STATE = (Option("directory", "path", says="Where scratch files, logs and the secret of links are kept."),)
