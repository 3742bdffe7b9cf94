"""The main line on a real JanusGraph: captured hot, proven, restored beside the source, read by a Gremlin client."""

import pytest

from core.bootstrap import Core
from core.model.backup import BackupState, Proof
from core.model.instance import InstanceState
from tests.support.gremlin import answers
from tests.support.janus import Janus
from tests.support.world import ANNA, BEN

pytestmark = [pytest.mark.java, pytest.mark.long]


@pytest.mark.filterwarnings("ignore")  # gremlinpython 3.7 leaves its event loop to the garbage collector
def test_a_live_graph_becomes_a_new_instance_with_the_same_data(graph_core: Core, gods: Janus) -> None:
    """Mixed indexes answer as on the source, new ids are unused, and destroying leaves nothing."""
    backup = graph_core.create_backup("gods", ANNA).backup
    assert graph_core.runner.wait(backup.id, 180)
    backup = graph_core.find_backup(backup.id)
    assert (backup.state, backup.proof, backup.failure) == (BackupState.GOOD, Proof.PROVEN, None)
    assert sum(backup.counts["vertices"].values()) == 12
    assert sum(backup.counts["edges"].values()) == 17
    restore = graph_core.request_restore(graph_core.plan_restore(backup.id, ANNA), "test", ANNA)
    graph_core.decide_restore(restore.id, BEN, approve=True, plan_hash=restore.plan_hash)
    assert graph_core.runner.wait(restore.id, 240)
    instance = graph_core.catalog.instances.get(restore.plan.instance)
    assert (instance.state, instance.failure) == (InstanceState.READY, None)
    assert instance.fingerprint_equal is True
    questions = (
        "g.V().has('age', P.gt(1000)).values('name').order()",
        "g.E().has('reason', org.janusgraph.core.attribute.Text.textContains('loves')).count()",
        "g.V().has('name', 'hercules').out('battled').values('name').order()",
    )
    source = f"ws://127.0.0.1:{gods.port}/gremlin"
    assert answers(instance.endpoint, *questions) == answers(source, *questions)
    ids = set(answers(source, "g.V().id()")[0])
    created = answers(instance.endpoint, "g.addV('god').property('name', 'new').id()")[0]
    assert not ids & set(created)
    assert answers(source, "g.V().count()") == [[12]]
    graph_core.destroy_instance(instance.name, ANNA)
    assert graph_core.runner.wait(f"destroy:{instance.name}", 60)
    assert graph_core.catalog.instances.get(instance.name).state is InstanceState.DESTROYED
    instances = graph_core.config.provisioners["here"].options["directory"]
    assert [path for path in instances.iterdir() if path.is_dir()] == []
