package org.heliograph.android.platform

import android.content.Context
import androidx.core.content.edit

/**
 * Which conversations' notifications the user has put away without reading. They come back with a newer message, and
 * not each time the app wakes. Touches a file: not for the main thread.
 */
internal class DismissedNotifications(private val context: Context) {
    private val file by lazy { context.getSharedPreferences("dismissed-notifications", Context.MODE_PRIVATE) }

    /** The notification of [conversation] up to the message in row [newest] was put away. */
    fun add(conversation: Long, newest: Long) = file.edit { putLong("$conversation", newest) }

    /** Whether that is so. */
    fun has(conversation: Long, newest: Long): Boolean = file.getLong("$conversation", 0) >= newest

    /** Forgets about conversations that have nothing unread any more. */
    fun keepOnly(conversations: Set<Long>) {
        val gone = file.all.keys.filterNot { it.toLongOrNull() in conversations }
        if (gone.isNotEmpty()) file.edit { gone.forEach(::remove) }
    }
}
