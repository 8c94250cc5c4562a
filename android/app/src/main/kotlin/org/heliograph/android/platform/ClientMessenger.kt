package org.heliograph.android.platform

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.onStart
import org.heliograph.Connection
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Delivery
import org.heliograph.Heliograph
import org.heliograph.Member
import org.heliograph.MessageRow
import org.heliograph.Older
import org.heliograph.Outcome
import org.heliograph.Push
import org.heliograph.SearchHit
import org.heliograph.Settings
import org.heliograph.Timeline
import org.heliograph.TimelineState
import org.heliograph.Traffic
import org.heliograph.Unreadable
import org.heliograph.Usage
import org.heliograph.android.state.History
import org.heliograph.android.state.Messenger
import org.heliograph.changeSettings
import org.heliograph.contactUri
import org.heliograph.conversation
import org.heliograph.conversations
import org.heliograph.createGroup
import org.heliograph.delivery
import org.heliograph.discard
import org.heliograph.invite
import org.heliograph.map
import org.heliograph.markRead
import org.heliograph.members
import org.heliograph.openContact
import org.heliograph.push
import org.heliograph.remove
import org.heliograph.search
import org.heliograph.send
import org.heliograph.sendAgain
import org.heliograph.setDraft
import org.heliograph.settings
import org.heliograph.timeline
import org.heliograph.unreadable
import org.heliograph.usage

/**
 * How the screens use a client that may be asleep: they may be drawn while it is being woken for them, and are still
 * there when it falls asleep. What they show can wait until somebody looks; what the user has done can't.
 */
internal interface ClientUse {
    /** Does [work] with the client awake. */
    suspend fun <T> held(work: suspend () -> Outcome<T>): Outcome<T>

    /** Waits until it is awake, without waking it. */
    suspend fun awake()
}

private suspend fun <T> ClientUse.read(work: suspend () -> Outcome<T>): Outcome<T> {
    awake()
    return held(work)
}

/** The library's client, as the screens see it. */
internal class ClientMessenger(private val client: Heliograph, private val use: ClientUse) : Messenger {
    override val address: String get() = client.address

    override val name: String get() = client.name

    override fun connection(): Flow<Connection> = client.connection

    override fun conversations(): Flow<List<Conversation>> = client.conversations.onStart { use.awake() }

    override fun push(): Flow<Push> = client.push

    override suspend fun conversation(id: ConversationId): Outcome<Conversation> = use.read { client.conversation(id) }

    override suspend fun history(conversation: ConversationId): Outcome<History> =
        use.read { client.timeline(conversation) }.map { TimelineHistory(it, use) }

    override suspend fun unreadable(conversation: ConversationId): Outcome<List<Unreadable>> =
        use.read { client.unreadable(conversation) }

    override suspend fun send(conversation: ConversationId, text: String): Outcome<MessageRow> =
        use.held { client.send(conversation, text) }

    override suspend fun setDraft(conversation: ConversationId, text: String): Outcome<Unit> =
        client.setDraft(conversation, text)

    override suspend fun markRead(conversation: ConversationId, row: MessageRow): Outcome<Unit> =
        use.held { client.markRead(conversation, row) }

    override suspend fun delivery(row: MessageRow): Outcome<Delivery> = use.read { client.delivery(row) }

    override suspend fun sendAgain(row: MessageRow): Outcome<Unit> = use.held { client.sendAgain(row) }

    override suspend fun discard(row: MessageRow): Outcome<Unit> = use.held { client.discard(row) }

    override suspend fun openContact(text: String): Outcome<ConversationId> = use.held { client.openContact(text) }

    override suspend fun createGroup(name: String, members: List<String>): Outcome<ConversationId> =
        use.held { client.createGroup(name, members) }

    override suspend fun members(conversation: ConversationId): Outcome<List<Member>> =
        use.read { client.members(conversation) }

    override suspend fun invite(group: ConversationId, members: List<String>): Outcome<Unit> =
        use.held { client.invite(group, members) }

    override suspend fun remove(group: ConversationId, members: List<String>): Outcome<Unit> =
        use.held { client.remove(group, members) }

    override suspend fun search(query: String, within: ConversationId?, limit: Int): Outcome<List<SearchHit>> =
        use.read { client.search(query, within, limit) }

    override suspend fun start(): Outcome<Unit> = use.held { client.start() }

    override suspend fun setPassword(password: String): Outcome<Unit> = use.held { client.setPassword(password) }

    override suspend fun traffic(): Outcome<Traffic> = use.read { client.traffic() }

    override suspend fun usage(): Outcome<Usage> = use.read { client.usage() }

    override suspend fun nextCatchUp(): Outcome<Long?> =
        use.read { client.nextCatchUp().map { it?.toEpochMilliseconds() } }

    override suspend fun settings(): Outcome<Settings> = use.read { client.settings() }

    override suspend fun changeSettings(settings: Settings): Outcome<Unit> =
        use.held { client.changeSettings(settings) }

    override suspend fun contactUri(): Outcome<String> = use.read { client.contactUri() }
}

private class TimelineHistory(private val timeline: Timeline, private val use: ClientUse) : History {
    override val states: Flow<TimelineState> get() = timeline.states.onStart { use.awake() }

    override suspend fun earlier(): Outcome<Unit> = use.read { timeline.earlier() }

    override suspend fun loadOlder(): Outcome<Older> = use.held { timeline.loadOlder() }

    override fun close() = timeline.close()
}
