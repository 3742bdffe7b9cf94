// Prove a scratch copy: JE's own check, open it with JanusGraph, count and fingerprint everything.
Session.run(args) { Session session ->
    session.verifyStorage()
    def graph = session.open()
    try {
        return Fingerprint.of(graph).report()
    } finally {
        graph.close()
    }
}
