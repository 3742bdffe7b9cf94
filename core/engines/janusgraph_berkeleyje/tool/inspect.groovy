// Sent to a live source. All of it runs in a thread of its own: when a request times out its thread is interrupted,
// and an interrupted thread inside BerkeleyJE closes the whole environment (JanusGraph/janusgraph#2120).
// Nothing here walks the graph; one vertex is read. The graph's name is put in before sending. Returns JSON text.
def answer = new java.util.concurrent.CompletableFuture()
def source = __GRAPH__
Thread.start('safehold-inspect') {
    def transaction = null
    def management = null
    try {
        def opened = source.getConfiguration()
        def settings = source.configuration()
        def setting = { key -> String.valueOf(settings.getProperty(key) ?: '') }
        management = source.openManagement()
        def keysOf = { index -> index.getFieldKeys().collectEntries { [(it.name()): String.valueOf(index.getIndexStatus(it))] } }
        def indexes = [org.apache.tinkerpop.gremlin.structure.Vertex, org.apache.tinkerpop.gremlin.structure.Edge,
                       org.janusgraph.core.JanusGraphVertexProperty].collectMany { kind ->
            management.getGraphIndexes(kind).collect { index -> [
                name: index.name(), of: kind.getSimpleName(), mixed: index.isMixedIndex(), unique: index.isUnique(),
                backend: index.getBackingIndex(), keys: keysOf(index)] }
        }
        def types = { kind -> management.getRelationTypes(kind).toList() }
        def edgeLabels = types(org.janusgraph.core.EdgeLabel)
        def propertyKeys = types(org.janusgraph.core.PropertyKey)
        def centric = (edgeLabels + propertyKeys).collectMany { type ->
            management.getRelationIndexes(type).collect { [name: it.name(), of: type.name(), status: String.valueOf(it.getIndexStatus())] }
        }
        def backends = indexes.findAll { it.mixed }.collect { it.backend }.toUnique().collectEntries { name ->
            def backend = ''
            try { backend = String.valueOf(management.get('index.' + name + '.backend')) } catch (ignored) { }
            [(name): backend]
        }
        transaction = source.buildTransaction().readOnly().start()
        answer.complete(groovy.json.JsonOutput.toJson([
            versions: [
                janusgraph: org.janusgraph.graphdb.configuration.JanusGraphConstants.VERSION,
                tinkerpop: org.apache.tinkerpop.gremlin.util.Gremlin.version(),
                java: System.getProperty('java.version')],
            je: (setting('storage.backend').contains('berkeley') ?
                Class.forName('com.sleepycat.je.JEVersion').getField('CURRENT_VERSION').get(null).toString() : ''),
            backend: setting('storage.backend'),
            directory: setting('storage.directory') ?: (setting('storage.root') ? setting('storage.root') + '/berkeley' : ''),
            batchLoading: opened.isBatchLoading(),
            transactions: setting('storage.transactions') != 'false',
            settings: settings.getKeys('storage.berkeleyje').toList().collectEntries { [(it): setting(it)] },
            instance: opened.getUniqueGraphId(),
            schema: [
                vertexLabels: management.getVertexLabels().collect { [name: it.name(), partitioned: it.isPartitioned(), static: it.isStatic()] },
                edgeLabels: edgeLabels.collect { [name: it.name(), multiplicity: String.valueOf(it.multiplicity())] },
                propertyKeys: propertyKeys.collect { [name: it.name(), type: it.dataType().getName(), cardinality: String.valueOf(it.cardinality())] }],
            indexes: indexes, vertexCentricIndexes: centric, indexBackends: backends,
            reads: transaction.vertices().hasNext() || true]))
    } catch (Throwable failure) {
        answer.completeExceptionally(failure)
    } finally {
        try { transaction?.rollback() } finally { management?.rollback() }
    }
}
answer.get(8, java.util.concurrent.TimeUnit.SECONDS)
