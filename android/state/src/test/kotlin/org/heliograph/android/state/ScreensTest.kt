package org.heliograph.android.state

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.heliograph.ConversationId
import org.heliograph.FailureCode
import org.heliograph.MessageRow
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class ScreensTest {
    private val shell = FakeShell()

    private fun TestScope.screens(restored: List<String> = emptyList()) =
        Screens(shell.accounts.messenger, shell.accounts, shell.shelf, backgroundScope, restored)

    @Test
    fun `every place comes back after the death of the process`() = runTest {
        val routes = listOf(
            Route.Inbox, Route.Chat(ConversationId(3)), Route.Chat(ConversationId(3), MessageRow(9)),
            Route.Members(ConversationId(3)), Route.Delivery(MessageRow(4)), Route.Search(),
            Route.Search(ConversationId(3)), Route.NewChat(), Route.NewGroup, Route.Link, Route.Settings, Route.OwnCode,
        )
        val before = screens()
        routes.drop(1).forEach(before::open)
        assertEquals(routes, screens(before.save()).stack.value.map { it.route })
        assertEquals(before.stack.value.map { it.key }, screens(before.save()).stack.value.map { it.key })
    }

    @Test
    fun `what makes no sense is left out, and the inbox is always there`() = runTest {
        assertEquals(listOf(Route.Inbox), screens(listOf("chat", "chat x", "moon")).stack.value.map { it.route })
        val headless = screens(listOf("settings", "inbox"))
        assertEquals(listOf<Route>(Route.Inbox), headless.stack.value.map { it.route })
        assertEquals(
            listOf(Route.Inbox, Route.Settings),
            screens(listOf("inbox", "settings", "chat")).stack.value.map {
                it.route
            },
        )
    }

    @Test
    fun `a link's text is not kept`() = runTest {
        val screens = screens()
        screens.open(Route.NewChat("xmpp:ben@relief.example"))
        assertFalse(screens.save().any { "ben" in it })
    }

    @Test
    fun `back goes to the inbox and no further, and the same place is not opened twice`() = runTest {
        val screens = screens()
        repeat(2) { screens.open(Route.Settings) }
        screens.open(Route.OwnCode)
        assertTrue(screens.back() && screens.back())
        assertFalse(screens.back())
        assertEquals(listOf<Route>(Route.Inbox), screens.stack.value.map { it.route })
    }

    @Test
    fun `a notification leads to its conversation, with the inbox behind it`() = runTest {
        val screens = screens()
        screens.open(Route.Settings)
        screens.jump(Route.Chat(ConversationId(5)))
        assertEquals(listOf(Route.Inbox, Route.Chat(ConversationId(5))), screens.stack.value.map { it.route })
    }

    @Test
    fun `a notification of the conversation that is open closes what is above it, and goes on with what is written`() =
        runTest {
            val screens = screens()
            screens.jump(Route.Chat(ConversationId(5)))
            val chat = screens.stack.value.last().screen
            screens.open(Route.Settings)
            screens.jump(Route.Chat(ConversationId(5)))
            assertEquals(listOf(Route.Inbox, Route.Chat(ConversationId(5))), screens.stack.value.map { it.route })
            assertTrue(chat === screens.stack.value.last().screen)
        }

    @Test
    fun `a new chat takes the place of the screen that made it`() = runTest {
        val screens = screens()
        screens.open(Route.NewChat())
        (screens.stack.value.last().screen as NewChatScreen).start("xmpp:ben@relief.example")
        runCurrent()
        assertEquals("open xmpp:ben@relief.example", shell.accounts.messenger.asked.single())
        assertEquals(
            listOf(Route.Inbox, Route.Chat(ConversationId(FakeMessenger.CHAT))),
            screens.stack.value.map {
                it.route
            },
        )
    }

    @Test
    fun `a link waits until there is an account, and fills in the address before that`() = runTest {
        val door = FrontDoor(shell, backgroundScope)
        runCurrent()
        door.go(Route.NewChat("xmpp:ben@relief.example"))
        runCurrent()
        val signIn = (door.front.value as Front.SignIn).screen
        assertEquals("ben@relief.example", signIn.state.value.linked)
        signIn.signIn("ana@relief.example", "secret")
        runCurrent()
        val open = door.front.value as Front.Open
        assertTrue(open.screens.stack.value.last().route is Route.NewChat)
    }

    @Test
    fun `an account that can't be opened says so and can be tried again, and the place is not lost`() = runTest {
        shell.accounts.account.value = Account.Broken(FakeMessenger.failure(FailureCode.STORE_BUSY))
        val door = FrontDoor(shell, backgroundScope, listOf("inbox", "link"))
        runCurrent()
        assertEquals(FailureCode.STORE_BUSY, (door.front.value as Front.Broken).failure.code)
        assertFalse(Account.Broken(FakeMessenger.failure(FailureCode.STORE_BUSY)).failure.isForGood)
        door.reopen()
        assertEquals(1, shell.accounts.reopened)
        assertEquals(listOf("inbox", "link"), door.save())
        shell.accounts.account.value = Account.Open(shell.accounts.messenger)
        runCurrent()
        assertEquals(listOf("inbox", "link"), door.save())
    }

    @Test
    fun `what nothing will ever open can be put aside, and then one signs in`() = runTest {
        for (failure in KeyFailure.entries) {
            assertEquals(failure, KeyFailure.of(failure.failure()))
            assertEquals(!failure.transient, failure.failure().isForGood)
        }
        shell.accounts.account.value = Account.Broken(KeyFailure.LOST.failure())
        val door = FrontDoor(shell, backgroundScope)
        runCurrent()
        door.setAside()
        runCurrent()
        assertTrue(door.front.value is Front.SignIn)
    }
}
