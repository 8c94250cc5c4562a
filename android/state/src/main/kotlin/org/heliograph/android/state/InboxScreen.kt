package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.DeliveryState
import org.heliograph.Failure
import org.heliograph.Security
import org.heliograph.getOrThrow
import org.heliograph.name

/** See [InboxScreen]. */
public data class InboxState(
    /** The conversations, newest activity first; nothing while they are being read. */
    val rows: List<InboxRow>? = null,
    /** How the connection is; nothing to say until that is known. */
    val line: ConnectionLine = ConnectionLine.Fine,
    /** Why the conversations can't be read. */
    val failure: Failure? = null,
)

/** One conversation in the inbox. */
public data class InboxRow(
    /** The conversation. */
    val id: ConversationId,
    /** What it is called. */
    val title: String,
    /** With whom or where, in full. */
    val address: String,
    /** What it is. */
    val kind: ConversationKind,
    /** Whether what is written there is encrypted. */
    val security: Security,
    /** Whether it can be used. */
    val state: ConversationState,
    /** The last line of it. */
    val glimpse: Glimpse,
    /** Messages not read. */
    val unread: ULong,
    /** When something happened, in milliseconds since 1970. */
    val atMs: Long?,
)

/** What the inbox shows of a conversation's content. */
public sealed interface Glimpse {
    /** Nothing was written yet. */
    public data object Nothing : Glimpse

    /** Something is typed and not sent. */
    public data class Draft(val text: String) : Glimpse

    /** The last message; of ours if it has a [state], else of [author], who is named in groups only. */
    public data class Last(val text: String, val author: String?, val state: DeliveryState?) : Glimpse
}

/** All conversations. */
public class InboxScreen(private val messenger: Messenger, parent: CoroutineScope) :
    Screen<InboxState>(parent, InboxState()) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.conversations().collect { all ->
                change { it.copy(rows = all.map(Conversation::row), failure = null) }
            }
        }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.connection().collect { connection -> change { it.copy(line = connection.line()) } }
        }
    }

    /** Connects now. */
    public fun reconnect() {
        attempt({ now, failure -> now.copy(failure = failure) }) { messenger.start().getOrThrow() }
    }
}

private fun Conversation.row(): InboxRow {
    val last = preview
    val typed = draftLine
    val glimpse = when {
        typed != null -> Glimpse.Draft(typed)
        last == null -> Glimpse.Nothing
        last.outgoing -> Glimpse.Last(last.text, null, last.state)
        kind == ConversationKind.DIRECT -> Glimpse.Last(last.text, null, null)
        else -> Glimpse.Last(last.text, last.sender.name, null)
    }
    return InboxRow(id, title, address, kind, security, state, glimpse, unread, last?.sentAtMs ?: lastActivityMs)
}
