package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.mapNotNull
import org.heliograph.ConversationId
import org.heliograph.Failure
import org.heliograph.Member
import org.heliograph.getOrThrow

/** See [MembersScreen]. */
public data class MembersState(
    /** What the group is called. */
    val title: String = "",
    /** Who is in it, ourselves first; nothing while that is being read. */
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

/** Who is in a group. */
public class MembersScreen(
    private val messenger: Messenger,
    private val group: ConversationId,
    parent: CoroutineScope,
) : Screen<MembersState>(parent, MembersState()) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            messenger.conversations().mapNotNull { all -> all.firstOrNull { it.id == group } }
                .map { it to messenger.members(group).getOrThrow() }
                .collect { (group, members) ->
                    change {
                        it.copy(title = group.title, members = members, mayChange = group.mayChangeMembers)
                    }
                }
        }
    }

    /** Invites who [text] names: an address or an `xmpp:` link. */
    public fun invite(text: String): Unit = work {
        messenger.invite(group, listOf(text)).getOrThrow()
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
            change { it.copy(busy = false, members = members) }
        }
    }
}
