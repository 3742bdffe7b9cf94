import com.sleepycat.je.DatabaseException
import com.sleepycat.je.DiskLimitException
import com.sleepycat.je.EnvironmentLockedException
import com.sleepycat.je.ThreadInterruptedException
import groovy.transform.CompileStatic
import java.nio.charset.CharacterCodingException
import java.nio.file.NoSuchFileException
import java.util.regex.Pattern

/** Tells what a failure says: of the data, or of the machine on which they were looked at. */
@CompileStatic
class Faults {
    private static final Pattern MACHINE = ~(/OutOfMemoryError|DiskLimitException|No space left|Disk quota|Input\/output error/
        + /|Cannot allocate memory|Too many open files|Permission denied|Read-only file system|Stale file handle/)

    /** Returns "machine" where anything in the failure was the machine's, else "data". */
    static String of(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<Throwable, Boolean>())
        Deque<Throwable> waiting = new ArrayDeque<>([failure])
        while (!waiting.isEmpty()) {
            Throwable each = waiting.pop()
            if (!seen.add(each)) continue
            if (ofMachine(each)) return 'machine'
            if (each.cause != null) waiting.push(each.cause)
            each.suppressed.each { Throwable another -> waiting.push(another) }
        }
        return 'data'
    }

    private static boolean ofMachine(Throwable each) {
        if (each instanceof VirtualMachineError || each instanceof LinkageError) return true
        if (each instanceof InterruptedException || each instanceof ThreadInterruptedException) return true
        if (each instanceof DiskLimitException || each instanceof EnvironmentLockedException) return true
        if (each instanceof IOException && !ofContent(each as IOException)) return true
        // Only what JE and the system say themselves: other messages quote values of the data.
        boolean quotesNothing = each instanceof IOException || each instanceof DatabaseException || each instanceof Unsound
        return quotesNothing && MACHINE.matcher(String.valueOf(each.message)).find()
    }

    /** A file that is missing or ends too early is the data's fault, unless the system says why it can't be opened. */
    private static boolean ofContent(IOException each) {
        return each instanceof FileNotFoundException || each instanceof NoSuchFileException || each instanceof EOFException ||
            each instanceof ObjectStreamException || each instanceof UTFDataFormatException ||
            each instanceof CharacterCodingException
    }
}
