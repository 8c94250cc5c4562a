package org.heliograph

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.heliograph.ffi.HeliographClient

internal typealias TimelinePage = org.heliograph.ffi.TimelinePage

/**
 * One conversation's messages: the newest page, then everything that changes, and older ones when they are asked for.
 *
 * Keep one for as long as a screen lives and collect [states] whenever it is visible. What happened in between is
 * caught up with when it is collected again, and nothing that was loaded is loaded twice. Close it with the screen.
 */
public class Timeline internal constructor(
    private val client: HeliographClient,
    private val core: org.heliograph.ffi.Timeline,
    private val conversation: ConversationId,
    private val page: Int,
) : AutoCloseable {
    private val shown = MutableStateFlow<TimelineState?>(null)

    /**
     * Held while something is read from the core and put into [shown]: otherwise a change could overtake the page that
     * it belongs to, and be shown for a moment without its neighbours.
     */
    private val reading = Mutex()

    /**
     * The state now and after each change. A slow collector gets the newest one and not each in between. Several may
     * collect. Ends when the client is shut down; ends with a [FailureException] where reading fails.
     */
    public val states: Flow<TimelineState> = channelFlow {
        val showing = launch { shown.filterNotNull().collect(::send) }
        if (begin()) follow()
        showing.cancel()
    }.buffer(Channel.CONFLATED)

    /** Loads up to [count] messages from before the first one, from this device. [states] shows them. */
    public suspend fun earlier(count: Int = page): Outcome<Unit> = attempt {
        reading.withLock {
            val before = shown.value ?: TimelineState.of(core.snapshot(page.toCount()))
            shown.value = before.with(core.earlier(count.toCount()))
        }
    }

    /**
     * Loads messages from before the newest seam, at least [wanted] (1 to 1000) if the server has so many. Returns when
     * they are stored; [states] shows them.
     */
    public suspend fun loadOlder(wanted: Int = page): Outcome<Older> = attempt {
        val older = client.loadOlder(conversation.number, wanted.toCount())
        reading.withLock {
            val before = shown.value
            val all = (before?.messages?.size ?: 0) + older.messages.size
            val now = core.snapshot(all.coerceAtLeast(page).toCount())
            shown.value = before?.with(now) ?: TimelineState.of(now)
        }
        older
    }

    /** Ends the subscription, and [states] with it. */
    override fun close() {
        core.close()
    }

    /** Reads the first page if nobody did; `false` if there is nothing to read from any more. */
    private suspend fun begin(): Boolean = attempt {
        reading.withLock {
            if (shown.value == null) shown.value = TimelineState.of(core.snapshot(page.toCount()))
        }
    }.untilClosed() != null

    private suspend fun take() {
        val changes = attempt { core.take(Feed.BATCH.toUInt()) }.getOrElse { emptyList() }
        val seams = attempt { core.seams() }.getOrNull()
        shown.update { it?.changed(changes)?.run { copy(seams = seams ?: this.seams) } }
    }

    private suspend fun follow() {
        while (attempt { core.ready() }.untilClosed() != null) {
            // What was taken is shown, also if the collector is cancelled in the middle.
            reading.withLock { withContext(NonCancellable) { take() } }
        }
    }
}

/**
 * Subscribes to one conversation's messages, [page] of them at first. Fails with [FailureCode.NOT_FOUND] for a
 * conversation that is not there.
 */
public suspend fun Heliograph.timeline(conversation: ConversationId, page: Int = 50): Outcome<Timeline> = attempt {
    Timeline(core, core.timeline(conversation.number), conversation, page)
}
