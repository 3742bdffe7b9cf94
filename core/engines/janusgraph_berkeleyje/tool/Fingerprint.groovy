import groovy.transform.CompileStatic
import java.lang.reflect.Array
import java.nio.charset.StandardCharsets
import java.security.MessageDigest
import org.apache.tinkerpop.gremlin.structure.Direction
import org.apache.tinkerpop.gremlin.structure.Edge
import org.apache.tinkerpop.gremlin.structure.Element
import org.apache.tinkerpop.gremlin.structure.Property
import org.apache.tinkerpop.gremlin.structure.Vertex
import org.apache.tinkerpop.gremlin.structure.VertexProperty
import org.janusgraph.core.JanusGraph
import org.janusgraph.core.JanusGraphTransaction

/**
 * Counts per label and a digest of all data that does not depend on their order: the sum modulo 2^256 of one SHA-256
 * for each vertex and each out-edge. Every part is written with its length before it, so no two data read alike.
 */
@CompileStatic
class Fingerprint {
    private static final BigInteger MODULUS = BigInteger.ONE.shiftLeft(256)
    private static final int SAY_EACH = 2000
    final Map<String, Long> vertices = new TreeMap<>()
    final Map<String, Long> edges = new TreeMap<>()
    private BigInteger sum = BigInteger.ZERO
    private final MessageDigest sha256 = MessageDigest.getInstance('SHA-256')

    /** Reads every element once, in constant memory; `visit` sees each (vertices, then their out-edges) meanwhile. */
    static Fingerprint of(JanusGraph graph, Closure visit = null) {
        Fingerprint fingerprint = new Fingerprint()
        JanusGraphTransaction tx = graph.buildTransaction().readOnly().vertexCacheSize(200).start()
        try {
            fingerprint.read(tx, visit)
        } finally {
            tx.rollback()
        }
        return fingerprint
    }

    Map<String, Object> report() {
        return [fingerprint: sum.toString(16).padLeft(64, '0'), counts: [vertices: vertices, edges: edges]] as Map<String, Object>
    }

    private void read(JanusGraphTransaction tx, Closure visit) {
        long seen = 0
        Iterator<Vertex> all = tx.vertices()
        while (all.hasNext()) {
            Vertex vertex = all.next()
            String label = vertex.label()
            vertices.merge(label, 1L) { Long a, Long b -> a + b }
            add(part('vertex') + part(vertex.id()) + part(label) + vertexProperties(vertex))
            visit?.call(vertex)
            Iterator<Edge> out = vertex.edges(Direction.OUT)
            while (out.hasNext()) {
                Edge edge = out.next()
                edges.merge(edge.label(), 1L) { Long a, Long b -> a + b }
                add(part('edge') + part(edge.id()) + part(edge.label()) + part(edge.inVertex().id()) + properties(edge))
                visit?.call(edge)
            }
            if (++seen % SAY_EACH == 0) Session.step('counting', seen, 0)
        }
        Session.step('counting', seen, seen)
    }

    private void add(String text) {
        sum = sum.add(new BigInteger(1, sha256.digest(text.getBytes(StandardCharsets.UTF_8)))).mod(MODULUS)
    }

    private static String vertexProperties(Vertex vertex) {
        List<String> parts = []
        Iterator<VertexProperty<Object>> each = vertex.properties()
        while (each.hasNext()) {
            VertexProperty<Object> property = each.next()
            parts << part(property.key()) + value(property.value()) + properties(property)
        }
        return join(parts)
    }

    private static String properties(Element element) {
        List<String> parts = []
        Iterator<? extends Property<Object>> each = element.properties()
        while (each.hasNext()) {
            Property<Object> property = each.next()
            parts << part(property.key()) + value(property.value())
        }
        return join(parts)
    }

    private static String join(List<String> parts) {
        parts.sort()
        return parts.size() + '[' + parts.join('') + ']'
    }

    private static String value(Object value) { return part(value.class.name) + text(value) }

    private static String text(Object value) {
        if (value.class.isArray()) {
            StringBuilder each = new StringBuilder()
            for (int i = 0; i < Array.getLength(value); i++) each.append(text(Array.get(value, i)))
            return part(each)
        }
        return part(value instanceof Date ? ((Date) value).time : value)
    }

    private static String part(Object value) {
        String text = String.valueOf(value)
        return text.length() + ':' + text
    }
}
