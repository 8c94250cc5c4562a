package org.heliograph.android.state

import org.heliograph.ConversationId
import org.heliograph.MessageRow

/** A place in the app. Its [code] is short text without private content, to be kept over the death of the process. */
public sealed interface Route {
    /** The same as text. */
    public val code: String

    /** All conversations. */
    public data object Inbox : Route {
        override val code: String get() = "inbox"
    }

    /** One conversation, at the message in [row] if there is one. */
    public data class Chat(val conversation: ConversationId, val row: MessageRow? = null) : Route {
        override val code: String get() = if (row ==
            null
        ) {
            "chat ${conversation.number}"
        } else {
            "chat ${conversation.number} ${row.number}"
        }
    }

    /** Who is in a group. */
    public data class Members(val conversation: ConversationId) : Route {
        override val code: String get() = "members ${conversation.number}"
    }

    /** Where a message of ours is. */
    public data class Delivery(val row: MessageRow) : Route {
        override val code: String get() = "delivery ${row.number}"
    }

    /** Searching everywhere, or within one conversation. */
    public data class Search(val within: ConversationId? = null) : Route {
        override val code: String get() = if (within == null) "search" else "search ${within.number}"
    }

    /** A chat with a new contact; [link] is what another app or a QR code said, and is not kept. */
    public data class NewChat(val link: String? = null) : Route {
        override val code: String get() = "new-chat"
    }

    /** A new group. */
    public data object NewGroup : Route {
        override val code: String get() = "new-group"
    }

    /** The connection, and what it costs. */
    public data object Link : Route {
        override val code: String get() = "link"
    }

    /** The settings. */
    public data object Settings : Route {
        override val code: String get() = "settings"
    }

    /** Our own QR code. */
    public data object OwnCode : Route {
        override val code: String get() = "own-code"
    }

    public companion object {
        /** The place with this [code][Route.code]; nothing if it is none. */
        public fun of(code: String): Route? {
            val words = code.split(' ')
            val number = words.getOrNull(1)?.toLongOrNull()
            return when (words.first()) {
                "inbox" -> Inbox

                "chat" -> number?.let {
                    Chat(ConversationId(it), words.getOrNull(2)?.toLongOrNull()?.let(::MessageRow))
                }

                "members" -> number?.let { Members(ConversationId(it)) }

                "delivery" -> number?.let { Delivery(MessageRow(it)) }

                "search" -> Search(number?.let(::ConversationId))

                "new-chat" -> NewChat()

                "new-group" -> NewGroup

                "link" -> Link

                "settings" -> Settings

                "own-code" -> OwnCode

                else -> null
            }
        }
    }
}
