package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.Failure
import org.heliograph.MessageRow
import org.heliograph.SearchHit
import org.heliograph.excerptRanges
import org.heliograph.getOrThrow
import org.heliograph.name

/** See [SearchScreen]. */
public data class SearchState(
    /** What was found, newest first; nothing before anything was looked for. */
    val hits: List<Hit>? = null,
    /** There may be more than is shown. */
    val more: Boolean = false,
    /** The title of the one conversation that is searched. */
    val within: String? = null,
    /** Looking. */
    val busy: Boolean = false,
    /** Why it did not work. */
    val failure: Failure? = null,
)

/** One message that was found. */
public data class Hit(
    /** Its row. */
    val row: MessageRow,
    /** Its conversation. */
    val conversation: ConversationId,
    /** What the conversation is called. */
    val title: String,
    /** Who wrote it; nothing for us. */
    val author: String?,
    /** The part of its text around the first match. */
    val text: String,
    /** Where in [text] the words of the query stand. */
    val marks: List<IntRange>,
    /** When it was written, in milliseconds since 1970. */
    val sentAtMs: Long,
)

/** Searching messages. */
public class SearchScreen(
    private val messenger: Messenger,
    private val within: ConversationId?,
    parent: CoroutineScope,
) : Screen<SearchState>(parent, SearchState()) {
    private var looking: Job? = null
    private var query = ""
    private var conversations = emptyMap<ConversationId, Conversation>()

    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            if (within != null) {
                val title = messenger.conversation(within).getOrThrow().title
                change { it.copy(within = title) }
            }
            messenger.conversations().collect { all -> conversations = all.associateBy { it.id } }
        }
    }

    /** Looks for [text], a moment after the last letter. */
    public fun look(text: String) {
        if (text == query) return
        query = text
        looking?.cancel()
        if (text.isBlank()) {
            change { it.copy(hits = null, busy = false, more = false, failure = null) }
            return
        }
        change { it.copy(busy = true, failure = null) }
        looking = attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            delay(PAUSE_MS)
            val found = messenger.search(text, within, LIMIT).getOrThrow()
            change { it.copy(hits = found.map(::hit), more = found.size == LIMIT, busy = false) }
        }
    }

    private fun hit(hit: SearchHit): Hit {
        val message = hit.message
        val title = conversations[message.conversation]?.title.orEmpty()
        val author = if (message.outgoing) null else message.sender.name
        return Hit(
            message.row,
            message.conversation,
            title,
            author,
            hit.excerpt,
            hit.excerptRanges,
            message.sentAtMs,
        )
    }

    private companion object {
        /** More than anybody looks through; a better query finds the rest. */
        const val LIMIT: Int = 50

        /** A pause in typing: searching at each letter would only cost power. */
        const val PAUSE_MS: Long = 250
    }
}
