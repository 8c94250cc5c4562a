package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.drop
import kotlinx.coroutines.flow.map
import org.heliograph.Delivery
import org.heliograph.Failure
import org.heliograph.MessageRow
import org.heliograph.getOrThrow

/** See [DeliveryScreen]. */
public data class DeliveryScreenState(
    /** Where the message is; nothing while that is being read. */
    val delivery: Delivery? = null,
    /** How the connection is: what a waiting message waits for. */
    val line: ConnectionLine = ConnectionLine.Fine,
    /** The message is gone. */
    val discarded: Boolean = false,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** Why a message of ours was not delivered, or who has it. */
public class DeliveryScreen(private val messenger: Messenger, private val row: MessageRow, parent: CoroutineScope) :
    Screen<DeliveryScreenState>(parent, DeliveryScreenState()) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val conversation = read().message.conversation
            messenger.history(conversation).getOrThrow().use { history ->
                history.states.map { all -> all.messages.firstOrNull { it.row == row }?.revision }
                    .distinctUntilChanged().drop(1).collect { read() }
            }
        }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.connection().collect { connection ->
                change { it.copy(line = connection.line()) }
                if (state.value.delivery != null && !state.value.discarded) read()
            }
        }
    }

    private suspend fun read(): Delivery {
        val delivery = messenger.delivery(row).getOrThrow()
        change { it.copy(delivery = delivery) }
        return delivery
    }

    /** Tries a failed message again. */
    public fun sendAgain() {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.sendAgain(row).getOrThrow()
            read()
        }
    }

    /** Forgets a message that has not left. */
    public fun discard() {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.discard(row).getOrThrow()
            change { it.copy(discarded = true) }
        }
    }
}
