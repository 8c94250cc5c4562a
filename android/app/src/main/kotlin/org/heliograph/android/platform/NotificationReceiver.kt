package org.heliograph.android.platform

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import androidx.core.app.RemoteInput
import org.heliograph.ConversationId
import org.heliograph.MessageRow
import org.heliograph.markRead
import org.heliograph.reply
import kotlin.time.Duration.Companion.seconds

/**
 * What the user does with a notification: answers, marks as read, or puts it away. All of it is stored before anything
 * goes over the network.
 */
internal class NotificationReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val conversation = ConversationId(intent.getLongExtra(MessageNotifications.CONVERSATION, 0))
        val newest = MessageRow(intent.getLongExtra(MessageNotifications.NEWEST, 0))
        val answer = RemoteInput.getResultsFromIntent(intent)?.getCharSequence(ANSWER)?.toString()
        val isAnswer = intent.action?.startsWith(ACTION_ANSWER) == true
        val isDismissed = intent.action?.startsWith(ACTION_DISMISSED) == true
        if (conversation.number == 0L || (isAnswer && answer.isNullOrBlank())) return
        later(context) { app ->
            if (isDismissed) {
                app.notifications.dismiss(conversation, newest)
            } else {
                act(app.phoneAccount, app.notifications, conversation, newest, answer.takeIf { isAnswer })
            }
        }
    }

    internal companion object {
        const val ACTION_ANSWER = "org.heliograph.android.ANSWER"
        const val ACTION_READ = "org.heliograph.android.READ"
        const val ACTION_DISMISSED = "org.heliograph.android.DISMISSED"

        /** The key of the answer's text. */
        const val ANSWER = "answer"

        /** A broadcast may take ten seconds; what is not sent by then goes with the next connection. */
        private val SENDING = 7.seconds

        /** Queues the answer, or marks as read if there is none; shows what is left unread; then sends. */
        suspend fun act(
            account: PhoneAccount,
            notifications: MessageNotifications,
            conversation: ConversationId,
            newest: MessageRow,
            answer: String?,
        ) {
            account.awake { client ->
                if (answer == null) {
                    client.markRead(conversation, newest)
                } else {
                    client.reply(conversation, newest, answer)
                }
                notifications.show(client)
                client.catchUp(SENDING)
            }
        }
    }
}
