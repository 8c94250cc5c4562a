package org.heliograph.android.platform

import kotlinx.coroutines.flow.Flow
import org.heliograph.Connection
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Delivery
import org.heliograph.Heliograph
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Older
import org.heliograph.Outcome
import org.heliograph.Push
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
import org.heliograph.joinRoom
import org.heliograph.map
import org.heliograph.markRead
import org.heliograph.members
import org.heliograph.push
import org.heliograph.remove
import org.heliograph.search
import org.heliograph.send
import org.heliograph.sendAgain
import org.heliograph.setDraft
import org.heliograph.settings
import org.heliograph.startChat
import org.heliograph.timeline
import org.heliograph.unreadable
import org.heliograph.usage

/** The library's client, as the screens see it. */
internal class ClientMessenger(private val client: Heliograph) : Messenger {
    override val address: String get() = client.address

    override fun connection(): Flow<Connection> = client.connection

    override fun conversations(): Flow<List<Conversation>> = client.conversations

    override fun push(): Flow<Push> = client.push

    override suspend fun conversation(id: ConversationId): Outcome<Conversation> = client.conversation(id)

    override suspend fun history(conversation: ConversationId): Outcome<History> =
        client.timeline(conversation).map(::TimelineHistory)

    override suspend fun unreadable(conversation: ConversationId): Outcome<List<Unreadable>> =
        client.unreadable(conversation)

    override suspend fun send(conversation: ConversationId, text: String): Outcome<MessageRow> =
        client.send(conversation, text)

    override suspend fun setDraft(conversation: ConversationId, text: String): Outcome<Unit> =
        client.setDraft(conversation, text)

    override suspend fun markRead(conversation: ConversationId, row: MessageRow): Outcome<Unit> =
        client.markRead(conversation, row)

    override suspend fun delivery(row: MessageRow): Outcome<Delivery> = client.delivery(row)

    override suspend fun sendAgain(row: MessageRow): Outcome<Unit> = client.sendAgain(row)

    override suspend fun discard(row: MessageRow): Outcome<Unit> = client.discard(row)

    override suspend fun startChat(contact: String): Outcome<ConversationId> = client.startChat(contact)

    override suspend fun createGroup(name: String, members: List<String>): Outcome<ConversationId> =
        client.createGroup(name, members)

    override suspend fun joinRoom(room: String, nick: String): Outcome<ConversationId> = client.joinRoom(room, nick)

    override suspend fun members(conversation: ConversationId): Outcome<List<String>> = client.members(conversation)

    override suspend fun invite(group: ConversationId, members: List<String>): Outcome<Unit> =
        client.invite(group, members)

    override suspend fun remove(group: ConversationId, members: List<String>): Outcome<Unit> =
        client.remove(group, members)

    override suspend fun search(query: String, within: ConversationId?, limit: Int): Outcome<List<Message>> =
        client.search(query, within, limit)

    override suspend fun start(): Outcome<Unit> = client.start()

    override suspend fun setPassword(password: String): Outcome<Unit> = client.setPassword(password)

    override suspend fun traffic(): Outcome<Traffic> = client.traffic()

    override suspend fun usage(): Outcome<Usage> = client.usage()

    override suspend fun nextCatchUp(): Outcome<Long?> = client.nextCatchUp().map { it?.toEpochMilliseconds() }

    override suspend fun settings(): Outcome<Settings> = client.settings()

    override suspend fun changeSettings(settings: Settings): Outcome<Unit> = client.changeSettings(settings)

    override suspend fun contactUri(): Outcome<String> = client.contactUri()
}

private class TimelineHistory(private val timeline: Timeline) : History {
    override val states: Flow<TimelineState> get() = timeline.states

    override suspend fun earlier(): Outcome<Unit> = timeline.earlier()

    override suspend fun loadOlder(): Outcome<Older> = timeline.loadOlder()

    override fun close() = timeline.close()
}
