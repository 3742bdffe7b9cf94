"""What a backup lets go that somebody asked for: the command that takes it names each, with what keeps it."""

from tests.support.terminal import Terminal

SOURCE = 'engine = "sqlite"'


def prove(safehold: Terminal, often: str) -> None:
    """Write down how often backups of the source are proven."""
    path = safehold.workplace.config
    lines = [line for line in path.read_text().splitlines() if not line.startswith("prove")]
    path.write_text("\n".join(lines).replace(SOURCE, f'{SOURCE}\nprove = "{often}"') + "\n")


def test_each_of_two_that_go_at_once_has_a_command_that_holds_it(safehold: Terminal) -> None:
    """One stays as the newest that is proven, one as the newest: for the next proven one each can be held."""
    prove(safehold, "each")
    proven = safehold.json("now", "--note", "before the migration")["backup"]["id"]
    prove(safehold, "never")
    later = safehold.backup()
    prove(safehold, "each")
    told = safehold("now").err
    assert "Once it is good, 2 on-demand backups are let go. To hold one:\n" in told
    lines = [line for line in told.splitlines() if "safehold keep" in line]
    assert [line.rpartition(": ")[2] for line in lines] == [f"safehold keep {later}", f"safehold keep {proven}"]
    assert ["“before the migration”, proven" in line for line in lines] == [False, True]
    for line in lines:
        assert safehold(*line.split()[-2:], "--why", "the migration").code == 0
    assert safehold.json("now")["lets_go"]
    assert not {proven, later} & {one["id"] for one in safehold.json("now")["lets_go"]}
