import com.sleepycat.je.Environment
import com.sleepycat.je.EnvironmentConfig
import com.sleepycat.je.util.DbVerify
import groovy.json.JsonOutput
import groovy.json.JsonSlurper
import groovy.transform.CompileStatic
import org.janusgraph.core.JanusGraph
import org.janusgraph.core.JanusGraphFactory

/** What both programs share: the job they are given, the lines they print, and the end of their JVM. */
@CompileStatic
class Session {
    static final String MARK = '@safehold '
    private static volatile Map last
    final Map<String, Object> job

    Session(String path) {
        job = new JsonSlurper().parse(new File(path)) as Map<String, Object>
        endWithParent()
        repeat()
    }

    /** Run one program: its result, or why it failed, becomes the last marked line. */
    static void run(String[] args, Closure<Map> program) {
        int code = 1
        try {
            try {
                say([result: program.call(new Session(args[0]))])
                code = 0
            } catch (Throwable failure) {
                failure.printStackTrace()
                Throwable root = failure
                while (root.cause != null && root.cause !== root) root = root.cause
                say([error: [fault: Faults.of(failure), root: root.toString()]])
            }
            System.out.flush()
        } finally {
            Runtime.runtime.halt(code)   // JanusGraph's threads must not keep the JVM; everything is closed by now
        }
    }

    /** Works with something and closes it; a failure to close never hides the failure before it. */
    static Object using(AutoCloseable opened, Closure work) {
        Object result
        try {
            result = work.call(opened)
        } catch (Throwable failure) {
            try {
                opened.close()
            } catch (Throwable another) {
                failure.addSuppressed(another)
            }
            throw failure
        }
        opened.close()
        return result
    }

    static void say(Map line) {
        synchronized (Session) {
            println(MARK + JsonOutput.toJson(line))
            System.out.flush()
        }
    }

    static void step(String name, long done, long total) {
        last = [step: name, done: done, total: total]
        say(last)
    }

    /** Says the last step again each second: long work stays visible, and a cancel is answered within it. */
    private static void repeat() {
        Thread repeating = new Thread({
            while (true) {
                Thread.sleep(1000)
                Map step = last
                if (step != null) say(step)
            }
        } as Runnable, 'repeat')
        repeating.daemon = true
        repeating.start()
    }

    /** The parent holds our standard input open: when it dies, however it dies, so do we. */
    private static void endWithParent() {
        Thread watch = new Thread({
            while (System.in.read() >= 0) { }
            Runtime.runtime.halt(3)
        } as Runnable, 'parent-watch')
        watch.daemon = true
        watch.start()
    }

    /** JE's own check of every B-tree, reading each record, so that flipped bytes and missing files are noticed. */
    void verifyStorage() {
        step('checking storage', 0, 0)
        EnvironmentConfig config = new EnvironmentConfig()
        config.readOnly = true
        config.setConfigParam(EnvironmentConfig.FREE_DISK, '0')
        // Only what is asked of it: its daemons would check again beside us.
        config.setConfigParam(EnvironmentConfig.ENV_RUN_VERIFIER, 'false')
        ByteArrayOutputStream said = new ByteArrayOutputStream()
        PrintStream out = new PrintStream(said, true, 'UTF-8')
        Object sound = using(new Environment(new File(job.directory as String), config)) { Environment environment ->
            new DbVerify(environment, null, true).verify(out)
        }
        if (!sound) throw new Unsound(said.toString('UTF-8').take(2000))
    }

    JanusGraph open() {
        step('opening', 0, 0)
        return JanusGraphFactory.open(job.properties as String)
    }
}
