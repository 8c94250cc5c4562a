package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.Failure
import org.heliograph.getOrThrow

/** See [NewGroupScreen]. */
public data class NewGroupState(
    /** Who was chosen so far, in the order of choosing. */
    val chosen: List<Person> = emptyList(),
    /** Accounts we have chats with, not chosen yet. */
    val known: List<Person> = emptyList(),
    /** The group is being made. */
    val busy: Boolean = false,
    /** How often an address was taken: when it grows, its field is emptied. */
    val added: Int = 0,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** Somebody to write to. */
public data class Person(
    /** `name@server`. */
    val address: String,
    /** What they are called. */
    val name: String,
)

/** Making an encrypted group. */
public class NewGroupScreen(
    private val messenger: Messenger,
    private val accounts: Accounts,
    parent: CoroutineScope,
    private val opened: (ConversationId) -> Unit,
) : Screen<NewGroupState>(parent, NewGroupState()) {
    private var contacts = emptyList<Person>()

    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.conversations().collect { all ->
                contacts = all.filter { it.kind == ConversationKind.DIRECT }.map { Person(it.address, it.title) }
                choose(state.value.chosen)
            }
        }
    }

    private fun choose(chosen: List<Person>) {
        val addresses = chosen.map { it.address }.toSet()
        change { now -> now.copy(chosen = chosen, known = contacts.filterNot { it.address in addresses }) }
    }

    private suspend fun person(text: String): Person =
        accounts.readAddress(text).getOrThrow().let { Person(it.address, it.title) }

    /** Chooses who [text] names: an address or an `xmpp:` link. */
    public fun add(text: String) {
        change { it.copy(failure = null) }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val person = person(text)
            choose((state.value.chosen + person).distinctBy { it.address })
            change { it.copy(added = it.added + 1) }
        }
    }

    /** Takes back a choice. */
    public fun drop(address: String): Unit = choose(state.value.chosen.filterNot { it.address == address })

    /** Brings back what was chosen before the process died. */
    public fun restore(chosen: List<String>) {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val before = chosen.map { person(it) }
            choose((state.value.chosen + before).distinctBy { it.address })
        }
    }

    /** Makes the group. */
    public fun create(name: String) {
        if (state.value.busy) return
        change { it.copy(busy = true, failure = null) }
        attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            opened(messenger.createGroup(name, state.value.chosen.map { it.address }).getOrThrow())
        }
    }
}
