"""A restored instance: how it stands, and what can be done with it."""

from collections.abc import Sequence

from bot.blocks.parts import LONGEST, Json, actions, button, confirm, header, section, text_in
from bot.blocks.text import code, counts, cut, duration, escape, person, short, step, when
from bot.ids import Action
from core.model.instance import Instance, InstanceState

SHOWN = 15
SAYING = 500
CHECKS = 12


def listing(instances: Sequence[Instance]) -> list[Json]:
    """Return every instance that stands, with its buttons: as many as fit into one message."""
    shown = min(len(instances), SHOWN)
    while text_in(blocks := _listing(instances, shown)) > LONGEST and shown > 1:
        shown -= 1
    return blocks


def _listing(instances: Sequence[Instance], shown: int) -> list[Json]:
    blocks = [header("Instances made by restores")]
    if not instances:
        return [*blocks, section("None stands now. *Restore* on a backup makes one.")]
    for instance in instances[:shown]:
        blocks += [section(line(instance)), *actions(buttons(instance))]
    if len(instances) > shown:
        blocks.append(section(f"… and {len(instances) - shown} more: `safehold instances` lists them all."))
    return blocks


def line(instance: Instance) -> str:
    """Return an instance in one line or two: name, state, endpoint, owner, lease."""
    told = [code(instance.name), f"*{instance.state.value}*"]
    if instance.step is not None:
        told.append(step(instance.step))
    if instance.state is InstanceState.READY:
        told += [code(cut(instance.endpoint, 300)), f"until {when(instance.lease_ends_at)}"]
    told.append(person(instance.owner))
    if instance.failure is not None:
        told.append(escape(cut(f"{instance.failure.message} {instance.failure.hint}".strip(), SAYING)))
    return " · ".join(told)


def ready(instance: Instance) -> str:
    """Return what is said of an instance whose restore went well, now and later."""
    name = code(instance.name)
    if instance.state is InstanceState.DESTROYED:
        return f"{name} was destroyed. Everything made for it is removed."
    if instance.state is InstanceState.DESTROYING:
        return f"{name} is being destroyed."
    if instance.state is InstanceState.STOPPED:
        why = f" {escape(cut(instance.failure.message, SAYING))}" if instance.failure else ""
        return f"{name} has *stopped*.{why} Its files are still there: destroy it, or restore again."
    lines = [
        f"{name} is *ready*. {code(cut(instance.endpoint, 300))} · took {duration(instance.seconds)}",
        f"{_same(instance)}{_checked(instance)}",
        f"Owner {person(instance.owner)}, lives until {when(instance.lease_ends_at)}.",
    ]
    return "\n".join(lines)


def buttons(instance: Instance) -> list[Json]:
    """Return Extend and Destroy where they can do something."""
    if instance.state not in {InstanceState.READY, InstanceState.STOPPED}:
        return []
    question = confirm(
        f"Destroy {instance.name}?",
        "It stops and everything made for it is removed. The backup and the source stay as they are.",
        "Destroy",
        "Leave it",
    )
    destroy = button("Destroy", Action.DESTROY, instance.name, style="danger", confirm=question)
    if instance.state is InstanceState.STOPPED:
        return [destroy]
    return [button("Extend", Action.EXTEND, extension(instance)), destroy]


def extension(instance: Instance) -> str:
    """Return the value of Extend: which instance, and the end of its lease that stands beside the button."""
    return f"{instance.name} {int(instance.lease_ends_at.timestamp())}"


def _same(instance: Instance) -> str:
    held = f", {counts(instance.counts)}" if instance.counts else ""
    if instance.fingerprint_equal:
        return f"Same data as the backup: fingerprint equal, {code(short(instance.fingerprint))}{held}."
    return f"The backup had no fingerprint to compare with{held}."


def _checked(instance: Instance) -> str:
    told = "; ".join(escape(cut(words, 150)) for words in instance.checked[:CHECKS])
    return f" Checked: {told}." if told else ""
