package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.Failure
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Outcome
import org.heliograph.TimelineState
import org.heliograph.getOrThrow
import java.time.ZoneId

/** One conversation: reading it back to its beginning, and writing. */
public class ChatScreen(
    private val messenger: Messenger,
    private val conversation: ConversationId,
    private val parent: CoroutineScope,
    target: MessageRow? = null,
    private val zone: ZoneId = ZoneId.systemDefault(),
) : Screen<ChatState>(parent, ChatState()) {
    private var history: History? = null
    private var timeline = TimelineState(emptyList(), false, emptyList())
    private var firstUnread: MessageRow? = null
    private var lastSeen: Long = 0
    private var readingEarlier: Job? = null

    /** One at a time, so that a draft never comes after the sending that clears it. */
    private val writing = Mutex()
    private var typed: String? = null
    private var keeping: Job? = null

    /** What the core has of it, as far as it is from here. */
    private var kept: String? = null

    /** All that it ever had from here: news of it comes late. */
    private val ours = mutableSetOf<String>()

    init {
        attempt(::failed) { read(target) }
        attempt(::failed) {
            messenger.conversations().mapNotNull { all -> all.firstOrNull { it.id == conversation } }
                .collect { found ->
                    change { it.copy(header = found.header()) }
                    given(found.draft)
                }
        }
        attempt(::failed) {
            messenger.connection().collect { connection -> change { it.copy(line = connection.line()) } }
        }
    }

    private fun failed(now: ChatState, failure: Failure) =
        now.copy(failure = failure, sending = false, loadingOlder = false)

    private suspend fun read(target: MessageRow?) {
        val opened = messenger.conversation(conversation).getOrThrow()
        keptNow(opened.draft)
        change { it.copy(header = opened.header(), draft = opened.draft) }
        val history = messenger.history(conversation).getOrThrow()
        this.history = history
        timeline = history.states.first()
        firstUnread = firstUnread(opened.unread)
        if (target != null) find(history, target)
        history.states.collect { state ->
            timeline = state
            show()
            val unreadable = messenger.unreadable(conversation).getOrThrow()
            change { it.copy(unreadable = unreadable) }
        }
    }

    /** Reads back to the message that was searched for. */
    private suspend fun find(history: History, target: MessageRow) {
        while (timeline.messages.none { it.row == target } && timeline.older && timeline.messages.size < FAR) {
            history.earlier().getOrThrow()
            timeline = history.states.first()
        }
        change { now -> now.copy(target = target.takeIf { timeline.messages.any { it.row == target } }) }
    }

    private fun firstUnread(unread: ULong): MessageRow? = timeline.messages.filterNot(Message::outgoing)
        .takeLast(unread.coerceAtMost(FAR.toULong()).toInt()).firstOrNull()?.row

    private fun show() {
        val namesAuthors = state.value.header?.kind != ConversationKind.DIRECT
        val items = chatItems(timeline.messages, timeline.seams, firstUnread, namesAuthors, zone)
        change { it.copy(items = items, hasEarlier = timeline.older) }
    }

    /** The list was scrolled near its beginning: reads more of what is on this phone. */
    public fun readEarlier() {
        val history = history ?: return
        if (!timeline.older || readingEarlier?.isActive == true) return
        readingEarlier = attempt(::failed) { history.earlier().getOrThrow() }
    }

    /** Fetches what is missing in the newest gap from the server. */
    public fun loadOlder() {
        val history = history ?: return
        if (state.value.loadingOlder) return
        change { it.copy(loadingOlder = true, failure = null) }
        attempt(::failed) {
            history.loadOlder().getOrThrow()
            change { it.copy(loadingOlder = false) }
        }
    }

    /** The message in [row] is on the screen, and somebody looks. */
    public fun seen(row: MessageRow) {
        val position = timeline.messages.firstOrNull { it.row == row }?.position ?: return
        if (position <= lastSeen) return
        lastSeen = position
        scope.launch { messenger.markRead(conversation, row) }
    }

    /** The list shows [ChatState.target]. */
    public fun shown(): Unit = change { it.copy(target = null) }

    /** The reply box holds [text] now. It is kept after a moment, and at once by [keepDraft]. */
    public fun typed(text: String) {
        if (text == (typed ?: state.value.draft ?: "")) return
        typed = text
        keeping?.cancel()
        keeping = scope.launch {
            delay(KEEP_AFTER_MS)
            keep(text)
        }
    }

    private fun keptNow(text: String) {
        kept = text
        ours += text
    }

    /** Another app shared a text into this conversation, below what was written here. */
    private fun given(draft: String) {
        if (state.value.draft == null || draft in ours) return
        keeping?.cancel()
        keptNow(draft)
        typed = draft
        change { it.copy(draft = draft, given = it.given + 1) }
    }

    /** The app goes away: keeps what is typed now. */
    public fun keepDraft() {
        val text = typed?.takeIf { it != kept } ?: return
        keeping?.cancel()
        parent.launch { keep(text) }
    }

    private suspend fun keep(text: String) = writing.withLock {
        if (typed == text) {
            ours += text
            when (val outcome = withContext(NonCancellable) { messenger.setDraft(conversation, text) }) {
                is Outcome.Done -> kept = text
                is Outcome.Failed -> change { failed(it, outcome.failure) }
            }
        }
    }

    /** Queues [text]. */
    public fun send(text: String) {
        if (text.isBlank() || state.value.sending) return
        keeping?.cancel()
        change { it.copy(sending = true, failure = null) }
        attempt(::failed) {
            writing.withLock {
                messenger.send(conversation, text.trim()).getOrThrow()
                // What was typed until here is gone from the reply box, and from the core with the sending.
                typed = ""
                keptNow("")
            }
            firstUnread = null
            change { it.copy(sending = false, sent = it.sent + 1, draft = "") }
            show()
        }
    }

    /** Connects now. */
    public fun reconnect() {
        attempt(::failed) { messenger.start().getOrThrow() }
    }

    /** The user has read what went wrong. */
    public fun dismiss(): Unit = change { it.copy(failure = null) }

    override fun close() {
        keepDraft()
        history?.close()
        super.close()
    }

    private fun Conversation.header() = ChatHeader(title, address, kind, security, state, mayWrite, failure)

    private companion object {
        /** How far back a search hit is looked for, and how many unread messages are counted: bounds memory and time. */
        const val FAR: Int = 1000

        /** Somebody who types pauses this long between words: keeping each letter would wear out the flash. */
        const val KEEP_AFTER_MS: Long = 500
    }
}
