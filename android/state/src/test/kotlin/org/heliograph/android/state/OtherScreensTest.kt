package org.heliograph.android.state

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.heliograph.AccountSender
import org.heliograph.ConnectionState
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.Delivery
import org.heliograph.DeliveryState
import org.heliograph.FailureCode
import org.heliograph.MessageRow
import org.heliograph.OccupantSender
import org.heliograph.Preview
import org.heliograph.SearchHit
import org.heliograph.TextRange
import org.heliograph.Waiting
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class OtherScreensTest {
    private val shell = FakeShell()
    private val messenger = shell.accounts.messenger

    @Test
    fun `the inbox shows a draft before a message, and names authors in groups only`() = runTest {
        val ben = Preview("water rises", AccountSender("ben@relief.example", "ben"), false, DeliveryState.DELIVERED, 5)
        val nick = ben.copy(sender = OccupantSender("be\u202En", "ben"))
        val own = ben.copy(outgoing = true, state = DeliveryState.QUEUED)
        messenger.inbox.value = listOf(
            sampleConversation(1, draft = "half", preview = ben),
            sampleConversation(2, preview = nick),
            sampleConversation(3, ConversationKind.DIRECT, null, "ben@relief.example", preview = ben),
            sampleConversation(4, preview = own),
            sampleConversation(5),
        )
        val screen = InboxScreen(messenger, backgroundScope)
        runCurrent()
        val rows = screen.state.value.rows.orEmpty()
        assertEquals(
            listOf(
                Glimpse.Draft("half"),
                Glimpse.Last("water rises", "ben", null),
                Glimpse.Last("water rises", null, null),
                Glimpse.Last("water rises", null, DeliveryState.QUEUED),
                Glimpse.Nothing,
            ),
            rows.map { it.glimpse },
        )
        assertEquals(listOf("Bridge crew", "ben"), listOf(rows[0].title, rows[2].title))
    }

    @Test
    fun `the connection's line says what is so`() {
        fun line(state: ConnectionState, caughtUp: Boolean = true, unanswered: Boolean = false) =
            FakeMessenger.connection(state, caughtUp, unanswered, FailureCode.NETWORK_UNAVAILABLE, 9).line()
        assertEquals(ConnectionLine.NoNetwork, line(ConnectionState.OFFLINE))
        assertEquals(ConnectionLine.Connecting, line(ConnectionState.CONNECTING))
        assertEquals(ConnectionLine.Fine, line(ConnectionState.ONLINE))
        assertEquals(ConnectionLine.Fetching, line(ConnectionState.ONLINE, caughtUp = false))
        assertEquals(ConnectionLine.Unanswered, line(ConnectionState.ONLINE, caughtUp = false, unanswered = true))
        assertEquals(ConnectionLine.Waiting(FailureCode.NETWORK_UNAVAILABLE, 9), line(ConnectionState.WAITING))
        assertEquals(ConnectionLine.Stopped(FailureCode.NETWORK_UNAVAILABLE), line(ConnectionState.STOPPED))
        assertEquals(ConnectionLine.Resting, line(ConnectionState.SUSPENDED))
    }

    @Test
    fun `a search is made after a pause, for the last words only, and shows what the core marks`() = runTest {
        messenger.inbox.value = listOf(sampleConversation())
        val text = "Trinkwässer und WASSER"
        messenger.found = listOf(SearchHit(sampleMessage(4, text), emptyList(), text, listOf(TextRange(17u, 23u))))
        val screen = SearchScreen(messenger, null, backgroundScope)
        for (text in listOf("w", "wa", "was")) {
            screen.look(text)
            advanceTimeBy(100)
        }
        assertTrue(screen.state.value.busy)
        advanceTimeBy(200)
        assertEquals(listOf("search was"), messenger.asked)
        val hit = screen.state.value.hits?.single()
        assertEquals("Bridge crew", hit?.title)
        assertEquals(listOf("WASSER"), hit?.marks?.map { hit.text.substring(it) })
        screen.look("")
        assertNull(screen.state.value.hits)
    }

    @Test
    fun `a group is made of those who were chosen`() = runTest {
        messenger.inbox.value = listOf(
            sampleConversation(2, ConversationKind.DIRECT, null, "ben@relief.example"),
            sampleConversation(3, ConversationKind.DIRECT, null, "cam@relief.example"),
        )
        var opened: ConversationId? = null
        val screen = NewGroupScreen(messenger, shell.accounts, backgroundScope) { opened = it }
        runCurrent()
        for (text in listOf("ben@relief.example", "xmpp:dara@relief.example", "ben@relief.example", "nobody")) {
            screen.add(text)
            runCurrent()
        }
        assertEquals(FailureCode.INVALID_ARGUMENT, screen.state.value.failure?.code)
        assertEquals(listOf(Person("cam@relief.example", "cam")), screen.state.value.known)
        screen.drop("dara@relief.example")
        screen.create(" Night shift ")
        runCurrent()
        assertEquals("group  Night shift : ben@relief.example", messenger.asked.last())
        assertEquals(ConversationId(FakeMessenger.CHAT), opened)
    }

    @Test
    fun `a room is entered by its link`() = runTest {
        val screen = NewChatScreen(messenger, shell.accounts, backgroundScope, "xmpp:van@rooms.relief.example?join") {}
        runCurrent()
        screen.start(checkNotNull(screen.state.value.linked))
        runCurrent()
        assertEquals(listOf("open xmpp:van@rooms.relief.example?join"), messenger.asked)
    }

    @Test
    fun `members are listed as the core has them, and a refusal is shown`() = runTest {
        messenger.inbox.value = listOf(sampleConversation(mayChangeMembers = true))
        messenger.group = listOf("ana@relief.example", "cam@relief.example", "ben@relief.example")
        val screen = MembersScreen(messenger, ConversationId(1), backgroundScope)
        runCurrent()
        assertEquals(listOf("ana", "cam", "ben"), screen.state.value.members?.map { it.name })
        assertTrue(screen.state.value.members?.first()?.own == true)
        assertTrue(screen.state.value.mayChange)
        messenger.failure = FailureCode.FORBIDDEN
        screen.remove("ben@relief.example")
        runCurrent()
        assertEquals(FailureCode.FORBIDDEN, screen.state.value.failure?.code)
        assertFalse(screen.state.value.busy)
        messenger.failure = null
        screen.invite("xmpp:dara@relief.example")
        runCurrent()
        assertEquals(listOf("remove ben@relief.example", "invite xmpp:dara@relief.example"), messenger.asked)
        assertEquals(1, screen.state.value.invited)
        messenger.inbox.value = listOf(sampleConversation())
        runCurrent()
        assertFalse(screen.state.value.mayChange)
    }

    @Test
    fun `a message that failed can be sent again or discarded`() = runTest {
        messenger.inbox.value = listOf(sampleConversation())
        fun deliver(state: DeliveryState, waiting: Waiting?) {
            val message = sampleMessage(4, from = "ana@relief.example", state = state)
            val failed = state == DeliveryState.FAILED
            messenger.deliveries = Delivery(message, waiting, "", 1u, 0, emptyList(), failed, failed)
        }
        deliver(DeliveryState.FAILED, null)
        val screen = DeliveryScreen(messenger, MessageRow(4), backgroundScope)
        runCurrent()
        screen.sendAgain()
        deliver(DeliveryState.SENT, Waiting.SERVER)
        runCurrent()
        assertEquals(Waiting.SERVER, screen.state.value.delivery?.waitingFor)
        screen.discard()
        runCurrent()
        assertTrue(screen.state.value.discarded)
        assertEquals(listOf("again 4", "discard 4"), messenger.asked)
    }

    @Test
    fun `a setting that can't be kept goes back to what it was`() = runTest {
        val screen = SettingsScreen(messenger, shell.accounts, shell.shelf, backgroundScope)
        runCurrent()
        messenger.failure = FailureCode.DISK_FULL
        screen.readReceipts(false)
        assertEquals(false, screen.state.value.settings?.readReceipts)
        runCurrent()
        assertEquals(true, screen.state.value.settings?.readReceipts)
        messenger.failure = null
        screen.prefer { it.copy(highContrast = true) }
        screen.setPassword("new")
        screen.askForLog()
        runCurrent()
        assertTrue(screen.state.value.preferences.highContrast)
        assertEquals(1 to "it rained", screen.state.value.passwordChanged to screen.state.value.log)
    }
}
