import groovy.transform.CompileStatic

/** JE's own check of the stored bytes found faults. */
@CompileStatic
class Unsound extends IllegalStateException {
    Unsound(String said) { super('JE DbVerify found faults: ' + said) }
}
