package org.heliograph

/**
 * What a screen shows of one conversation. Never changes; a [Timeline] brings the next one.
 *
 * @property messages from old to new, each once, each as it was last; those of ours without a place yet come last
 * @property older there are older ones on this device: [Timeline.earlier] brings them
 * @property seams places where messages are missing, from old to new
 */
public data class TimelineState(
    public val messages: List<Message>,
    public val older: Boolean,
    public val seams: List<Seam>,
) {
    /** The same with what is new and what has changed. */
    internal fun changed(changes: List<Message>): TimelineState {
        val shown = LinkedHashMap<MessageRow, Message>(messages.size + changes.size)
        messages.associateByTo(shown) { it.row }
        for (change in changes) {
            val before = shown[change.row]
            val isNewer = before == null || change.revision > before.revision
            when {
                !isNewer -> Unit
                change.state == DeliveryState.DISCARDED -> shown -= change.row
                else -> shown[change.row] = change
            }
        }
        return copy(messages = shown.values.sortedWith(ORDER))
    }

    /** The same with a page from further back, or one that covers all of it: [older] and all [seams] are as it says. */
    internal fun with(page: TimelinePage): TimelineState = TimelineState(
        messages = changed(page.messages).messages,
        older = page.older,
        seams = page.seams,
    )

    internal companion object {
        /** The store's order: by place, and those without one last, as they were written. */
        val ORDER: Comparator<Message> =
            compareBy({ it.position ?: Long.MAX_VALUE }, { it.row.number })

        fun of(page: TimelinePage): TimelineState = TimelineState(page.messages, page.older, page.seams)
    }
}
