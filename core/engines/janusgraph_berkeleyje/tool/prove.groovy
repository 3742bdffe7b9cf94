// Prove a scratch copy: JE's own check, open it with JanusGraph, count and fingerprint everything.
Session.run(args) { Session session ->
    session.verifyStorage()
    Session.using(session.open()) { graph -> Fingerprint.of(graph).report() }
}
