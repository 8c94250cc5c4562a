package org.heliograph

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

/** How what comes from the core is put together, without one. */
internal class TimelineStateTest {
    private val shown =
        TimelineState(listOf(message(3, position = 30), message(4, position = 40)), older = true, emptyList())

    @Test
    fun `what is new stands in its place, and what is ours without one stands last`() {
        val state = shown.changed(
            listOf(message(7, position = null), message(6, position = 35), message(5, position = 50)),
        )
        assertEquals(listOf(3L, 6, 4, 5, 7), state.rows())
        assertEquals(listOf(3L, 6, 4, 5, 7, 8), state.changed(listOf(message(8, position = null))).rows())
    }

    @Test
    fun `a copy with a higher revision replaces, one with a lower does not`() {
        val changed = message(3, position = 30, revision = 2, text = "delivered")
        val state = shown.changed(listOf(changed))
        assertEquals("delivered", state.messages.first().text)
        assertEquals(state, state.changed(listOf(message(3, position = 30, revision = 1))))
        assertEquals(listOf(4L, 3), state.changed(listOf(changed.copy(position = 45, revision = 3u))).rows())
    }

    @Test
    fun `what was taken back is shown no more`() {
        val discarded = message(3, position = 30, revision = 2).copy(state = DeliveryState.DISCARDED)
        assertEquals(listOf(4L), shown.changed(listOf(discarded)).rows())
        assertEquals(shown, shown.changed(listOf(discarded.copy(row = MessageRow(9)))))
    }

    @Test
    fun `a page from further back stands before what is shown`() {
        val early = message(1, position = 10, revision = 5)
        val seams = listOf(seam(10), seam(40))
        val page = TimelinePage(listOf(early, message(2, position = 20)), older = false, seams = seams)
        val extended = shown.copy(seams = listOf(seam(40))).with(page)
        assertEquals(listOf(1L, 2, 3, 4), extended.rows())
        assertEquals(false to seams, extended.older to extended.seams)
    }

    @Test
    fun `conversations are in the order of their newest activity`() {
        val all = listOf(conversation(2, activity = 20), conversation(1, activity = 10))
        val changed = all.changed(
            listOf(conversation(1, activity = 30, revision = 2), conversation(3, activity = null)),
        )
        assertEquals(listOf(1L, 2, 3), changed.map { it.id.number })
        assertEquals(changed, changed.changed(listOf(conversation(1, activity = 5, revision = 1))))
    }

    private fun TimelineState.rows() = messages.map { it.row.number }

    private fun seam(position: Long) = Seam(position, SeamKind.NOT_LOADED)

    private fun message(row: Long, position: Long?, revision: Int = 1, text: String = "") = Message(
        row = MessageRow(row),
        conversation = ConversationId(1),
        id = "id-$row",
        sender = AccountSender("ana@example.org", "ana"),
        outgoing = true,
        security = Security.ENCRYPTED,
        text = text,
        readable = text,
        sentAtMs = 0,
        receivedAtMs = 0,
        position = position,
        state = DeliveryState.QUEUED,
        failure = null,
        deliveredTo = 0u,
        displayedBy = 0u,
        revision = revision.toULong(),
    )

    private fun conversation(id: Long, activity: Long?, revision: Int = 1) = Conversation(
        id = ConversationId(id),
        kind = ConversationKind.DIRECT,
        address = "ben@example.org",
        name = null,
        title = "ben",
        security = Security.ENCRYPTED,
        state = ConversationState.ACTIVE,
        failure = null,
        mayWrite = true,
        mayChangeMembers = false,
        createdAtMs = 0,
        unread = 0u,
        lastActivityMs = activity,
        draft = "",
        draftLine = null,
        preview = null,
        revision = revision.toULong(),
    )
}
