package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.mapNotNull
import org.heliograph.ConversationId
import org.heliograph.Failure
import org.heliograph.getOrThrow

/** See [MembersScreen]. */
public data class MembersState(
    /** What the group is called. */
    val title: String = "",
    /** Who is in it; nothing while that is being read. */
    val members: List<Member>? = null,
    /** We may invite others and remove them. */
    val mayChange: Boolean = false,
    /** Invitations or removals under way. */
    val busy: Boolean = false,
    /** How often somebody was invited: when it grows, the field is emptied. */
    val invited: Int = 0,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** Somebody in a group. */
public data class Member(
    /** `name@server`. */
    val address: String,
    /** What they are called. */
    val name: String,
    /** It is our own account. */
    val isOwn: Boolean,
)

/** Who is in a group. */
public class MembersScreen(
    private val messenger: Messenger,
    private val accounts: Accounts,
    private val group: ConversationId,
    parent: CoroutineScope,
) : Screen<MembersState>(parent, MembersState()) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.conversations().mapNotNull { all -> all.firstOrNull { it.id == group } }
                .map { it to sorted(messenger.members(group).getOrThrow()) }
                .collect { (group, members) ->
                    change {
                        it.copy(title = group.title, members = members, mayChange = group.mayChangeMembers)
                    }
                }
        }
    }

    private fun sorted(members: List<org.heliograph.Member>) = members
        .map { Member(it.address, it.name, it.address == messenger.address) }
        .sortedWith(compareBy({ !it.isOwn }, { it.name.lowercase() }, { it.address }))

    /** Invites who [text] names: an address or an `xmpp:` link. */
    public fun invite(text: String): Unit = work {
        messenger.invite(group, listOf(accounts.readAddress(text.trim()).getOrThrow().address)).getOrThrow()
        change { it.copy(invited = it.invited + 1) }
    }

    /** Removes somebody. */
    public fun remove(address: String): Unit = work { messenger.remove(group, listOf(address)).getOrThrow() }

    private fun work(what: suspend () -> Unit) {
        if (state.value.busy) return
        change { it.copy(busy = true, failure = null) }
        attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            what()
            val members = messenger.members(group).getOrThrow()
            change { it.copy(busy = false, members = sorted(members)) }
        }
    }
}
