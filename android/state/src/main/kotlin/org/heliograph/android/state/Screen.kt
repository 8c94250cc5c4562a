package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.heliograph.Failure
import org.heliograph.FailureException

/**
 * What stands behind one screen while it is on the stack: an immutable [state], and events as methods.
 *
 * Not thread-safe: made, called and run on one thread, the main one. It survives rotation (whoever draws it comes and
 * goes); [close] ends it.
 */
public abstract class Screen<S>(parent: CoroutineScope, initial: S) : AutoCloseable {
    private val mutable = MutableStateFlow(initial)

    /** What the screen shows. */
    public val state: StateFlow<S> = mutable.asStateFlow()

    /** Ends with the screen. */
    protected val scope: CoroutineScope =
        CoroutineScope(parent.coroutineContext + SupervisorJob(parent.coroutineContext[Job]))

    /** Changes what the screen shows. */
    protected fun change(how: (S) -> S): Unit = mutable.update(how)

    /** Does [work]; if the core says no, [failed] puts that on the screen. */
    protected fun attempt(failed: (S, Failure) -> S, work: suspend () -> Unit): Job = scope.launch {
        try {
            work()
        } catch (exception: FailureException) {
            change { failed(it, exception.failure) }
        }
    }

    override fun close() {
        scope.cancel()
    }
}
