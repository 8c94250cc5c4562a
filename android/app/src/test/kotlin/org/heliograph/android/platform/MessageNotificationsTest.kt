package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import androidx.core.app.NotificationCompat
import androidx.core.content.pm.ShortcutManagerCompat
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.heliograph.AccountSender
import org.heliograph.Conversation
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.DeliveryState
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.Notification
import org.heliograph.Outcome
import org.heliograph.Security
import org.heliograph.android.state.Preferences
import org.heliograph.android.ui.MainActivity
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class MessageNotificationsTest {
    private val app = RuntimeEnvironment.getApplication()
    private val manager = app.service<NotificationManager>()
    private var preferences = Preferences()
    private var notifications = MessageNotifications(app) { preferences }

    init {
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    private fun message(row: Long, conversation: Long, text: String) = Message(
        row = MessageRow(row), conversation = ConversationId(conversation), id = "id-$row",
        sender = AccountSender("ben@example.org", "ben"), outgoing = false, security = Security.ENCRYPTED,
        // Only what is readable is announced.
        text = "\u202E$text", readable = text, sentAtMs = row, receivedAtMs = row, position = row,
        state = DeliveryState.ARCHIVED, failure = null, deliveredTo = 0u, displayedBy = 0u, revision = 1u,
    )

    private fun unread(conversation: Long, vararg texts: String, kind: ConversationKind = ConversationKind.GROUP) =
        Notification(
            conversation = Conversation(
                id = ConversationId(conversation), kind = kind, address = "team@rooms.example.org",
                name = "Bridge\u202e team",
                title = "Bridge team",
                security = Security.ENCRYPTED, state = ConversationState.ACTIVE, failure = null, mayWrite = true,
                mayChangeMembers = false,
                createdAtMs = 1,
                unread = texts.size.toULong(),
                lastActivityMs = 2,
                draft = "",
                draftLine = null,
                preview = null,
                revision = 1u,
            ),
            messages = texts.mapIndexed { index, text -> message(conversation * 100 + index, conversation, text) },
        )

    private fun show(vararg unread: Notification) = runBlocking {
        notifications.show(OWN) { Outcome.Done(unread.toList()) }
    }

    private fun dismiss(conversation: Long, newest: Long) = runBlocking {
        notifications.dismiss(ConversationId(conversation), MessageRow(newest))
    }

    private fun shown(conversation: Long) = shadowOf(manager).getNotification("$conversation", MessageNotifications.ID)

    @Test
    fun `a conversation is shown with its messages, its name, an answer and read`() {
        show(unread(7, "is the bridge open", "hello"))
        val notification = shown(7)
        val style = NotificationCompat.MessagingStyle.extractMessagingStyleFromNotification(notification)!!
        assertEquals(listOf("is the bridge open", "hello"), style.messages.map { it.text.toString() })
        assertEquals("ben", style.messages.first().person?.name)
        assertTrue(style.isGroupConversation)
        // A name can't turn the line around.
        assertEquals("Bridge team", style.conversationTitle)
        assertEquals("conversation-7", notification.shortcutId)
        assertEquals(listOf("Reply", "Mark as read"), notification.actions.map { it.title.toString() })
        assertEquals(NotificationReceiver.ANSWER, notification.actions.first().remoteInputs.single().resultKey)
        // On a locked screen nobody reads who wrote, and what.
        assertEquals(android.app.Notification.VISIBILITY_PRIVATE, notification.visibility)
        assertEquals("New messages", notification.publicVersion.extras.getString("android.title"))
    }

    @Test
    fun `what was read goes, and what is new stays beside it`() {
        show(unread(1, "a"), unread(2, "b"))
        assertNotNull(shadowOf(manager).getNotification(MessageNotifications.SUMMARY))
        show(unread(2, "b"))
        assertNull(shown(1))
        assertNotNull(shown(2))
        show()
        assertEquals(0, shadowOf(manager).size())
    }

    @Test
    fun `what was read while it was being drawn does not come back`() = runBlocking {
        val drawn = CompletableDeferred<Unit>()
        val earlier = launch(start = CoroutineStart.UNDISPATCHED) {
            notifications.show(OWN) { Outcome.Done(listOf(unread(1, "a"))).also { drawn.await() } }
        }
        val later = launch(start = CoroutineStart.UNDISPATCHED) {
            notifications.show(OWN) { Outcome.Done(emptyList()) }
        }
        drawn.complete(Unit)
        joinAll(earlier, later)
        assertNull(shown(1))
    }

    @Test
    fun `what is shown already makes no second sound`() {
        show(unread(1, "a"))
        val first = shown(1)
        show(unread(1, "a"))
        assertTrue(first === shown(1))
        show(unread(1, "a", "b"))
        assertTrue(first !== shown(1))
        assertEquals("what is new sounds", 0, shown(1).flags and ONCE)
        val all = shadowOf(manager).getNotification(MessageNotifications.SUMMARY)
        assertEquals(android.app.Notification.GROUP_ALERT_CHILDREN, all.groupAlertBehavior)
    }

    @Test
    fun `a touch opens the conversation, and each action is about it and what is shown of it`() {
        show(unread(7, "is the bridge open", "hello"))
        val touched = shadowOf(shown(7).contentIntent).savedIntent
        assertEquals(MainActivity::class.java.name, touched.component?.className)
        assertEquals(7, touched.getLongExtra(MainActivity.CONVERSATION, 0))
        val (answer, read) = shown(7).actions.map { shadowOf(it.actionIntent) }
        assertFalse("the system puts the answer in", answer.isImmutable)
        assertTrue(read.isImmutable)
        assertTrue("${answer.savedIntent}".contains(NotificationReceiver.ACTION_ANSWER))
        assertTrue("${read.savedIntent}".contains(NotificationReceiver.ACTION_READ))
        for (intent in listOf(answer.savedIntent, read.savedIntent)) {
            assertEquals(7, intent.getLongExtra(MessageNotifications.CONVERSATION, 0))
            assertEquals(701, intent.getLongExtra(MessageNotifications.NEWEST, 0))
        }
    }

    @Test
    fun `a conversation is offered to those who share something, by its name`() {
        show(unread(7, "hello"))
        val offered = ShortcutManagerCompat.getDynamicShortcuts(app).single()
        assertEquals("conversation-7" to "Bridge team", offered.id to "${offered.shortLabel}")
        assertTrue(MessageNotifications.SHARE_CATEGORY in offered.categories.orEmpty())
    }

    @Test
    fun `a chat of two is no group, and of a long text the beginning is shown`() {
        show(unread(7, "long ".repeat(1_000), kind = ConversationKind.DIRECT))
        val style = NotificationCompat.MessagingStyle.extractMessagingStyleFromNotification(shown(7))!!
        assertFalse(style.isGroupConversation)
        assertNull(style.conversationTitle)
        val text = "${style.messages.single().text}"
        assertTrue("${text.length}", text.startsWith("long long") && text.length <= 500)

        show(unread(8, "x".repeat(499) + "\uD83D\uDE00"))
        val cut = NotificationCompat.MessagingStyle.extractMessagingStyleFromNotification(shown(8))!!
        assertEquals("no half of a character", "x".repeat(499), "${cut.messages.single().text}")
    }

    @Test
    fun `what was put away comes back with a newer message only, and not with the next process`() {
        show(unread(1, "a"), unread(2, "b"))
        val intent = shadowOf(shown(1).deleteIntent).savedIntent
        assertEquals(NotificationReceiver::class.java.name, intent.component?.className)
        assertTrue(checkNotNull(intent.action).startsWith(NotificationReceiver.ACTION_DISMISSED))
        manager.cancel("1", MessageNotifications.ID)
        dismiss(
            intent.getLongExtra(MessageNotifications.CONVERSATION, 0),
            intent.getLongExtra(MessageNotifications.NEWEST, 0),
        )
        notifications = MessageNotifications(app) { preferences }
        show(unread(1, "a"), unread(2, "b"))
        assertNull(shown(1))
        assertNotNull(shown(2))
        show(unread(1, "a", "c"), unread(2, "b"))
        assertNotNull(shown(1))
        // Read meanwhile, and begun again: nothing is remembered of it.
        show()
        show(unread(1, "a"))
        assertNotNull(shown(1))
    }

    @Test
    fun `what was drawn again before the system told that it was put away goes, and what is newer stays`() {
        show(unread(1, "a"), unread(2, "b"))
        dismiss(1, newest = 100)
        assertNull(shown(1))
        show(unread(2, "b", "c"))
        dismiss(2, newest = 200)
        assertNotNull(shown(2))
        dismiss(2, newest = 201)
        assertEquals(0, shadowOf(manager).size())
    }

    @Test
    fun `the conversation that is looked at is not announced, and the others are`() {
        show(unread(1, "a"))
        notifications.lookedAt = ConversationId(1)
        show(unread(1, "a", "b"), unread(2, "c"))
        assertNull(shown(1))
        assertNotNull(shown(2))
    }

    @Test
    fun `a person who wants to be told no text is told none`() {
        show(unread(1, "secret"))
        preferences = Preferences(notificationText = false)
        show(unread(1, "secret"))
        val extras = shown(1).extras
        assertEquals("New messages", extras.getString("android.title"))
        val all = extras.toString()
        assertTrue("secret" !in all && "Bridge" !in all)
        assertTrue("nothing is new", shown(1).flags and ONCE != 0)
    }

    @Test
    fun `who denied notifications gets none, and loses those that were there`() {
        show(unread(1, "a"))
        shadowOf(manager).setNotificationsEnabled(false)
        show(unread(1, "a"), unread(2, "b"))
        assertEquals(0, shadowOf(manager).size())
    }

    private companion object {
        const val OWN = "ana@example.org"
        const val ONCE = android.app.Notification.FLAG_ONLY_ALERT_ONCE
    }
}
