// Open each image below a directory and tell what it holds: how often each account was written, and every item.
Session.run(args) { Session session ->
    def folders = new File(session.job.directory as String).listFiles().findAll { new File(it, 'je').directory }.sort()
    def answers = [:]
    folders.each { folder ->
        Session.step('checking images', answers.size() + 1, folders.size())
        try {
            session.job.properties = new File(folder, 'graph.properties').path
            def graph = session.open()
            try {
                def tx = graph.buildTransaction().readOnly().start()
                def items = [:].withDefault { [] }
                def versions = [:].withDefault { [] }
                tx.vertices().each { vertex ->
                    def writer = vertex.value('writer') as String
                    if (vertex.label() == 'account') versions[writer] << vertex.value('version')
                    else items[writer + '-' + vertex.value('number')] << [vertex.value('part'),
                        vertex.edges(org.apache.tinkerpop.gremlin.structure.Direction.OUT).count { it.value('number') == vertex.value('number') }]
                }
                tx.rollback()
                answers[folder.name] = [versions: versions, items: items]
            } finally {
                graph.close()
            }
        } catch (Throwable failure) {
            Throwable root = failure
            while (root.cause != null) root = root.cause
            answers[folder.name] = [error: root.toString().take(200)]
        }
    }
    return answers
}
