// Make a copy an instance of its own: close the source's ghosts, rebuild its indexes, and show that all of it is right.

/** Instances that the source had open: left there, schema changes would wait for them for ever. */
int closeGhosts(graph) {
    def m = graph.openManagement()
    def ghosts = m.openInstances.findAll { !it.endsWith('(current)') }
    ghosts.each { m.forceCloseInstance(it) }
    m.commit()
    return ghosts.size()
}

/** Ids of new vertices from several id blocks; none of them may be taken. Rolled back: only the blocks are used up. */
int checkNewIds(graph) {
    Session.step('checking new ids', 0, 0)
    int checked = 0
    10.times {
        def tx = graph.newTransaction()
        def reader = graph.buildTransaction().readOnly().start()
        try {
            def ids = (1..10).collect { tx.addVertex().id() }
            ids.each { if (reader.vertices(it).hasNext()) throw new IllegalStateException("The new id $it is taken") }
            checked += ids.toSet().size()
        } finally {
            tx.rollback()
            reader.rollback()
        }
    }
    return checked
}

Session.run(args) { Session session ->
    if (session.job.verify) session.verifyStorage()
    Session.using(session.open()) { graph ->
        int ghosts = closeGhosts(graph)
        def mixed = Indexes.mixed(graph)
        Indexes.rebuild(graph, mixed)
        def indexes = Indexes.sample(graph)
        def report = Fingerprint.of(graph) { element -> indexes.see(element) }.report()
        return report + [ghosts: ghosts, rebuilt: mixed, compared: indexes.check(graph), ids: checkNewIds(graph)]
    }
}
