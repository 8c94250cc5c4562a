package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.ContactKind
import org.heliograph.ConversationId
import org.heliograph.Failure
import org.heliograph.getOrThrow

/** See [NewChatScreen]. */
public data class NewChatState(
    /** The chat is being opened. */
    val busy: Boolean = false,
    /** An address that a link or a QR code brought, to be put into its field. */
    val linked: String? = null,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** Starting a chat with a contact, or entering a room, by address or link. */
public class NewChatScreen(
    private val messenger: Messenger,
    private val accounts: Accounts,
    parent: CoroutineScope,
    link: String?,
    private val opened: (ConversationId) -> Unit,
) : Screen<NewChatState>(parent, NewChatState()) {
    init {
        if (link != null) {
            attempt({ now, failure -> now.copy(failure = failure) }) {
                val contact = accounts.readAddress(link).getOrThrow()
                change { it.copy(linked = if (contact.kind == ContactKind.ROOM) link else contact.address) }
            }
        }
    }

    /** Opens a chat with who or what [text] names: an address or an `xmpp:` link. */
    public fun start(text: String) {
        if (state.value.busy) return
        change { it.copy(busy = true, failure = null) }
        attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            opened(messenger.openContact(text).getOrThrow())
        }
    }
}
