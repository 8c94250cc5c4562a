package org.heliograph.android.state

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.heliograph.ConversationId
import org.heliograph.FailureCode
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.TimelineState
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class ChatScreenTest {
    private val id = ConversationId(1)
    private val messenger = FakeMessenger().apply { inbox.value = listOf(sampleConversation(draft = "half a th")) }

    private fun messages(vararg all: Message, older: Boolean = false) {
        messenger.timelines[id] = MutableStateFlow(TimelineState(all.toList(), older, emptyList()))
    }

    private fun TestScope.screen(target: Long? = null): ChatScreen =
        ChatScreen(messenger, id, backgroundScope, target?.let(::MessageRow)).also { runCurrent() }

    private fun ChatScreen.rows() = state.value.items?.filterIsInstance<ChatItem.Bubble>()?.map {
        it.message.row.number
    }

    @Test
    fun `it begins with the draft and the messages, and follows both`() = runTest {
        messages(sampleMessage(1))
        val screen = screen()
        assertEquals("half a th", screen.state.value.draft)
        assertEquals(listOf(1L), screen.rows())
        messenger.timelines.getValue(id).value =
            TimelineState(listOf(sampleMessage(1), sampleMessage(2)), false, emptyList())
        messenger.inbox.value = listOf(sampleConversation(name = "Bridge crew, night"))
        runCurrent()
        assertEquals(listOf(1L, 2L), screen.rows())
        assertEquals("Bridge crew, night", screen.state.value.header?.title)
    }

    @Test
    fun `what is typed is kept after a pause, once`() = runTest {
        val screen = screen()
        screen.typed("half a thought")
        advanceTimeBy(400)
        screen.typed("half a thought,")
        advanceTimeBy(400)
        assertEquals(emptyList<String>(), messenger.asked)
        advanceTimeBy(200)
        assertEquals(listOf("draft 1 half a thought,"), messenger.asked)
    }

    @Test
    fun `what is typed is kept at once when the app goes away or the screen is left`() = runTest {
        val screen = screen()
        screen.typed("one")
        screen.keepDraft()
        runCurrent()
        screen.typed("two")
        screen.close()
        runCurrent()
        assertEquals(listOf("draft 1 one", "close", "draft 1 two"), messenger.asked)
    }

    @Test
    fun `a text that another app shares into an open chat is shown, and stays when the chat is left`() = runTest {
        val screen = screen()
        screen.typed("half a thought")
        advanceTimeBy(600)
        // News of what was kept from here comes late, and is none.
        messenger.inbox.value = listOf(sampleConversation(draft = "half a thought"))
        messenger.inbox.value = listOf(sampleConversation(draft = "half a th"))
        runCurrent()
        assertEquals(0, screen.state.value.given)
        val shared = "half a thought\na shared link"
        messenger.inbox.value = listOf(sampleConversation(draft = shared))
        runCurrent()
        assertEquals(1 to shared, screen.state.value.run { given to draft })
        screen.typed(shared)
        screen.close()
        advanceTimeBy(1000)
        assertEquals(listOf("draft 1 half a thought", "close"), messenger.asked)
    }

    @Test
    fun `a text that was sent does not come back as a draft`() = runTest {
        val screen = screen()
        screen.typed("the bridge is open")
        screen.send("the bridge is open ")
        runCurrent()
        // The reply box is emptied, says so, and the screen is left.
        screen.typed("")
        screen.close()
        advanceTimeBy(1000)
        assertEquals("send 1 the bridge is open", messenger.asked.first())
        assertFalse(messenger.asked.any { it == "draft 1 the bridge is open" }, messenger.asked.toString())
        assertEquals(1, screen.state.value.sent)
    }

    @Test
    fun `a draft on its way when a text is sent comes before it`() = runTest {
        val screen = screen()
        messenger.gate = CompletableDeferred()
        screen.typed("open")
        advanceTimeBy(600)
        screen.send("open")
        runCurrent()
        assertEquals(listOf("draft 1 open"), messenger.asked)
        messenger.gate?.complete(Unit)
        runCurrent()
        assertEquals(listOf("draft 1 open", "send 1 open"), messenger.asked)
    }

    @Test
    fun `a text that can't be queued stays in its box, and the reason is shown`() = runTest {
        val screen = screen()
        messenger.failure = FailureCode.DISK_FULL
        screen.send("open")
        runCurrent()
        assertEquals(0, screen.state.value.sent)
        assertEquals(FailureCode.DISK_FULL, screen.state.value.failure?.code)
        screen.dismiss()
        assertNull(screen.state.value.failure)
    }

    @Test
    fun `a text is queued once however often the button is pressed`() = runTest {
        val screen = screen()
        messenger.gate = CompletableDeferred()
        repeat(3) { screen.send("open") }
        screen.send("  ")
        messenger.gate?.complete(Unit)
        runCurrent()
        assertEquals(listOf("send 1 open"), messenger.asked)
    }

    @Test
    fun `what was seen is told once, and never backwards`() = runTest {
        messages(sampleMessage(1), sampleMessage(2), sampleMessage(3, from = "ana@relief.example", position = null))
        val screen = screen()
        for (row in listOf(2L, 1L, 2L, 3L, 99L)) screen.seen(MessageRow(row))
        runCurrent()
        assertEquals(listOf("read 1 2"), messenger.asked)
    }

    @Test
    fun `the unread ones have a line before them until something is sent`() = runTest {
        messenger.inbox.value = listOf(sampleConversation(unread = 2u))
        messages(sampleMessage(1), sampleMessage(2), sampleMessage(3))
        val screen = screen()
        assertEquals(ChatItem.NewFromHere, screen.state.value.items?.get(2))
        screen.send("thanks")
        runCurrent()
        assertFalse(screen.state.value.items.orEmpty().contains(ChatItem.NewFromHere))
    }

    @Test
    fun `a message that was searched for is found further back`() = runTest {
        messages(sampleMessage(30), older = true)
        messenger.earlier[id] =
            ArrayDeque(listOf(listOf(sampleMessage(20)), listOf(sampleMessage(10)), listOf(sampleMessage(5))))
        val screen = screen(target = 10)
        assertEquals(MessageRow(10), screen.state.value.target)
        assertEquals(listOf(10L, 20L, 30L), screen.rows())
        assertTrue(screen.state.value.hasEarlier)
        screen.shown()
        assertNull(screen.state.value.target)
    }

    @Test
    fun `loading what is missing says when it can't`() = runTest {
        messages(sampleMessage(1))
        val screen = screen()
        messenger.gate = CompletableDeferred()
        screen.loadOlder()
        screen.loadOlder()
        runCurrent()
        assertTrue(screen.state.value.loadingOlder)
        messenger.failure = FailureCode.NETWORK_UNAVAILABLE
        messenger.gate?.complete(Unit)
        runCurrent()
        assertFalse(screen.state.value.loadingOlder)
        assertEquals(FailureCode.NETWORK_UNAVAILABLE, screen.state.value.failure?.code)
        assertEquals(listOf("older"), messenger.asked)
    }

    @Test
    fun `a conversation that is gone is said to be`() = runTest {
        messenger.inbox.value = emptyList()
        assertEquals(FailureCode.NOT_FOUND, screen().state.value.failure?.code)
    }
}
