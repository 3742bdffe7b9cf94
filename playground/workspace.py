"""One workspace in memory: who is there, and what has been said where."""

import time
from collections.abc import Callable, Iterable

from playground.cards import Cards
from playground.errors import SlackError
from playground.ids import fresh_id, named_id
from playground.links import Links
from playground.model import Channel, Json, Message, Person, Upload, UserGroup
from playground.settings import Settings

Watcher = Callable[[Json], None]
SLACKBOT = Person("USLACKBOT", "slackbot", "Slackbot", "", "UTC", "#616061", is_bot=True)


class Workspace:
    """Hold people, channels and messages; every change is told to the watchers.

    Not thread-safe: all calls come from the server's one event loop. `clock` gives seconds since 1970.
    """

    def __init__(self, settings: Settings | None = None, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings or Settings()
        self.clock = clock
        self.team_id = named_id("T", self.settings.team)
        self.app_id = named_id("A", self.settings.app)
        self.bot_id = named_id("B", self.settings.app)
        self.bot = Person(
            named_id("U", self.settings.app),
            self.settings.app.lower(),
            self.settings.app,
            "App",
            "UTC",
            "#4a154b",
            is_bot=True,
        )
        self.people = {person.id: person for person in _people()}
        arne = next(person for person in self.people.values() if person.name == "arne")
        self.groups = [UserGroup(named_id("S", "dba"), "dba", "Database administrators", (arne.id,))]
        self.channels: dict[str, Channel] = {}
        self.messages: dict[str, list[Message]] = {}
        self.uploads: dict[str, Upload] = {}
        self.watchers: list[Watcher] = []
        self.links = Links(clock, self.settings.trigger_seconds)
        self.cards = Cards(self.tell)
        self._last_ts = 0.0
        for name in self.settings.channels:
            self._add_channel(name.lstrip("#"))
        for person in self.people.values():
            self.direct(person.id)

    @property
    def domain(self) -> str:
        """Return the team's domain, as in acme.slack.com."""
        return "".join(letter for letter in self.settings.team.lower() if letter.isalnum())

    def tell(self, news: Json) -> None:
        """Tell every watcher that something changed; `news` names what."""
        for watcher in tuple(self.watchers):
            watcher(news)

    def _add_channel(self, name: str) -> None:
        channel = Channel(named_id("C", name), name, int(self.clock()), {self.bot.id, *self.people})
        self.channels[channel.id] = channel
        self.messages[channel.id] = []

    def direct(self, person: str) -> Channel:
        """Return the direct conversation of the app with a person, made when first asked for."""
        if person not in self.people:
            raise SlackError("user_not_found")
        key = named_id("D", person)
        if key not in self.channels:
            self.channels[key] = Channel(key, "", int(self.clock()), {person, self.bot.id}, peer=person)
            self.messages[key] = []
        return self.channels[key]

    def member(self, user: str) -> Person:
        """Return a person or the bot by id. Raises user_not_found."""
        if user in {self.bot.id, SLACKBOT.id}:
            return self.bot if user == self.bot.id else SLACKBOT
        try:
            return self.people[user]
        except KeyError:
            raise SlackError("user_not_found") from None

    def person(self, reference: str) -> Person:
        """Return a person by id or by name, as pages name them. Raises user_not_found."""
        for person in self.people.values():
            if reference in {person.id, person.name}:
                return person
        raise SlackError("user_not_found")

    def channel(self, reference: str, *, names: bool = False) -> Channel:
        """Return a channel by id; by name too where `names`. Raises channel_not_found."""
        if reference in self.channels:
            return self.channels[reference]
        if names and reference in self.people:
            return self.direct(reference)
        if names:
            for channel in self.channels.values():
                if channel.name and channel.name == reference.lstrip("#"):
                    return channel
        raise SlackError("channel_not_found")

    def next_ts(self) -> str:
        """Return a timestamp that no message has: seconds with six decimals, always rising."""
        self._last_ts = max(self.clock(), self._last_ts + 0.000001)
        return f"{self._last_ts:.6f}"

    def add(self, message: Message) -> Message:
        """Put a message into its channel and tell the watchers."""
        self.messages[message.channel].append(message)
        self._told(message)
        return message

    def find(self, channel: str, ts: str) -> Message:
        """Return a message that stands. Raises message_not_found."""
        for message in self.messages.get(channel, ()):
            if message.ts == ts and not message.deleted:
                return message
        raise SlackError("message_not_found")

    def revise(self, message: Message, *, text: str | None, blocks: list[Json] | None) -> None:
        """Change a message; None leaves a part as it is, which is what chat.update does with missing blocks."""
        if text is not None:
            message.text = text
        if blocks is not None:
            message.blocks = blocks
            message.state = {}
        message.edited_at = self.next_ts()
        message.revision += 1
        self._told(message)

    def delete(self, message: Message) -> None:
        """Take a message away."""
        message.deleted = True
        self.messages[message.channel].remove(message)
        self._told(message)

    def touch(self, message: Message) -> None:
        """Tell the watchers that something beside text and blocks changed in a message."""
        message.revision += 1
        self._told(message)

    def _told(self, message: Message) -> None:
        self.tell({"kind": "channel", "channel": message.channel, "only_for": message.only_for})

    def visible(self, channel: str, person: str) -> list[Message]:
        """Return a channel's messages that a person sees, oldest first, replies included."""
        return [message for message in self.messages[channel] if message.only_for in {"", person}]

    def replies(self, channel: str, ts: str, person: str = "") -> list[Message]:
        """Return a thread's replies that a person sees, oldest first, without its parent."""
        seen: Iterable[Message] = self.messages[channel]
        return [m for m in seen if m.thread_ts == ts and m.ts != ts and m.only_for in {"", person}]

    def upload(self, name: str, length: int) -> Upload:
        """Make room for a file that will be uploaded."""
        upload = Upload(fresh_id("F"), name, length)
        self.uploads[upload.id] = upload
        return upload

    def image(self, file: Json) -> Upload | None:
        """Return the image that a slack_file object names by its id or address, None where there is no such image."""
        named = str(file.get("id") or "")
        for upload in self.uploads.values():
            found = upload.id == named or f"/files/{upload.id}/" in str(file.get("url") or "")
            if found and upload.shared and upload.media_type.startswith("image/"):
                return upload
        return None

    def has_image(self, file: Json) -> bool:
        """Say whether a slack_file object names an image."""
        return self.image(file) is not None


def _people() -> tuple[Person, ...]:
    return (
        Person(named_id("U", "olga"), "olga", "Olga Petrova", "On call", "Europe/Berlin", "#2f6f4f"),
        Person(named_id("U", "arne"), "arne", "Arne Lindqvist", "Approver", "America/New_York", "#8a4b08"),
        Person(named_id("U", "gita"), "gita", "Gita Rao", "Guest", "Asia/Kolkata", "#1d5fa8", restricted=True),
    )
