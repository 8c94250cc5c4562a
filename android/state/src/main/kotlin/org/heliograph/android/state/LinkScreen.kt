package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.Connection
import org.heliograph.Failure
import org.heliograph.Push
import org.heliograph.Traffic
import org.heliograph.Usage
import org.heliograph.getOrThrow

/** See [LinkScreen]. */
public data class LinkState(
    /** The connection in full; nothing while it is being read. */
    val connection: Connection? = null,
    /** Bytes since the account was opened. */
    val traffic: Traffic? = null,
    /** What cost how much, kept over restarts: the costliest first. */
    val usage: Usage? = null,
    /** How far push has got. */
    val push: Push? = null,
    /** When the phone wakes this app next, in milliseconds since 1970. */
    val nextCatchUpMs: Long? = null,
    /** Why it can't be read. */
    val failure: Failure? = null,
)

/** The connection, and what it costs. */
public class LinkScreen(private val messenger: Messenger, parent: CoroutineScope) :
    Screen<LinkState>(parent, LinkState()) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.connection().collect { connection ->
                change { it.copy(connection = connection) }
                count()
            }
        }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.push().collect { push -> change { it.copy(push = push) } }
        }
    }

    private suspend fun count() {
        val traffic = messenger.traffic().getOrThrow()
        val usage = messenger.usage().getOrThrow()
        val next = messenger.nextCatchUp().getOrThrow()
        change { it.copy(traffic = traffic, usage = usage, nextCatchUpMs = next) }
    }

    /** Counts again. */
    public fun refresh() {
        attempt({ now, failure -> now.copy(failure = failure) }) { count() }
    }

    /** Connects now. */
    public fun reconnect() {
        attempt({ now, failure -> now.copy(failure = failure) }) { messenger.start().getOrThrow() }
    }
}
