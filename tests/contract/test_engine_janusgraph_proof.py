"""What the proof of a JanusGraph notices: each kind of value, each kind of change, an index that was not rebuilt."""

from pathlib import Path
from typing import Any

import pytest

from core.engines.janusgraph_berkeleyje import JanusGraphBerkeleyJE
from core.engines.janusgraph_berkeleyje.jvm import Tool
from core.engines.janusgraph_berkeleyje.place import graph_settings
from core.errors import OperationError
from core.model.progress import silent
from core.model.source import Source
from tests.support.engines import RealClock, new_backup_id, stored
from tests.support.janus import CACHE, MEMORY, Janus, java_or_skip

pytestmark = [pytest.mark.java, pytest.mark.long, pytest.mark.xdist_group("janusgraph")]  # one server for all


def _run(folder: Path, script: str, **settings: str) -> dict[str, Any]:
    """Run a Groovy program on a graph below a folder, as the engine runs its own."""
    java, jars = java_or_skip()
    (folder / "program.groovy").write_text(script)
    every = {**graph_settings(folder, name="tested", indexes=("search",)), **settings}
    return Tool(java, jars, MEMORY).run(str(folder / "program"), folder / "work", every, silent)


ALL_KINDS = """
import org.apache.tinkerpop.gremlin.structure.Direction
import org.apache.tinkerpop.gremlin.structure.VertexProperty
import org.janusgraph.core.attribute.Geoshape

Session.run(args) { session ->
    new File(session.job.directory).mkdirs()
    def graph = session.open()
    def m = graph.openManagement()
    def kinds = [text: 'ä', character: 'c' as char, truth: true, small: 1 as byte, short: 2 as short, number: 3,
        large: 4L, single: 1.5f, real: 2.5d, day: new Date(0),
        moment: java.time.Instant.EPOCH, id: UUID.fromString('0-0-0-0-1'),
        spot: Geoshape.point(1.0d, 2.0d), raw: [1, 2] as byte[],
        words: ['a', 'b'] as String[]]
    kinds.each { name, value -> m.makePropertyKey(name + 'Key').dataType(value.class).make() }
    m.makePropertyKey('list').dataType(String).cardinality(org.janusgraph.core.Cardinality.LIST).make()
    m.commit()
    def vertex = graph.addVertex('all')
    kinds.each { name, value -> vertex.property(name + 'Key', value) }
    def other = graph.addVertex('all')
    def edge = vertex.addEdge('to', other, 'since', 1)
    ['x', 'y', 'x'].each { vertex.property(VertexProperty.Cardinality.list, 'list', it) }
    vertex.property('textKey').property('meta', 'one')
    graph.tx().commit()
    def print = { Fingerprint.of(graph).report() }
    def prints = [whole: print().fingerprint]
    graph.close()
    graph = session.open()
    prints.again = print().fingerprint
    def changed = { name, work ->
        def tx = graph.newTransaction()
        work(tx.vertices(vertex.id()).next())
        tx.commit()
        prints[name] = print().fingerprint
    }
    changed('meta') { it.property('textKey').property('meta', 'two') }
    changed('bytes') { it.property('rawKey', [1, 3] as byte[]) }
    changed('list') { it.properties('list').next().remove() }
    changed('edge') { it.edges(Direction.OUT).next().property('since', 2) }
    changed('kind') { it.property('other', 3) }
    changed('kind again') { it.property('other').remove(); it.property('others', 3) }
    def counts = print().counts
    graph.close()
    return [prints: prints, counts: counts]
}
"""


def test_every_kind_of_value_counts(tmp_path: Path) -> None:
    """All of JanusGraph's types go into the fingerprint; a reopened graph has it again, each small change another."""
    folder = tmp_path / "a folder, with = and ${braces}"
    folder.mkdir()
    result = _run(folder, ALL_KINDS)
    assert (folder / "je").is_dir()
    prints = result["prints"]
    assert prints.pop("again") == prints["whole"]
    assert len(set(prints.values())) == len(prints)
    assert result["counts"] == {"vertices": {"all": 2}, "edges": {"to": 1}}


NOT_REBUILT = """
Session.run(args) { session ->
    def graph = session.open()
    def indexes = Indexes.sample(graph)
    Fingerprint.of(graph) { element -> indexes.see(element) }
    REBUILD
    def answer = indexes.check(graph)
    graph.close()
    return answer
}
"""


@pytest.mark.parametrize("rebuild", ["", "Indexes.rebuild(graph, Indexes.mixed(graph).take(1))"])
def test_an_index_that_was_not_rebuilt_is_noticed(gods: Janus, tmp_path: Path, rebuild: str) -> None:
    """An empty mixed index says ENABLED and answers nothing: lookups compared with the storage find it out."""
    engine = JanusGraphBerkeleyJE(tmp_path, RealClock(), CACHE, MEMORY)
    options = {"endpoint": gods.endpoint, "directory": gods.data}
    source, backup = Source("tested", engine.name, "local", "here", options=options), new_backup_id()
    stored(engine.capture(source, backup, silent), tmp_path)
    engine.discard(source, backup)
    script = NOT_REBUILT.replace("REBUILD", rebuild)
    with pytest.raises(OperationError, match=r"The index (vertices|edges) answers 0 ids"):
        _run(tmp_path, script, **{"query.force-index": "true"})


OF_PROPERTIES = """
Session.run(args) { session ->
    new File(session.job.directory).mkdirs()
    def graph = session.open()
    def m = graph.openManagement()
    def source = m.makePropertyKey('source').dataType(String).make()
    def year = m.makePropertyKey('year').dataType(Integer).make()
    m.makePropertyKey('title').dataType(String).make()
    def built = m.buildIndex('titles', org.janusgraph.core.JanusGraphVertexProperty)
    built.addKey(source).addKey(year).buildMixedIndex('search')
    m.commit()
    (1..5).each { graph.addVertex('book').property('title', 'title ' + it, 'source', 'library', 'year', 2000 + it) }
    graph.tx().commit()
    def found = {
        graph.tx().rollback()   // a transaction sees an index as it was when it first asked
        graph.query().has('year', org.janusgraph.core.attribute.Cmp.GREATER_THAN, 2002).properties().size()
    }
    def counts = [written: found()]
    graph.close()
    assert new File(new File(session.job.directory).parentFile, 'lucene').deleteDir()
    graph = session.open()
    counts.lost = found()
    def names = Indexes.mixed(graph)
    Indexes.rebuild(graph, names)
    counts.rebuilt = found()
    graph.close()
    return [counts: counts, names: names]
}
"""


def test_an_index_of_vertex_properties_is_rebuilt(tmp_path: Path) -> None:
    """A mixed index over properties of properties answers in a restored instance as it did before."""
    result = _run(tmp_path, OF_PROPERTIES, **{"query.force-index": "true"})
    assert result == {"counts": {"written": 3, "lost": 0, "rebuilt": 3}, "names": ["titles"]}
