"""`instances`, `extend` and `destroy`: what restores have made."""

from argparse import Namespace

from cli import background, documents, exits, words
from cli.follow import Run, follow
from cli.screen import Screen, table
from cli.session import me, opened
from core.bootstrap import Core
from core.model.instance import Instance, InstanceState
from core.services.instances import destroy_run


def instances(given: Namespace, screen: Screen) -> int:
    """Print the instances that exist."""
    with opened(given) as core:
        current, now = core.catalog.instances.current(), core.clock.now()
    rows = [
        (
            instance.name,
            f"{instance.state.value}: {words.step(instance.step)}" if instance.step else instance.state.value,
            instance.endpoint,
            instance.owner.name,
            words.left(instance.lease_ends_at, now),
            instance.backup_id,
        )
        for instance in current
    ]
    headers = ("name", "state", "endpoint", "owner", "lease", "backup")
    text = table(headers, rows) if rows else "No instances. Make one from a backup: safehold restore ID"
    screen.say(text, {"instances": [documents.instance(instance) for instance in current]})
    return exits.GOOD


def extend(given: Namespace, screen: Screen) -> int:
    """Move the end of a lease."""
    with opened(given) as core:
        extended = core.extend_instance(given.name, me(), given.seconds)
    text = f"{extended.name} lives until {words.moment(extended.lease_ends_at)}."
    screen.say(text, {"instance": documents.instance(extended)})
    return exits.GOOD


def destroy(given: Namespace, screen: Screen) -> int:
    """Remove an instance and everything made for it."""
    with opened(given) as core:
        instance = core.catalog.instances.find(given.name)
        question = f"Destroy {instance.name} with all its data? The backup stays."
        if not screen.agrees(question, f"destroy {instance.name}", given):
            screen.say("Nothing was destroyed.", {"instance": documents.instance(instance)})
            return exits.GOOD
        if given.no_wait:
            given.words.append("--yes")
            marked = background.begin(core, given, lambda: _marked(core, instance))
            screen.say(f"{marked.name} is {marked.state.value}.", {"instance": documents.instance(marked)})
            return exits.GOOD
        core.destroy_instance(instance.name, me())
        return _ended(screen, follow(core, screen, _run(core, instance)))


def _run(core: Core, instance: Instance) -> Run[Instance]:
    return Run(
        f"Destroying {instance.name}",
        destroy_run(instance.name),
        read=lambda: core.catalog.instances.get(instance.name),
        over=lambda record: record.state is not InstanceState.DESTROYING or record.failure is not None,
        step=lambda record: record.step,
        # Another process may remove it already.
        ours=not core.runner.wait(destroy_run(instance.name), 0),
    )


def _ended(screen: Screen, instance: Instance) -> int:
    document = {"instance": documents.instance(instance)}
    if instance.state is InstanceState.DESTROYED:
        screen.say(f"{instance.name} is destroyed.", document)
        return exits.GOOD
    if instance.failure:
        screen.failed(instance.failure, document)
    return exits.failed(instance.failure)


def _marked(core: Core, instance: Instance) -> Instance | None:
    current = core.catalog.instances.get(instance.name)
    return current if current.state is not instance.state else None
