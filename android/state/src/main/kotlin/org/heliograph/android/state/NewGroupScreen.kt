package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.Failure
import org.heliograph.getOrThrow

/** See [NewGroupScreen]. */
public data class NewGroupState(
    /** Addresses chosen so far, in the order of choosing. */
    val chosen: List<String> = emptyList(),
    /** Accounts we have chats with, not chosen yet. */
    val known: List<String> = emptyList(),
    /** The group is being made. */
    val busy: Boolean = false,
    /** How often an address was taken: when it grows, its field is emptied. */
    val added: Int = 0,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** Making an encrypted group. */
public class NewGroupScreen(
    private val messenger: Messenger,
    private val accounts: Accounts,
    parent: CoroutineScope,
    private val opened: (ConversationId) -> Unit,
) : Screen<NewGroupState>(parent, NewGroupState()) {
    private var contacts = emptyList<String>()

    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.conversations().collect { all ->
                contacts = all.filter { it.kind == ConversationKind.DIRECT }.map { it.address }
                choose(state.value.chosen)
            }
        }
    }

    private fun choose(chosen: List<String>) = change { it.copy(chosen = chosen, known = contacts - chosen.toSet()) }

    /** Chooses who [text] names: an address or an `xmpp:` link. */
    public fun add(text: String) {
        change { it.copy(failure = null) }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val address = accounts.readAddress(text.trim()).getOrThrow().address
            choose((state.value.chosen + address).distinct())
            change { it.copy(added = it.added + 1) }
        }
    }

    /** Takes back a choice. */
    public fun drop(address: String): Unit = choose(state.value.chosen - address)

    /** Brings back what was chosen before the process died. */
    public fun restore(chosen: List<String>): Unit = choose((state.value.chosen + chosen).distinct())

    /** Makes the group. */
    public fun create(name: String) {
        if (state.value.busy) return
        change { it.copy(busy = true, failure = null) }
        attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            opened(messenger.createGroup(name.trim(), state.value.chosen).getOrThrow())
        }
    }
}
