package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import kotlinx.coroutines.runBlocking
import org.heliograph.ConversationId
import org.heliograph.DeliveryState
import org.heliograph.conversation
import org.heliograph.getOrThrow
import org.heliograph.timeline
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** What the user does in a notification, by the very intents that it carries. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class NotificationReceiverTest {
    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val manager = app.service<NotificationManager>()
    private var contact: Contact? = null

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    @After
    fun end() = runBlocking {
        app.phoneAccount.shutdown()
        contact?.client?.shutdown()
        Unit
    }

    private fun shown() = manager.activeNotifications.filter { it.id == MessageNotifications.ID }

    private suspend fun unread(id: ConversationId) =
        app.phoneAccount.awake { it.conversation(id).getOrThrow().unread }.getOrThrow()

    @Test
    fun `marked as read, it is read here and for whoever wrote it, and nothing is left to be shown`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("tom"))
        open.online()
        val uma = Contact("uma", app.cacheDir).also { contact = it }
        val chat = uma.chat("tom")
        app.phoneAccount.sleep(open)
        uma.writes(chat, "the well is dry")
        app.phoneAccount.catchUp(30.seconds).getOrThrow()
        val notification = shown().single()
        val id = ConversationId(notification.tag.toLong())
        assertEquals(1uL, unread(id))

        val read = notification.notification.actions.single { it.title == "Mark as read" }
        read.actionIntent.send()
        mainUntil { shown().isEmpty() }
        assertEquals(0uL, unread(id))
        uma.client.timeline(chat).getOrThrow().use { timeline ->
            timeline.states.until { state -> state.messages.any { it.state == DeliveryState.DISPLAYED } }
        }
        open.asleep()
        Unit
    }
}
