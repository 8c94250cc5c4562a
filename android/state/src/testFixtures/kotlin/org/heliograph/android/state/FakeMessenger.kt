package org.heliograph.android.state

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import org.heliograph.Connection
import org.heliograph.ConnectionState
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Delivery
import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.Member
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Older
import org.heliograph.Outcome
import org.heliograph.Push
import org.heliograph.PushState
import org.heliograph.SearchHit
import org.heliograph.Settings
import org.heliograph.Situation
import org.heliograph.TimelineState
import org.heliograph.Traffic
import org.heliograph.Unreadable
import org.heliograph.Usage

/** An account that lives in memory, does as it is told, and remembers what it was asked. */
public class FakeMessenger : Messenger {
    override val address: String = "ana@relief.example"

    override val name: String get() = address.substringBefore('@')

    public val connections: MutableStateFlow<Connection> = MutableStateFlow(connection(ConnectionState.ONLINE))
    public val inbox: MutableStateFlow<List<Conversation>> = MutableStateFlow(emptyList())
    public val timelines: MutableMap<ConversationId, MutableStateFlow<TimelineState>> = mutableMapOf()

    /** Older messages of each conversation, that are read page by page. */
    public val earlier: MutableMap<ConversationId, ArrayDeque<List<Message>>> = mutableMapOf()
    public var found: List<SearchHit> = emptyList()
    public var group: List<String> = emptyList()
    public var deliveries: Delivery? = null
    public var unreadable: List<Unreadable> = emptyList()
    public var kept: Settings = Settings(readReceipts = true)

    /** What was asked that changes anything, in order. */
    public val asked: MutableList<String> = mutableListOf()

    /** If set, whatever changes anything fails with it. */
    public var failure: FailureCode? = null

    /** If set, whatever changes anything waits for it. */
    public var gate: CompletableDeferred<Unit>? = null

    private suspend fun <T> change(what: String, value: T): Outcome<T> {
        asked += what
        gate?.await()
        val code = failure ?: return Outcome.Done(value)
        return Outcome.Failed(failure(code))
    }

    private fun timeline(id: ConversationId) =
        timelines.getOrPut(id) { MutableStateFlow(TimelineState(emptyList(), false, emptyList())) }

    override fun connection(): Flow<Connection> = connections

    override fun conversations(): Flow<List<Conversation>> = inbox

    override fun push(): Flow<Push> = MutableStateFlow(Push(PushState.OFF, null, null))

    override suspend fun conversation(id: ConversationId): Outcome<Conversation> =
        inbox.value.firstOrNull { it.id == id }?.let { Outcome.Done(it) }
            ?: Outcome.Failed(failure(FailureCode.NOT_FOUND))

    override suspend fun history(conversation: ConversationId): Outcome<History> = Outcome.Done(
        object : History {
            override val states: Flow<TimelineState> = timeline(conversation)

            override suspend fun earlier(): Outcome<Unit> = change("earlier", Unit).also { prepend(conversation) }

            override suspend fun loadOlder(): Outcome<Older> = change("older", Older(emptyList(), false))

            override fun close() {
                asked += "close"
            }
        },
    )

    private fun prepend(conversation: ConversationId) {
        val pages = earlier[conversation] ?: return
        val page = pages.removeFirstOrNull() ?: return
        val flow = timeline(conversation)
        flow.value = flow.value.copy(messages = page + flow.value.messages, older = pages.isNotEmpty())
    }

    override suspend fun unreadable(conversation: ConversationId): Outcome<List<Unreadable>> = Outcome.Done(unreadable)

    override suspend fun send(conversation: ConversationId, text: String): Outcome<MessageRow> =
        change("send ${conversation.number} $text", MessageRow(1))

    override suspend fun setDraft(conversation: ConversationId, text: String): Outcome<Unit> =
        change("draft ${conversation.number} $text", Unit)

    override suspend fun markRead(conversation: ConversationId, row: MessageRow): Outcome<Unit> =
        change("read ${conversation.number} ${row.number}", Unit)

    override suspend fun delivery(row: MessageRow): Outcome<Delivery> =
        deliveries?.let { Outcome.Done(it) } ?: Outcome.Failed(failure(FailureCode.NOT_FOUND))

    override suspend fun sendAgain(row: MessageRow): Outcome<Unit> = change("again ${row.number}", Unit)

    override suspend fun discard(row: MessageRow): Outcome<Unit> = change("discard ${row.number}", Unit)

    override suspend fun openContact(text: String): Outcome<ConversationId> = change("open $text", ConversationId(CHAT))

    override suspend fun createGroup(name: String, members: List<String>): Outcome<ConversationId> =
        change("group $name: ${members.joinToString()}", ConversationId(CHAT))

    override suspend fun members(conversation: ConversationId): Outcome<List<Member>> =
        Outcome.Done(group.map { Member(it, it.substringBefore('@'), it == address) })

    override suspend fun invite(group: ConversationId, members: List<String>): Outcome<Unit> =
        change("invite ${members.joinToString()}", Unit)

    override suspend fun remove(group: ConversationId, members: List<String>): Outcome<Unit> =
        change("remove ${members.joinToString()}", Unit)

    override suspend fun search(query: String, within: ConversationId?, limit: Int): Outcome<List<SearchHit>> =
        change("search $query", found)

    override suspend fun start(): Outcome<Unit> = change("start", Unit)

    override suspend fun setPassword(password: String): Outcome<Unit> = change("password", Unit)

    override suspend fun traffic(): Outcome<Traffic> = Outcome.Done(Traffic(1u, 2u, 3u, 4u, 5u))

    override suspend fun usage(): Outcome<Usage> = Outcome.Done(Usage(0, emptyList()))

    override suspend fun nextCatchUp(): Outcome<Long?> = Outcome.Done(null)

    override suspend fun settings(): Outcome<Settings> = Outcome.Done(kept)

    override suspend fun changeSettings(settings: Settings): Outcome<Unit> =
        change("settings ${settings.readReceipts}", Unit)

    override suspend fun contactUri(): Outcome<String> = Outcome.Done("xmpp:$address")

    public companion object {
        /** The conversation that new chats and groups get. */
        public const val CHAT: Long = 7

        public fun failure(code: FailureCode): Failure = Failure(code, code.name, false, "", "")

        public fun connection(
            state: ConnectionState,
            caughtUp: Boolean = true,
            unanswered: Boolean = false,
            code: FailureCode? = null,
            retryAtMs: Long? = null,
        ): Connection = Connection(
            state,
            Situation.FOREGROUND,
            code?.let(::failure),
            retryAtMs,
            caughtUp,
            unanswered,
            false,
            emptyList(),
        )
    }
}
