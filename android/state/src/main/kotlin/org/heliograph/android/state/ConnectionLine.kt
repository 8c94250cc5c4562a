package org.heliograph.android.state

import org.heliograph.Connection
import org.heliograph.ConnectionState
import org.heliograph.FailureCode

/** The one line above conversations that says how things stand. */
public sealed interface ConnectionLine {
    /** Nothing to say: connected, everything is here, and the server answers. */
    public data object Fine : ConnectionLine

    /** The phone has no network. */
    public data object NoNetwork : ConnectionLine

    /** Trying to connect. */
    public data object Connecting : ConnectionLine

    /** Connected; what waited is being fetched. */
    public data object Fetching : ConnectionLine

    /** Something was sent, and the server has not answered: the link may be dead. */
    public data object Unanswered : ConnectionLine

    /** Lost; tried again by itself at [retryAtMs], in milliseconds since 1970. */
    public data class Waiting(val code: FailureCode?, val retryAtMs: Long?) : ConnectionLine

    /** Given up until the user does something. */
    public data class Stopped(val code: FailureCode?) : ConnectionLine

    /** Closed on purpose, to save power. */
    public data object Resting : ConnectionLine
}

/** The connection as one line. */
public fun Connection.line(): ConnectionLine = when (state) {
    ConnectionState.OFFLINE -> ConnectionLine.NoNetwork

    ConnectionState.CONNECTING -> ConnectionLine.Connecting

    ConnectionState.ONLINE -> when {
        unanswered -> ConnectionLine.Unanswered
        !caughtUp -> ConnectionLine.Fetching
        else -> ConnectionLine.Fine
    }

    ConnectionState.WAITING -> ConnectionLine.Waiting(failure?.code, retryAtMs)

    ConnectionState.STOPPED -> ConnectionLine.Stopped(failure?.code)

    ConnectionState.SUSPENDED -> ConnectionLine.Resting
}
