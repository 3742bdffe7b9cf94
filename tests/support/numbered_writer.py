"""Write to a JanusGraph in numbered transactions, so that any image of it can be judged exactly."""

import random
import threading
import time
from dataclasses import dataclass, field

import httpx

WRITERS = 2
KEPT = 200
"""Each transaction deletes the elements of the one this many before it, unless a run says otherwise."""
PAYLOAD = 6000

SCHEMA = """\
def m = graph.openManagement()
def number = m.makePropertyKey('number').dataType(Long).make()
def ref = m.makePropertyKey('ref').dataType(String).make()
m.makePropertyKey('writer').dataType(Integer).make()
m.makePropertyKey('part').dataType(Integer).make()
m.makePropertyKey('version').dataType(Long).make()
m.makePropertyKey('payload').dataType(String).make()
m.makeVertexLabel('item').make()
m.makeVertexLabel('account').make()
m.makeEdgeLabel('next').make()
m.buildIndex('byRef', Vertex).addKey(ref).buildCompositeIndex()
m.buildIndex('byNumber', Vertex).addKey(number).buildMixedIndex('search')
m.commit()
WRITERS.times { w -> 3.times { g.addV('account').property('writer', w).property('ref', 'account-' + w)
    .property('version', 0L).iterate() } }
g.tx().commit()
'made'
""".replace("WRITERS", str(WRITERS))

TRANSACTION = """\
def tx = graph.newTransaction()
try {
    long now = t as long
    def g = tx.traversal()
    def made = (0..2).collect { tx.addVertex(T.label, 'item', 'writer', w, 'number', now, 'part', it,
        'ref', w + '-' + now, 'payload', payload) }
    made[0].addEdge('next', made[1], 'number', now)
    made[1].addEdge('next', made[2], 'number', now)
    g.V().has('ref', 'account-' + w).toList().each { it.property('version', now) }
    g.V().has('ref', w + '-' + (now - kept)).toList().each { it.remove() }
    tx.commit()
} catch (Throwable failure) { tx.rollback(); throw failure }
'committed'
"""


@dataclass(slots=True)
class Writer:
    """Commits one transaction after another: makes three items and two edges, updates three, deletes three.

    Who holds its `turn` lets it rest.
    """

    endpoint: str
    number: int
    stop: threading.Event
    kept: int = KEPT
    turn: threading.Lock = field(default_factory=threading.Lock)
    acknowledged: int = 0
    retries: int = 0
    spans: list[tuple[float, float]] = field(default_factory=list)
    failure: str = ""

    def run(self) -> None:
        """Write until stopped; a deadlock's victim tries again."""
        seeded = random.Random(self.number)
        with httpx.Client(timeout=60, trust_env=False) as client:
            while not self.stop.is_set():
                bindings = {"w": self.number, "t": self.acknowledged + 1, "kept": self.kept}
                payload = "".join(seeded.choices("abcdefghijklmnopqrstuvwxyz ", k=PAYLOAD))
                asked = {"gremlin": TRANSACTION, "bindings": {**bindings, "payload": payload}}
                with self.turn:
                    began = time.monotonic()
                    answer = client.post(self.endpoint, json=asked)
                if answer.status_code == httpx.codes.OK:
                    self.acknowledged += 1
                    self.spans.append((began, time.monotonic()))
                elif self.retries < 1000:
                    self.retries += 1
                else:
                    self.failure = answer.text[:500]
                    return
