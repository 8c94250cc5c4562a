package org.heliograph.android.state

import org.heliograph.DeliveryState
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Seam
import org.heliograph.SeamKind
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.time.ZoneId

class ChatItemTest {
    private val utc = ZoneId.of("UTC")

    private fun items(
        messages: List<Message>,
        seams: List<Seam> = emptyList(),
        unread: Long? = null,
        names: Boolean = true,
        zone: ZoneId = utc,
    ) = chatItems(messages, seams, unread?.let(::MessageRow), names, zone)

    /** In a letter or two: day, gap, new, and for a bubble its row with ( for the first and ) for the last of several. */
    private fun shape(items: List<ChatItem>): String = items.joinToString(" ") {
        when (it) {
            is ChatItem.Day -> "day"
            is ChatItem.Gap -> "gap"
            ChatItem.NewFromHere -> "new"
            is ChatItem.Bubble -> (if (it.first) "(" else "") + it.message.row.number + (if (it.last) ")" else "")
        }
    }

    @Test
    fun `messages of one person within minutes belong together`() {
        val messages = listOf(sampleMessage(1), sampleMessage(2), sampleMessage(3, at = 20), sampleMessage(4, at = 21))
        assertEquals("day (1 2) (3 4)", shape(items(messages)))
    }

    @Test
    fun `another person or another state begins a new group`() {
        val messages = listOf(
            sampleMessage(1),
            sampleMessage(2, from = "cam@relief.example"),
            sampleMessage(3, from = "ana@relief.example", state = DeliveryState.DELIVERED),
            sampleMessage(4, from = "ana@relief.example", state = DeliveryState.QUEUED, position = null),
        )
        assertEquals("day (1) (2) (3) (4)", shape(items(messages)))
    }

    @Test
    fun `midnight is where the reader is`() {
        // 23:59 and 00:01 in UTC; both are the same afternoon in Auckland.
        val messages = listOf(sampleMessage(1, at = 24 * 60 - 1), sampleMessage(2, at = 24 * 60 + 1))
        assertEquals("day (1) day (2)", shape(items(messages)))
        assertEquals("day (1 2)", shape(items(messages, zone = ZoneId.of("Pacific/Auckland"))))
    }

    @Test
    fun `a gap stands before what follows it, and splits a group`() {
        val messages = listOf(sampleMessage(1), sampleMessage(2), sampleMessage(3))
        val seams = listOf(Seam(2, SeamKind.NOT_LOADED))
        assertEquals("day (1) gap (2 3)", shape(items(messages, seams)))
        assertEquals("gap", shape(items(emptyList(), seams)))
        assertEquals("day (1 2 3) gap", shape(items(messages, listOf(Seam(9, SeamKind.FORGOTTEN)))))
    }

    @Test
    fun `what is new begins with a line, in a group of its own`() {
        assertEquals("day (1) new (2)", shape(items(listOf(sampleMessage(1), sampleMessage(2)), unread = 2)))
    }

    @Test
    fun `authors are named once a group, others only, and not where there is one only`() {
        val messages = listOf(sampleMessage(1), sampleMessage(2), sampleMessage(3, from = "ana@relief.example"))
        fun authors(names: Boolean) =
            items(messages, names = names).filterIsInstance<ChatItem.Bubble>().map { it.author }
        assertEquals(listOf("ben", null, null), authors(names = true))
        assertEquals(listOf(null, null, null), authors(names = false))
    }
}
