package org.heliograph

import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.heliograph.Phone.Companion.isActive
import org.junit.jupiter.api.AfterAll
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeAll
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestInstance
import org.junit.jupiter.api.io.TempDir
import java.nio.file.Path

/** Two phones in Kotlin and one client in Rust on a real server. The tests may run in any order. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
internal class ConversationTest {
    private lateinit var ana: Phone
    private lateinit var ben: Phone
    private lateinit var dora: Shell

    @BeforeAll
    fun signIn(@TempDir folder: Path): Unit = runBlocking {
        val nobody = Environment.account("chloe")
        val phones = listOf("ana", "ben").map { async { Phone.add(it, folder).connect().keysPublished(nobody) } }
        dora = Shell.start("dora", folder, nobody)
        phones.awaitAll().let { (first, second) ->
            ana = first
            ben = second
        }
    }

    @AfterAll
    fun shutDown(): Unit = runBlocking {
        dora.close()
        for (phone in listOf(ana, ben)) phone.heliograph.shutdown().getOrThrow()
        assertEquals(emptyList<String>(), Traces.threadsOfHeliograph(), "threads were left after shutdown")
    }

    @Test
    fun `a group of two phones in Kotlin and a client in Rust`(): Unit = runBlocking {
        val others = listOf(ben.account.address, Environment.account("dora").address)
        val group = ana.heliograph.createGroup("Ridge", others).getOrThrow()
        ana.untilConversation("for the group") { it.id == group && it.isActive }
        val members = ana.heliograph.members(group).getOrThrow()
        assertEquals((others + ana.account.address).sorted(), members.map { it.address }.sorted())
        assertEquals(listOf("ana", "ben", "dora"), members.map { it.name }.sorted())
        assertEquals("ana", ana.heliograph.name)

        val row = ana.heliograph.send(group, "the bridge is open again").getOrThrow()
        // The invited learn the name from the first message, not from the invitation.
        val groupOfBen = ben.untilConversation("for the group and its name") { it.title == "Ridge" && it.isActive }
        assertEquals(ConversationKind.GROUP to Security.ENCRYPTED, groupOfBen.kind to groupOfBen.security)
        assertEquals("Ridge", groupOfBen.title)
        assertTrue(ana.heliograph.conversation(group).getOrThrow().mayChangeMembers, "who made it")
        assertFalse(groupOfBen.mayChangeMembers, "who was invited")
        val got = ben.untilMessage(groupOfBen.id, "for a text") { it.text == "the bridge is open again" }
        assertEquals(Security.ENCRYPTED, got.security)
        assertEquals(AccountSender(ana.account.address, ana.account.name), got.sender)
        dora.until(""""event":"message"""", "the bridge is open again", """"security":"encrypted"""")

        dora.send("Ridge", "good, we start at six")
        for ((phone, conversation) in listOf(ana to group, ben to groupOfBen.id)) {
            val heard = phone.untilMessage(conversation, "for the Rust client") { it.text == "good, we start at six" }
            assertEquals(Security.ENCRYPTED, heard.security)
            assertEquals(AccountSender(Environment.account("dora").address, "dora"), heard.sender)
        }
        ben.heliograph.send(groupOfBen.id, "bring <rope> & water \u26f0").getOrThrow()
        ana.untilMessage(group, "for an answer") { it.text == "bring <rope> & water \u26f0" }
        dora.until(""""event":"message"""", "bring <rope> & water")

        val delivered = ana.untilMessage(group, "until both have it") { it.row == row && it.deliveredTo == 2u }
        assertTrue(delivered.outgoing && delivered.state == DeliveryState.DELIVERED)
    }

    @Test
    fun `a chat arrives, is read and is found`(): Unit = runBlocking {
        val chat = ana.heliograph.startChat(ben.account.address).getOrThrow()
        ana.untilConversation("for the chat") { it.id == chat && it.isActive && it.security == Security.ENCRYPTED }
        val sent = ana.heliograph.send(chat, "are the tents dry?").getOrThrow()
        val chatOfBen = ben.untilConversation("for the chat") { it.title == ana.account.name && it.unread > 0u }
        val got = ben.untilMessage(chatOfBen.id, "for a text") { it.text == "are the tents dry?" }
        assertEquals(Security.ENCRYPTED, got.security)

        val (shown) = ben.heliograph.notifications(perConversation = 5).getOrThrow().filter {
            it.conversation.id ==
                chatOfBen.id
        }
        assertEquals(listOf(got.row), shown.messages.map { it.row })
        assertEquals("are the tents dry?", shown.conversation.preview?.text)
        ben.heliograph.setDraft(chatOfBen.id, "not quite").getOrThrow()
        assertEquals("not quite", ben.untilConversation("for a draft") { it.draft.isNotEmpty() }.draft)
        val answer = ben.heliograph.reply(chatOfBen.id, got.row, "come and see").getOrThrow()
        ana.untilMessage(chat, "for an answer") { it.text == "come and see" }

        ben.heliograph.markRead(chatOfBen.id, answer).getOrThrow()
        ben.untilConversation("until nothing is unread") { it.id == chatOfBen.id && it.unread == 0uL }
        // Others learn what was seen, unless the user has turned that off.
        assertTrue(ben.heliograph.settings().getOrThrow().readReceipts)
        ana.untilMessage(chat, "until it was seen") { it.row == sent && it.state == DeliveryState.DISPLAYED }
        ben.heliograph.changeSettings(Settings(readReceipts = false)).getOrThrow()
        assertEquals(Settings(readReceipts = false), ben.heliograph.settings().getOrThrow())
        val cost = ben.heliograph.usage().getOrThrow().bySituation
        assertTrue(
            cost.sumOf {
                it.connects
            } >= 1uL && cost.sumOf { it.bytesUp } > 1000uL,
            "a conversation has its price",
        )
        for (query in listOf("tents", "TENTS dry", "tent")) {
            val hit = ben.heliograph.search(query).getOrThrow().single()
            assertEquals(got.row, hit.message.row, query)
            val words = query.lowercase().split(" ").map { if (it == "tent") "tents" else it }
            assertEquals(words, hit.textRanges.map(hit.message.text::substring), query)
            assertEquals(words, hit.excerptRanges.map(hit.excerpt::substring), query)
        }
        assertEquals(emptyList<SearchHit>(), ben.heliograph.search("tents tomorrow", chatOfBen.id).getOrThrow())
        assertEquals(emptyList<Unreadable>(), ben.heliograph.unreadable(chatOfBen.id).getOrThrow())
    }

    @Test
    fun `an open timeline shows that a seam was filled, whoever filled it`(): Unit = runBlocking {
        val address = "ridge-walk@${Environment.rooms}"
        val room = ana.heliograph.joinRoom(address, "ana").getOrThrow()
        // More than the server gives at once.
        val texts = (0..<60).map { "step $it" }
        val last = texts.map { ana.heliograph.send(room, it).getOrThrow() }.last()
        ana.untilMessage(room, "until the last text was archived") {
            it.row == last && it.state in DeliveryState.ARCHIVED..DeliveryState.DISPLAYED
        }
        val roomOfBen = ben.heliograph.joinRoom(address, "ben").getOrThrow()
        ben.untilMessage(roomOfBen, "for the newest text") { it.text == texts.last() }
        ben.heliograph.timeline(roomOfBen, page = 100).getOrThrow().use { timeline ->
            val open = withTimeout(DEADLINE) { timeline.states.first { it.seams.isNotEmpty() } }
            assertEquals(listOf(SeamKind.NOT_LOADED), open.seams.map { it.kind })
            val closed = async { withTimeout(DEADLINE) { timeline.states.first { it.seams.isEmpty() } } }
            assertFalse(ben.heliograph.loadOlder(roomOfBen, 100).getOrThrow().more)
            assertEquals(texts, closed.await().messages.map { it.text })
        }
        // Ana's entering made the room; it is open for others too.
        ben.heliograph.send(roomOfBen, "I walk along").getOrThrow()
        ana.untilMessage(room, "for Ben's text") { it.text == "I walk along" && !it.outgoing }
    }

    @Test
    fun `what changes further back than one has read is not shown without its neighbours`(): Unit = runBlocking {
        val group = ana.heliograph.createGroup("Pass", listOf(ben.account.address)).getOrThrow()
        ana.untilConversation("for the group") { it.id == group && it.isActive }
        val (_, _, last) = List(3) { ana.sendSafely(group, "cairn $it") }
        val groupOfBen = ben.untilConversation("for the group") { it.title == "Pass" && it.isActive }.id
        val read = ben.untilMessage(groupOfBen, "for the last text") { it.text == "cairn 2" }
        ana.heliograph.timeline(group, page = 1).getOrThrow().use { timeline ->
            withTimeout(DEADLINE) {
                assertEquals(listOf("cairn 2"), timeline.states.first().messages.map { it.text })
                // All three have been seen then, one after the other, the last one last.
                ben.heliograph.markRead(groupOfBen, read.row).getOrThrow()
                val seen = timeline.states.first { state ->
                    state.messages.any { it.row == last && it.state == DeliveryState.DISPLAYED }
                }
                assertEquals(listOf("cairn 2"), seen.messages.map { it.text })
                timeline.earlier().getOrThrow()
                val more = timeline.states.first { it.messages.size == 2 }
                assertEquals(List(2) { DeliveryState.DISPLAYED }, more.messages.map { it.state })
            }
        }
    }

    @Test
    fun `a suspended phone catches up, and its timeline goes on`(@TempDir folder: Path): Unit = runBlocking {
        val hugo = Phone.add("hugo", folder)
        hugo.heliograph.use {
            catchUp(hugo.connect().keysPublished(Environment.account("chloe")))
        }
        assertEquals(FailureCode.CLOSED, (hugo.heliograph.resume() as Outcome.Failed).failure.code)
        hugo.heliograph.shutdown().getOrThrow()
    }

    private suspend fun catchUp(hugo: Phone) {
        val chat = ana.heliograph.startChat(hugo.account.address).getOrThrow()
        ana.sendSafely(chat, "before")
        val chatOfHugo = hugo.untilConversation("for the chat") { it.address == ana.account.address }.id
        hugo.heliograph.timeline(chatOfHugo, page = 2).getOrThrow().use { timeline ->
            withTimeout(DEADLINE) { timeline.states.first { state -> state.messages.any { it.text == "before" } } }
            repeat(2) { hugo.heliograph.suspend().getOrThrow() }
            assertEquals(
                FailureCode.CLOSED,
                (hugo.heliograph.send(chatOfHugo, "asleep") as Outcome.Failed).failure.code,
            )

            // What was being typed is kept all the same, and the phone sleeps on.
            hugo.heliograph.setDraft(chatOfHugo, "half a th\u00f6ught").getOrThrow()
            assertEquals(ConnectionState.SUSPENDED, hugo.heliograph.connection.first().state)

            val texts = listOf("first while away", "second while away")
            for (text in texts) ana.sendSafely(chat, text)
            val report = hugo.heliograph.catchUp(within = DEADLINE).getOrThrow()
            assertEquals(CatchUpReport(texts.size.toULong(), CatchUpEnd.COMPLETE, null), report)
            hugo.heliograph.resume().getOrThrow()
            assertEquals("half a th\u00f6ught", hugo.heliograph.conversation(chatOfHugo).getOrThrow().draft)
            val shown = withTimeout(DEADLINE) { timeline.states.first { it.messages.size == 3 } }
            assertEquals(listOf("before") + texts, shown.messages.map { it.text })
        }
    }
}
