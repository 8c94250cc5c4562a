package org.heliograph.android.state

import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.Failure
import org.heliograph.MessageRow
import org.heliograph.Security
import org.heliograph.Unreadable

/** See [ChatScreen]. */
public data class ChatState(
    /** What it is, and with whom; nothing while it is being read. */
    val header: ChatHeader? = null,
    /** The messages, from old to new, with what stands between them; nothing while they are being read. */
    val items: List<ChatItem>? = null,
    /** There are older messages on this phone. */
    val hasEarlier: Boolean = false,
    /** Older messages are being fetched from the server. */
    val loadingOlder: Boolean = false,
    /** Messages that can't be read, by reason. */
    val unreadable: List<Unreadable> = emptyList(),
    /** How the connection is; nothing to say until that is known. */
    val line: ConnectionLine = ConnectionLine.Fine,
    /** What was typed and not sent when the screen was opened, or given to it since; nothing while it is being read. */
    val draft: String? = null,
    /** How often another app gave it a text: when it grows, the reply box has [draft]. */
    val given: Int = 0,
    /** How many texts were queued here: when it grows, the reply box is emptied. */
    val sent: Int = 0,
    /** A text is being queued. */
    val sending: Boolean = false,
    /** The message to show first; then [ChatScreen.shown] is called. */
    val target: MessageRow? = null,
    /** What went wrong last. */
    val failure: Failure? = null,
)

/** What a conversation is. */
public data class ChatHeader(
    /** What it is called. */
    val title: String,
    /** With whom or where, in full. */
    val address: String,
    /** What it is. */
    val kind: ConversationKind,
    /** Whether what is written here is encrypted. */
    val security: Security,
    /** Whether it can be used. */
    val state: ConversationState,
    /** Whether one can write here. */
    val mayWrite: Boolean,
    /** Why not. */
    val failure: Failure?,
)
