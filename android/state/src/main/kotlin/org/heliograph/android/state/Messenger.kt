package org.heliograph.android.state

import kotlinx.coroutines.flow.Flow
import org.heliograph.Connection
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Delivery
import org.heliograph.FailureException
import org.heliograph.Member
import org.heliograph.MessageRow
import org.heliograph.Older
import org.heliograph.Outcome
import org.heliograph.Push
import org.heliograph.SearchHit
import org.heliograph.Settings
import org.heliograph.TimelineState
import org.heliograph.Traffic
import org.heliograph.Unreadable
import org.heliograph.Usage

/**
 * One open account, as the screens see it: the calls of the library's client that they need.
 *
 * An interface because the tests need a second implementation, which fails and waits when told to. No call
 * blocks the thread that makes it. Flows begin with what is so now, and end with [FailureException] where reading fails.
 */
public interface Messenger {
    /** Our account, `name@server`. */
    public val address: String

    /** What our account is called. */
    public val name: String

    /** The truth about the connection. */
    public fun connection(): Flow<Connection>

    /** All conversations, the one with the newest activity first. */
    public fun conversations(): Flow<List<Conversation>>

    /** How far push has got. */
    public fun push(): Flow<Push>

    /** One conversation as it is now. */
    public suspend fun conversation(id: ConversationId): Outcome<Conversation>

    /** One conversation's messages. */
    public suspend fun history(conversation: ConversationId): Outcome<History>

    /** How many messages can't be read, and why. */
    public suspend fun unreadable(conversation: ConversationId): Outcome<List<Unreadable>>

    /** Queues a text, clears the draft, and gives the row of the message. */
    public suspend fun send(conversation: ConversationId, text: String): Outcome<MessageRow>

    /** Keeps what is typed; empty clears. */
    public suspend fun setDraft(conversation: ConversationId, text: String): Outcome<Unit>

    /** The user has seen everything up to the message in this row. */
    public suspend fun markRead(conversation: ConversationId, row: MessageRow): Outcome<Unit>

    /** Where a message of ours is, and what it waits for. */
    public suspend fun delivery(row: MessageRow): Outcome<Delivery>

    /** Queues a message again that failed. */
    public suspend fun sendAgain(row: MessageRow): Outcome<Unit>

    /** Forgets a message that has not left. */
    public suspend fun discard(row: MessageRow): Outcome<Unit>

    /** Opens a chat with who [text] names, or enters the room that it names; gives the conversation. */
    public suspend fun openContact(text: String): Outcome<ConversationId>

    /** Makes an encrypted group; gives the conversation. */
    public suspend fun createGroup(name: String, members: List<String>): Outcome<ConversationId>

    /** The accounts in a group, ours first. */
    public suspend fun members(conversation: ConversationId): Outcome<List<Member>>

    /** Invites accounts into a group, given by addresses or links. */
    public suspend fun invite(group: ConversationId, members: List<String>): Outcome<Unit>

    /** Removes accounts from a group that we own. */
    public suspend fun remove(group: ConversationId, members: List<String>): Outcome<Unit>

    /** Messages that hold all words of the query, newest first; everywhere, or within one conversation. */
    public suspend fun search(query: String, within: ConversationId?, limit: Int): Outcome<List<SearchHit>>

    /** Connects again, also after a failure that stopped it. */
    public suspend fun start(): Outcome<Unit>

    /** Replaces a password that the server refused, and tries it at once. */
    public suspend fun setPassword(password: String): Outcome<Unit>

    /** Bytes on the wire since the account was opened. */
    public suspend fun traffic(): Outcome<Traffic>

    /** What cost how much, by situation. */
    public suspend fun usage(): Outcome<Usage>

    /** When a suspended client should be woken, in milliseconds since 1970. */
    public suspend fun nextCatchUp(): Outcome<Long?>

    /** The account's settings. */
    public suspend fun settings(): Outcome<Settings>

    /** Changes the account's settings. */
    public suspend fun changeSettings(settings: Settings): Outcome<Unit>

    /** What our own QR code holds, as in `xmpp:ana@example.org`. */
    public suspend fun contactUri(): Outcome<String>
}

/** One conversation's messages: the newest at first, then everything that changes, and older ones when asked for. */
public interface History : AutoCloseable {
    /** What is shown, now and after each change. */
    public val states: Flow<TimelineState>

    /** Reads more from before the first one, from this phone. */
    public suspend fun earlier(): Outcome<Unit>

    /** Fetches messages from before the newest gap, if the server has them. */
    public suspend fun loadOlder(): Outcome<Older>
}
