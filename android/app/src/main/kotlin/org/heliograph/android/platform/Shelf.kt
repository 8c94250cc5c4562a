package org.heliograph.android.platform

import android.content.Context
import android.content.SharedPreferences
import androidx.core.content.edit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.PreferenceShelf
import org.heliograph.android.state.Preferences

/**
 * Keeps what the user wants of this app. Nothing in it is secret or about anybody.
 *
 * The main thread does not wait for the disk. What is changed before that was read is changed once it was, and changes
 * are kept in the order in which they were made.
 */
internal class Shelf(
    private val context: Context,
    scope: CoroutineScope,
    private val changed: (before: Preferences, now: Preferences) -> Unit,
) : PreferenceShelf {
    private val mutable = MutableStateFlow(Preferences())
    private val changes = Channel<(Preferences) -> Preferences>(Channel.UNLIMITED)
    private val isRead = CompletableDeferred<Unit>()
    private val file: SharedPreferences by lazy { context.getSharedPreferences("preferences", Context.MODE_PRIVATE) }

    override val preferences: StateFlow<Preferences> = mutable.asStateFlow()

    init {
        scope.launch(Dispatchers.IO) {
            mutable.value = stored()
            isRead.complete(Unit)
            for (change in changes) {
                val before = mutable.value
                val now = change(before)
                mutable.value = now
                store(now)
                changed(before, now)
            }
        }
    }

    override suspend fun read(): Preferences {
        isRead.await()
        return mutable.value
    }

    override fun change(change: (Preferences) -> Preferences) {
        changes.trySend(change)
    }

    private fun stored(): Preferences {
        val default = Preferences()
        return Preferences(
            brightness = file.getString(BRIGHTNESS, null)?.let { name -> Brightness.entries.find { it.name == name } }
                ?: default.brightness,
            highContrast = file.getBoolean(HIGH_CONTRAST, default.highContrast),
            dynamicColour = file.getBoolean(DYNAMIC_COLOUR, default.dynamicColour),
            liveMode = file.getBoolean(LIVE_MODE, default.liveMode),
            notifications = file.getBoolean(NOTIFICATIONS, default.notifications),
            notificationText = file.getBoolean(NOTIFICATION_TEXT, default.notificationText),
        )
    }

    private fun store(preferences: Preferences) = file.edit {
        putString(BRIGHTNESS, preferences.brightness.name)
        putBoolean(HIGH_CONTRAST, preferences.highContrast)
        putBoolean(DYNAMIC_COLOUR, preferences.dynamicColour)
        putBoolean(LIVE_MODE, preferences.liveMode)
        putBoolean(NOTIFICATIONS, preferences.notifications)
        putBoolean(NOTIFICATION_TEXT, preferences.notificationText)
    }

    private companion object {
        const val BRIGHTNESS = "brightness"
        const val HIGH_CONTRAST = "high-contrast"
        const val DYNAMIC_COLOUR = "dynamic-colour"
        const val LIVE_MODE = "live-mode"
        const val NOTIFICATIONS = "notifications"
        const val NOTIFICATION_TEXT = "notification-text"
    }
}
