package org.heliograph

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * All conversations, the one with the newest activity first, and again after each change. Ends when the client is shut
 * down; ends with a [FailureException] where reading fails.
 */
public val Heliograph.conversations: Flow<List<Conversation>> get() = flow {
    val subscription = attempt { core.conversations() }.untilClosed() ?: return@flow
    subscription.use { feed ->
        var all = attempt { feed.snapshot() }.untilClosed() ?: return@flow
        while (true) {
            emit(all)
            attempt { feed.ready() }.untilClosed() ?: return@flow
            all = all.changed(attempt { feed.take(Feed.BATCH.toUInt()) }.untilClosed() ?: return@flow)
        }
    }
}

/** One conversation. Fails with [FailureCode.NOT_FOUND]. */
public suspend fun Heliograph.conversation(id: ConversationId): Outcome<Conversation> =
    attempt { core.conversation(id.number) }

/** The accounts in a group, ours first, then by name; empty for chats and ordinary rooms. */
public suspend fun Heliograph.members(conversation: ConversationId): Outcome<List<Member>> =
    attempt { core.members(conversation.number) }

/**
 * Opens what an address or a link names, as typed, followed or scanned, and gives the conversation's id: a chat as
 * [startChat] does, or a room, which is entered under the name of our account. Fails with
 * [FailureCode.INVALID_ARGUMENT].
 */
public suspend fun Heliograph.openContact(text: String): Outcome<ConversationId> =
    attempt { ConversationId(core.openContact(text)) }

/**
 * Opens a chat with an account and gives its id at once. It is encrypted if the account has keys: see
 * [Conversation.security] once the state is no longer [ConversationState.PREPARING].
 */
public suspend fun Heliograph.startChat(contact: String): Outcome<ConversationId> =
    attempt { ConversationId(core.startChat(contact)) }

/**
 * Makes an encrypted group and gives its id at once; it is ready when its state is [ConversationState.ACTIVE], and
 * texts may be sent before.
 */
public suspend fun Heliograph.createGroup(name: String, members: List<String>): Outcome<ConversationId> =
    attempt { ConversationId(core.createGroup(name, members)) }

/** Invites accounts into a group, given by their addresses or links. */
public suspend fun Heliograph.invite(group: ConversationId, members: List<String>): Outcome<Unit> =
    attempt { core.invite(group.number, members) }

/** Removes accounts from a group that we own. */
public suspend fun Heliograph.remove(group: ConversationId, members: List<String>): Outcome<Unit> =
    attempt { core.remove(group.number, members) }

/** Enters an ordinary, unencrypted room and gives the conversation's id. */
public suspend fun Heliograph.joinRoom(room: String, nick: String): Outcome<ConversationId> =
    attempt { ConversationId(core.joinRoom(room, nick)) }

/**
 * Keeps what the user is writing in a conversation, so that it outlives the screen and the process; an empty text is
 * none. To be called a moment after the last key, when the screen goes away, and no more once the text was sent. A
 * suspended client keeps it, too, and stays suspended.
 *
 * Fails with [FailureCode.NOT_FOUND], [FailureCode.TOO_LARGE] (over 256 KiB), and in a suspended client with
 * [FailureCode.STORE_BUSY] while another process has the account open.
 */
public suspend fun Heliograph.setDraft(conversation: ConversationId, text: String): Outcome<Unit> =
    attempt { core.setDraft(conversation.number, text) }

/**
 * The conversations with unread messages, the one with the newest activity first, each with the newest
 * [perConversation] (1 to 25) of them: what the app's notifications should show now, after [Heliograph.catchUp] or a
 * change.
 */
public suspend fun Heliograph.notifications(perConversation: Int): Outcome<List<Notification>> =
    attempt { core.notifications(perConversation.toCount()) }

/** The list with what is new and what has changed, in the store's order. */
internal fun List<Conversation>.changed(changes: List<Conversation>): List<Conversation> {
    val all = associateByTo(LinkedHashMap(size + changes.size)) { it.id }
    for (change in changes) {
        val before = all[change.id]
        if (before == null || change.revision > before.revision) all[change.id] = change
    }
    return all.values.sortedWith(NEWEST_FIRST)
}

private val NEWEST_FIRST: Comparator<Conversation> =
    compareByDescending<Conversation> { it.lastActivityMs ?: it.createdAtMs }.thenByDescending { it.id.number }
