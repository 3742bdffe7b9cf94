import groovy.transform.CompileStatic
import org.apache.tinkerpop.gremlin.process.traversal.P
import org.apache.tinkerpop.gremlin.process.traversal.dsl.graph.GraphTraversal
import org.apache.tinkerpop.gremlin.process.traversal.dsl.graph.GraphTraversalSource
import org.apache.tinkerpop.gremlin.structure.Edge
import org.apache.tinkerpop.gremlin.structure.Element
import org.apache.tinkerpop.gremlin.structure.Property
import org.apache.tinkerpop.gremlin.structure.Vertex
import org.janusgraph.core.JanusGraph
import org.janusgraph.core.JanusGraphTransaction
import org.janusgraph.core.JanusGraphVertexProperty
import org.janusgraph.core.PropertyKey
import org.janusgraph.core.attribute.Geo
import org.janusgraph.core.attribute.Geoshape
import org.janusgraph.core.attribute.Text
import org.janusgraph.core.schema.JanusGraphIndex
import org.janusgraph.core.schema.JanusGraphManagement
import org.janusgraph.core.schema.SchemaAction
import org.janusgraph.core.schema.SchemaStatus
import org.janusgraph.graphdb.database.management.ManagementSystem
import org.janusgraph.graphdb.types.IndexType
import org.janusgraph.graphdb.types.ParameterType

/** One query that only an index can answer, and what the storage says its answer is. */
@CompileStatic
class Lookup {
    static final int MOST = 1000
    String index
    boolean ofEdges
    String label              // '' for any
    String key
    P predicate
    Closure<Boolean> surely   // values that the index has to find
    Closure<Boolean> perhaps  // values that it may find: analyzers cut words a little differently than we do
    final Set<String> must = new HashSet<>()
    final Set<String> may = new HashSet<>()
    boolean tooMany

    void see(Element element) {
        if (tooMany || ofEdges != (element instanceof Edge) || (label && element.label() != label)) return
        Iterator<? extends Property<Object>> each = element.properties(key)
        while (each.hasNext()) {
            Object value = each.next().value()
            if (surely.call(value)) must << String.valueOf(element.id())
            if (perhaps.call(value)) may << String.valueOf(element.id())
        }
        tooMany = may.size() > MOST
    }

    /** As lists of ids, for counts of a Lucene index are wrong above about 1000 hits. */
    void check(GraphTraversalSource g) {
        GraphTraversal start = ofEdges ? g.E() : g.V()
        if (label) start = start.hasLabel(label)
        Set<String> found = new HashSet<>()
        for (Object id : start.has(key, predicate).id().toList()) found << String.valueOf(id)
        if (!found.containsAll(must) || !may.containsAll(found)) {
            throw new IllegalStateException("The index $index answers ${found.size()} ids where the storage holds "
                + "${must.size()} to ${may.size()} for $key $predicate")
        }
    }
}

/** What indexes a graph has, how they are rebuilt, and how their answers are compared with the storage. */
@CompileStatic
class Indexes {
    private static final int SAMPLES = 3
    private static final int LOOKED_AT = 2000
    final List<Lookup> lookups = []

    static List<String> mixed(JanusGraph graph) {
        return withManagement(graph) { JanusGraphManagement m ->
            all(m).findAll { JanusGraphIndex i -> i.isMixedIndex() && enabled(i) }.collect { JanusGraphIndex i -> i.name() }
        } as List<String>
    }

    /** One after another: together they were not measured, and each takes all cores anyway. */
    static void rebuild(JanusGraph graph, List<String> names) {
        names.eachWithIndex { String name, int place ->
            Session.step('rebuilding indexes', place + 1, names.size())
            JanusGraphManagement m = graph.openManagement()
            m.updateIndex(m.getGraphIndex(name), SchemaAction.REINDEX).get()
            m.commit()
        }
    }

    /** Chooses values to look up from the first elements; every index that can be queried alone gets some. */
    static Indexes sample(JanusGraph graph) {
        Indexes indexes = new Indexes()
        withManagement(graph) { JanusGraphManagement m ->
            for (JanusGraphIndex index : all(m)) if (enabled(index)) indexes.sampleOne(graph, m, index)
        }
        return indexes
    }

    void see(Element element) { for (Lookup lookup : lookups) lookup.see(element) }

    /** Returns how many lookups were compared, by index. */
    Map<String, Integer> check(JanusGraph graph) {
        Map<String, Integer> compared = new TreeMap<>()
        JanusGraphTransaction tx = graph.buildTransaction().readOnly().start()
        try {
            List<Lookup> usable = lookups.findAll { Lookup lookup -> !lookup.tooMany }
            usable.eachWithIndex { Lookup lookup, int place ->
                Session.step('comparing indexes', place + 1, usable.size())
                lookup.check(tx.traversal())
                compared.merge(lookup.index, 1) { Integer a, Integer b -> a + b }
            }
        } finally {
            tx.rollback()
        }
        return compared
    }

    private void sampleOne(JanusGraph graph, JanusGraphManagement m, JanusGraphIndex index) {
        boolean ofEdges = Edge.isAssignableFrom(index.indexedElement)
        if (!ofEdges && !Vertex.isAssignableFrom(index.indexedElement)) return  // of vertex properties: not asked alone
        if (index.isCompositeIndex() && index.fieldKeys.length != 1) return     // needs all its keys at once
        String label = onlyFor(m, index)
        for (PropertyKey key : index.fieldKeys) {
            if (index.isMixedIndex() && custom(index, key)) continue
            for (Object value : values(graph, ofEdges, label, key.name())) {
                Lookup lookup = index.isCompositeIndex() ? exact(P.eq(value), value) : byKind(mapping(index, key), value)
                if (lookup == null) continue
                lookup.index = index.name(); lookup.ofEdges = ofEdges; lookup.label = label; lookup.key = key.name()
                lookups << lookup
            }
        }
    }

    private static Set<Object> values(JanusGraph graph, boolean ofEdges, String label, String key) {
        Set<Object> values = new LinkedHashSet<>()
        JanusGraphTransaction tx = graph.buildTransaction().readOnly().start()
        try {
            Iterator<? extends Element> each = (ofEdges ? tx.edges() : tx.vertices()) as Iterator<? extends Element>
            for (int i = 0; i < LOOKED_AT && values.size() < SAMPLES && each.hasNext(); i++) {
                Element element = each.next()
                if (label && element.label() != label) continue
                Iterator<? extends Property<Object>> found = element.properties(key)
                if (found.hasNext()) values << found.next().value()
            }
        } finally {
            tx.rollback()
        }
        return values
    }

    private static Lookup byKind(String mapping, Object value) {
        if (value instanceof String) return mapping in ['STRING', 'TEXTSTRING'] ? prefix(value as String) : word(value as String)
        if (value instanceof Number || value instanceof Date) return exact(P.gte(value).and(P.lte(value)), value)
        if (value instanceof Boolean || value instanceof UUID) return exact(P.eq(value), value)
        if (value instanceof Geoshape && ((Geoshape) value).type == Geoshape.Type.POINT) return near(value as Geoshape)
        return null
    }

    private static Lookup exact(P predicate, Object value) {
        return new Lookup(predicate: predicate, surely: { Object v -> v == value }, perhaps: { Object v -> v == value })
    }

    /** A prefix, because equality could be answered by a composite index over the same key. */
    private static Lookup prefix(String value) {
        return new Lookup(predicate: Text.textPrefix(value),
            surely: { Object v -> (v as String).startsWith(value) }, perhaps: { Object v -> (v as String).startsWith(value) })
    }

    private static Lookup word(String value) {
        // The longest word is the rarest: one that is everywhere would be in too many answers to compare.
        String word = value.toLowerCase(Locale.ROOT).split(/\s+/).findAll { String each -> each ==~ /[a-z0-9]{2,40}/ }
            .max { String each -> each.length() }
        if (word == null) return null
        return new Lookup(predicate: Text.textContains(word),
            surely: { Object v -> (v as String).toLowerCase(Locale.ROOT).split(/\s+/).contains(word) },
            perhaps: { Object v -> (v as String).toLowerCase(Locale.ROOT).contains(word) })
    }

    private static Lookup near(Geoshape shape) {
        double latitude = shape.point.latitude, longitude = shape.point.longitude
        Geoshape wide = Geoshape.circle(latitude, longitude, 12.0d)
        return new Lookup(predicate: Geo.geoWithin(Geoshape.circle(latitude, longitude, 10.0d)),
            surely: { Object v -> v == shape }, perhaps: { Object v -> Geo.WITHIN.test(v, wide) || Geo.INTERSECT.test(v, wide) })
    }

    private static List<JanusGraphIndex> all(JanusGraphManagement m) {
        return [Vertex, Edge, JanusGraphVertexProperty].collectMany { Class kind -> m.getGraphIndexes(kind).toList() } as List<JanusGraphIndex>
    }

    private static boolean enabled(JanusGraphIndex index) {
        return index.fieldKeys.every { PropertyKey key -> index.getIndexStatus(key) == SchemaStatus.ENABLED }
    }

    private static String mapping(JanusGraphIndex index, PropertyKey key) {
        def given = index.getParametersFor(key).find { it.key() == ParameterType.MAPPING.name }
        return given == null ? 'DEFAULT' : String.valueOf(given.value())
    }

    /** An analyzer of its own cuts words by rules that are not known here. */
    private static boolean custom(JanusGraphIndex index, PropertyKey key) {
        Set<String> known = [ParameterType.MAPPING.name, ParameterType.STATUS.name, ParameterType.MAPPED_NAME.name] as Set<String>
        return index.getParametersFor(key).any { !(it.key() in known) }
    }

    private static String onlyFor(JanusGraphManagement m, JanusGraphIndex index) {
        IndexType type = ((ManagementSystem) m).getSchemaVertex(index).asIndexType()
        return type.hasSchemaTypeConstraint() ? type.schemaTypeConstraint.name() : ''
    }

    static Object withManagement(JanusGraph graph, Closure work) {
        JanusGraphManagement m = graph.openManagement()
        try {
            return work.call(m)
        } finally {
            m.rollback()
        }
    }
}
