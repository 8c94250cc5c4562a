package org.heliograph.android.platform

import android.annotation.SuppressLint
import android.app.PendingIntent
import android.content.Context
import android.content.Intent
import android.os.Bundle
import androidx.core.app.NotificationChannelCompat
import androidx.core.app.NotificationCompat
import androidx.core.app.NotificationManagerCompat
import androidx.core.app.Person
import androidx.core.app.RemoteInput
import androidx.core.content.LocusIdCompat
import androidx.core.content.pm.ShortcutInfoCompat
import androidx.core.content.pm.ShortcutManagerCompat
import androidx.core.graphics.drawable.IconCompat
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.heliograph.AccountSender
import org.heliograph.ConversationKind
import org.heliograph.Heliograph
import org.heliograph.Message
import org.heliograph.Notification
import org.heliograph.OccupantSender
import org.heliograph.Outcome
import org.heliograph.Sender
import org.heliograph.android.R
import org.heliograph.android.state.Preferences
import org.heliograph.notifications

/**
 * Unread messages as notifications in the style of a conversation, one for each, with an answer and "read" in place.
 *
 * What is unread is the core's to say; here it is only drawn. What has been read, here or on another device, goes.
 */
internal class MessageNotifications(private val context: Context, private val preferences: () -> Preferences) {
    private val manager = NotificationManagerCompat.from(context)

    /** One at a time: what is shown is compared with what is there. */
    private val drawing = Mutex()

    /** Whether anything is shown: the user may have denied it to the app, or in the app. */
    val allowed: Boolean get() = manager.areNotificationsEnabled() && preferences().notifications

    /** Shows what is unread now. */
    suspend fun show(client: Heliograph) {
        val unread = client.notifications(LINES)
        if (unread is Outcome.Done) draw(unread.value, client.address)
    }

    // Lint does not see that `allowed` asks for the permission. Whoever takes it back in between makes `notify` do
    // nothing.
    @SuppressLint("MissingPermission")
    internal suspend fun draw(unread: List<Notification>, ownAddress: String) = drawing.withLock {
        if (!allowed) return@withLock manager.take(shownNow().keys)
        manager.createNotificationChannel(channel())
        val shown = shownNow()
        manager.take(shown.keys - unread.map { it.conversation.id.number.toString() }.toSet())
        for (conversation in unread) {
            val tag = conversation.conversation.id.number.toString()
            // Said again it would sound again.
            if (shown[tag] == conversation.newest) continue
            manager.notify(tag, ID, notification(conversation, ownAddress))
        }
        if (unread.isEmpty()) manager.cancel(SUMMARY) else manager.notify(SUMMARY, summary(unread))
    }

    /** The conversations that are shown, each with the row of its newest message. */
    private fun shownNow(): Map<String, Long> = manager.activeNotifications
        .filter { it.id == ID && it.tag != null }
        .associate { it.tag to it.notification.extras.getLong(NEWEST) }

    private fun NotificationManagerCompat.take(tags: Collection<String>) {
        tags.forEach { cancel(it, ID) }
        if (tags.isNotEmpty() && shownNow().keys.all { it in tags }) cancel(SUMMARY)
    }

    private fun notification(unread: Notification, ownAddress: String): android.app.Notification {
        val conversation = unread.conversation
        if (!preferences().notificationText) return withheld(unread)
        val title = conversation.title
        val isGroup = conversation.kind != ConversationKind.DIRECT
        val style = NotificationCompat.MessagingStyle(person(context.getString(R.string.notification_me), ownAddress))
        if (isGroup) style.setConversationTitle(title).setGroupConversation(true)
        for (message in unread.messages) {
            style.addMessage(
                message.text.take(TEXT),
                message.sentAtMs,
                person(message.sender),
            )
        }
        val shortcut = shortcut(conversation.id.number, title, unread.messages.last())
        ShortcutManagerCompat.pushDynamicShortcut(context, shortcut)
        return builder()
            .setStyle(style)
            .setShortcutId(shortcut.id)
            .setLocusId(LocusIdCompat(shortcut.id))
            .setWhen(unread.messages.last().receivedAtMs)
            .setShowWhen(true)
            .setNumber(conversation.unread.toInt())
            .setContentIntent(open(conversation.id.number))
            .addAction(answer(conversation.id.number, unread.newest))
            .addAction(read(conversation.id.number, unread.newest))
            .addExtras(Bundle().apply { putLong(NEWEST, unread.newest) })
            .build()
    }

    /** For those who want to be told that there is something, and not what. */
    private fun withheld(unread: Notification): android.app.Notification = builder()
        .setContentTitle(context.getString(R.string.notification_withheld))
        .setNumber(unread.conversation.unread.toInt())
        .setContentIntent(open(unread.conversation.id.number))
        .addExtras(Bundle().apply { putLong(NEWEST, unread.newest) })
        .build()

    /** The one that stands for all where the system folds them up; it makes no sound of its own. */
    private fun summary(unread: List<Notification>): android.app.Notification = builder()
        .setGroupSummary(true)
        .setNumber(unread.sumOf { it.conversation.unread }.toInt())
        .setContentIntent(open(conversation = 0))
        .build()

    private fun builder(): NotificationCompat.Builder {
        val withheld = NotificationCompat.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.notification_icon)
            .setContentTitle(context.getString(R.string.notification_withheld))
            .build()
        return NotificationCompat.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.notification_icon)
            .setCategory(NotificationCompat.CATEGORY_MESSAGE)
            .setGroup(GROUP)
            .setGroupAlertBehavior(NotificationCompat.GROUP_ALERT_CHILDREN)
            .setAutoCancel(true)
            // Who wrote, and what, is for those who can unlock the phone.
            .setVisibility(NotificationCompat.VISIBILITY_PRIVATE)
            .setPublicVersion(withheld)
    }

    private fun shortcut(conversation: Long, title: String, newest: Message): ShortcutInfoCompat =
        ShortcutInfoCompat.Builder(context, shortcutId(conversation))
            .setLongLived(true)
            .setShortLabel(title)
            .setIcon(IconCompat.createWithResource(context, R.drawable.app_icon))
            .setPerson(person(newest.sender))
            .setLocusId(LocusIdCompat(shortcutId(conversation)))
            .setCategories(setOf(SHARE_CATEGORY))
            .setIntent(openIntent(conversation).setAction(Intent.ACTION_VIEW))
            .build()

    private fun openIntent(conversation: Long): Intent = Intent()
        .setClassName(context, MAIN_ACTIVITY)
        .putExtra(CONVERSATION, conversation)
        .addFlags(Intent.FLAG_ACTIVITY_NEW_TASK or Intent.FLAG_ACTIVITY_CLEAR_TOP)

    private fun open(conversation: Long): PendingIntent = PendingIntent.getActivity(
        context,
        conversation.toInt(),
        openIntent(conversation).setAction("$ACTION_OPEN.$conversation"),
        PendingIntent.FLAG_UPDATE_CURRENT or PendingIntent.FLAG_IMMUTABLE,
    )

    private fun answer(conversation: Long, newest: Long): NotificationCompat.Action {
        val input = RemoteInput.Builder(NotificationReceiver.ANSWER)
            .setLabel(context.getString(R.string.notification_reply))
            .build()
        // Mutable: the system puts the answer in.
        val intent = told(NotificationReceiver.ACTION_ANSWER, conversation, newest, mutable = true)
        return NotificationCompat.Action.Builder(null, context.getString(R.string.notification_reply), intent)
            .addRemoteInput(input)
            .setAllowGeneratedReplies(false)
            .setSemanticAction(NotificationCompat.Action.SEMANTIC_ACTION_REPLY)
            .setShowsUserInterface(false)
            .build()
    }

    private fun read(conversation: Long, newest: Long): NotificationCompat.Action {
        val intent = told(NotificationReceiver.ACTION_READ, conversation, newest, mutable = false)
        return NotificationCompat.Action.Builder(null, context.getString(R.string.notification_mark_read), intent)
            .setSemanticAction(NotificationCompat.Action.SEMANTIC_ACTION_MARK_AS_READ)
            .setShowsUserInterface(false)
            .build()
    }

    private fun told(action: String, conversation: Long, newest: Long, mutable: Boolean): PendingIntent {
        val intent = Intent(context, NotificationReceiver::class.java)
            .setAction("$action.$conversation")
            .putExtra(CONVERSATION, conversation)
            .putExtra(NEWEST, newest)
        val change = if (mutable) PendingIntentMutability.MUTABLE else PendingIntent.FLAG_IMMUTABLE
        return PendingIntent.getBroadcast(context, 0, intent, PendingIntent.FLAG_UPDATE_CURRENT or change)
    }

    private fun channel(): NotificationChannelCompat =
        NotificationChannelCompat.Builder(CHANNEL, NotificationManagerCompat.IMPORTANCE_HIGH)
            .setName(context.getString(R.string.channel_messages))
            .setVibrationEnabled(true)
            .build()

    internal companion object {
        /** The channel of messages. */
        const val CHANNEL = "messages"

        /** Extra: the number of a conversation. Also the name under which the app's screens look for it. */
        const val CONVERSATION = "org.heliograph.conversation"

        /** Extra: the row of the newest message that a notification shows. */
        const val NEWEST = "org.heliograph.newest"

        /** What the notifications of conversations are numbered; the tag tells them apart. */
        const val ID = 1

        /** The number of the notification that stands for all. */
        const val SUMMARY = 2

        /** The category by which the system offers conversations to those who share something. */
        const val SHARE_CATEGORY = "org.heliograph.android.category.CONVERSATION"

        /** Messages of a conversation that are shown: what fits on a screen that is not unlocked. */
        private const val LINES = 7

        /** Characters of a message that are shown; the system cuts earlier, but carries all that it is given. */
        private const val TEXT = 500

        private const val GROUP = "org.heliograph.messages"
        private const val ACTION_OPEN = "org.heliograph.android.OPEN"
        private const val MAIN_ACTIVITY = "org.heliograph.android.ui.MainActivity"

        /** What a conversation is called towards the system. */
        fun shortcutId(conversation: Long): String = "conversation-$conversation"
    }
}

private val Notification.newest: Long get() = messages.last().row.number

private fun person(sender: Sender): Person = when (sender) {
    is AccountSender -> person(sender.name, sender.address)
    is OccupantSender -> person(sender.name, "occupant:${sender.nick}")
}

private fun person(name: String, key: String): Person = Person.Builder().setName(name).setKey(key).build()
