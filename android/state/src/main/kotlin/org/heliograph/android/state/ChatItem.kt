package org.heliograph.android.state

import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Seam
import org.heliograph.SeamKind
import org.heliograph.name
import java.time.Instant
import java.time.LocalDate
import java.time.ZoneId

/** One thing in the list of a conversation, from old to new. */
public sealed interface ChatItem {
    /** Tells it from the others of the list, and stays the same while it is there. */
    public val key: String

    /** What follows was written on this day. */
    public data class Day(val date: LocalDate, override val key: String) : ChatItem

    /** Messages are missing here. */
    public data class Gap(val kind: SeamKind, override val key: String) : ChatItem

    /** What follows had not been read when the conversation was opened. */
    public data object NewFromHere : ChatItem {
        override val key: String get() = "new"
    }

    /** A message, and how it stands among its neighbours. */
    public data class Bubble(
        /** The message. */
        val message: Message,
        /** Who wrote it, where that is not plain: at the first of several by one person in a group. */
        val author: String?,
        /** The first of several by one person within a few minutes. */
        val first: Boolean,
        /** The last of them: it has the time and the state. */
        val last: Boolean,
    ) : ChatItem {
        override val key: String get() = message.row.number.toString()
    }
}

/** Messages of one person that are further apart than this don't belong together: the time of each is of interest. */
private const val TOGETHER_MS: Long = 5 * 60 * 1000

/** Puts messages and gaps, which are in their order, into a list from old to new. */
internal fun chatItems(
    messages: List<Message>,
    seams: List<Seam>,
    firstUnread: MessageRow?,
    namesAuthors: Boolean,
    zone: ZoneId,
): List<ChatItem> {
    val items = mutableListOf<ChatItem>()
    var waiting = seams
    var previous: Message? = null
    for ((index, message) in messages.withIndex()) {
        val here = waiting.filter { it.isBefore(message) }
        waiting = waiting.drop(here.size)
        here.forEach { items += ChatItem.Gap(it.kind, "gap ${it.position}") }
        val isNew = message.row == firstUnread
        val date = message.day(zone)
        val isNewDay = previous?.day(zone) != date
        if (isNewDay) items += ChatItem.Day(date, "day ${message.row.number}")
        if (isNew) items += ChatItem.NewFromHere
        val first = isNewDay || isNew || here.isNotEmpty() || !previous.joins(message)
        val next = messages.getOrNull(index + 1)
        val last = next == null || next.row == firstUnread || next.day(zone) != date ||
            waiting.isBefore(next) || !message.joins(next)
        val author = message.authorName().takeIf { namesAuthors && first }
        items += ChatItem.Bubble(message, author, first, last)
        previous = message
    }
    waiting.forEach { items += ChatItem.Gap(it.kind, "gap ${it.position}") }
    return items
}

private fun Seam.isBefore(message: Message): Boolean = position <= (message.position ?: Long.MAX_VALUE)

private fun List<Seam>.isBefore(message: Message): Boolean = any { it.isBefore(message) }

private fun Message.day(zone: ZoneId): LocalDate = Instant.ofEpochMilli(sentAtMs).atZone(zone).toLocalDate()

private fun Message.authorName(): String? = if (outgoing) null else sender.name

private fun Message.joins(next: Message): Boolean =
    outgoing == next.outgoing && sender == next.sender && security == next.security && state == next.state &&
        next.sentAtMs - sentAtMs in 0..TOGETHER_MS
