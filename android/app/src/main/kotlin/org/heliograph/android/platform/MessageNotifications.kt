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
import org.heliograph.ConversationId
import org.heliograph.ConversationKind
import org.heliograph.Heliograph
import org.heliograph.Message
import org.heliograph.MessageRow
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
internal class MessageNotifications(private val context: Context, private val preferences: suspend () -> Preferences) {
    private val manager = NotificationManagerCompat.from(context)

    private val dismissed = DismissedNotifications(context)

    /** One at a time: what is unread is compared with what is there. */
    private val drawing = Mutex()

    /** The conversation that the user looks at: its messages are seen as they come, and announced to nobody. */
    @Volatile
    var lookedAt: ConversationId? = null

    /** Shows what is unread now. */
    suspend fun show(client: Heliograph) = show(client.address) { client.notifications(LINES) }

    /**
     * Shows what [read] finds unread. It is read in turn, too: whoever reads earlier and draws later would bring back
     * what has been read since.
     */
    internal suspend fun show(ownAddress: String, read: suspend () -> Outcome<List<Notification>>) = drawing.withLock {
        val unread = read()
        if (unread is Outcome.Done) draw(unread.value, ownAddress, preferences())
    }

    // Lint does not see that the permission is asked for. Whoever takes it back in between makes `notify` do nothing.
    @SuppressLint("MissingPermission")
    private fun draw(unread: List<Notification>, ownAddress: String, preferences: Preferences) {
        // The user may have denied it to the app, or in the app.
        if (!manager.areNotificationsEnabled() || !preferences.notifications) return manager.take(shownNow().keys)
        manager.createNotificationChannel(channel())
        val shown = shownNow()
        val wanted = unread.filter(::isNews)
        dismissed.keepOnly(unread.map { it.conversation.id.number }.toSet())
        manager.take(shown.keys - wanted.map { it.tag }.toSet())
        for (conversation in wanted) {
            val now = Shown(conversation.newest, preferences.notificationText)
            // Said again it would sound again.
            if (shown[conversation.tag] == now) continue
            val isNewer = shown[conversation.tag]?.newest != now.newest
            val drawn = if (now.text) whole(conversation, ownAddress, isNewer) else withheld(conversation, isNewer)
            manager.notify(conversation.tag, ID, drawn)
        }
        if (wanted.isEmpty()) manager.cancel(SUMMARY) else manager.notify(SUMMARY, summary(wanted))
    }

    private fun isNews(unread: Notification): Boolean =
        unread.conversation.id != lookedAt && !dismissed.has(unread.conversation.id.number, unread.newest)

    /**
     * The user has put away the notification of this conversation up to the message in this row. It may have been drawn
     * again since.
     */
    suspend fun dismiss(conversation: ConversationId, newest: MessageRow) = drawing.withLock {
        dismissed.add(conversation.number, newest.number)
        val tag = "${conversation.number}"
        if (shownNow()[tag]?.newest == newest.number) manager.take(setOf(tag))
    }

    /** What a notification shows: up to which message, and whether its text. */
    private data class Shown(val newest: Long, val text: Boolean)

    /** The conversations that are shown. */
    private fun shownNow(): Map<String, Shown> = manager.activeNotifications
        .filter { it.id == ID && it.tag != null }
        .associate { it.tag to it.notification.extras.run { Shown(getLong(NEWEST), getBoolean(HAS_TEXT)) } }

    private fun NotificationManagerCompat.take(tags: Collection<String>) {
        tags.forEach { cancel(it, ID) }
        if (tags.isNotEmpty() && shownNow().keys.all { it in tags }) cancel(SUMMARY)
    }

    private fun whole(unread: Notification, ownAddress: String, isNewer: Boolean): android.app.Notification {
        val conversation = unread.conversation
        val title = conversation.title
        val isGroup = conversation.kind != ConversationKind.DIRECT
        val style = NotificationCompat.MessagingStyle(person(context.getString(R.string.notification_me), ownAddress))
        if (isGroup) style.setConversationTitle(title).setGroupConversation(true)
        for (message in unread.messages) {
            style.addMessage(
                // Half a character would be shown as a box.
                message.readable.take(TEXT).dropLastWhile { it.isHighSurrogate() },
                message.sentAtMs,
                person(message.sender),
            )
        }
        val shortcut = shortcut(conversation.id.number, title, unread.messages.last())
        ShortcutManagerCompat.pushDynamicShortcut(context, shortcut)
        return announcement(unread, isNewer)
            .setStyle(style)
            .setShortcutId(shortcut.id)
            .setLocusId(LocusIdCompat(shortcut.id))
            .setWhen(unread.messages.last().receivedAtMs)
            .setShowWhen(true)
            .addAction(answer(conversation.id.number, unread.newest))
            .addAction(read(conversation.id.number, unread.newest))
            .addExtras(Bundle().apply { putBoolean(HAS_TEXT, true) })
            .build()
    }

    /** For those who want to be told that there is something, and not what. */
    private fun withheld(unread: Notification, isNewer: Boolean): android.app.Notification =
        announcement(unread, isNewer).setContentTitle(context.getString(R.string.notification_withheld)).build()

    /** What all notifications of conversations have; only what is [newer][isNewer] than what is shown makes a sound. */
    private fun announcement(unread: Notification, isNewer: Boolean): NotificationCompat.Builder = builder()
        .setNumber(unread.conversation.unread.toInt())
        .setContentIntent(open(unread.conversation.id.number))
        .setDeleteIntent(
            told(NotificationReceiver.ACTION_DISMISSED, unread.conversation.id.number, unread.newest, mutable = false),
        )
        .setOnlyAlertOnce(!isNewer)
        .addExtras(Bundle().apply { putLong(NEWEST, unread.newest) })

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

        /** Extra: whether a notification shows who wrote what. */
        private const val HAS_TEXT = "org.heliograph.text"

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

private val Notification.tag: String get() = conversation.id.number.toString()

private fun person(sender: Sender): Person = when (sender) {
    is AccountSender -> person(sender.name, sender.address)
    is OccupantSender -> person(sender.name, "occupant:${sender.nick}")
}

private fun person(name: String, key: String): Person = Person.Builder().setName(name).setKey(key).build()
