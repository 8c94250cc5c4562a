package org.heliograph.android.platform

import kotlinx.coroutines.runBlocking
import org.heliograph.ConversationId
import org.heliograph.DeliveryState
import org.heliograph.conversation
import org.heliograph.getOrThrow
import org.heliograph.timeline
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** What the user does in a notification, by the very intents that it carries. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class NotificationReceiverTest {
    @get:Rule
    internal val phone = TestPhone()

    private suspend fun unread(id: ConversationId) =
        phone.account.awake { it.conversation(id).getOrThrow().unread }.getOrThrow()

    @Test
    fun `put away it stays away, and marked as read it is read here and for whoever wrote it`() = runBlocking {
        val open = phone.account.signIn(Server.account("tom"))
        open.online()
        val uma = phone.contact("uma")
        val chat = uma.chat("tom")
        phone.account.sleep(open)
        uma.writes(chat, "the well is dry")
        phone.account.catchUp(30.seconds).getOrThrow()
        val first = phone.shown.single()
        val id = ConversationId(first.tag.toLong())
        phone.swipe(first)
        mainUntil { DismissedNotifications(phone.app).has(id.number, newest = 1) }
        phone.account.catchUp(30.seconds).getOrThrow()
        assertEquals(emptyList<String>(), phone.shown.map { it.tag })
        assertEquals(1uL, unread(id))

        uma.writes(chat, "and so is the other")
        phone.account.catchUp(30.seconds).getOrThrow()
        phone.shown.single().notification.actions.single { it.title == "Mark as read" }.actionIntent.send()
        mainUntil { phone.shown.isEmpty() }
        assertEquals(0uL, unread(id))
        uma.client.timeline(chat).getOrThrow().use { timeline ->
            timeline.states.until { state ->
                state.messages.count { it.state == DeliveryState.DISPLAYED } == 2
            }
        }
        open.asleep()
        Unit
    }
}
