package org.heliograph.android.platform

import android.content.Context
import android.content.SharedPreferences
import androidx.core.content.edit
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.PreferenceShelf
import org.heliograph.android.state.Preferences

/** Keeps what the user wants of this app. Nothing in it is secret or about anybody. */
internal class Shelf(
    private val context: Context,
    private val scope: CoroutineScope,
    private val changed: (before: Preferences, now: Preferences) -> Unit,
) : PreferenceShelf {
    private val mutable = MutableStateFlow(Preferences())
    private val file: SharedPreferences by lazy { context.getSharedPreferences("preferences", Context.MODE_PRIVATE) }

    override val preferences: StateFlow<Preferences> = mutable.asStateFlow()

    /** Reads them from the disk, which the main thread does not wait for. */
    suspend fun read(): Preferences = withContext(Dispatchers.IO) {
        val default = Preferences()
        val read = Preferences(
            brightness = file.getString(BRIGHTNESS, null)?.let { name -> Brightness.entries.find { it.name == name } }
                ?: default.brightness,
            highContrast = file.getBoolean(HIGH_CONTRAST, default.highContrast),
            dynamicColour = file.getBoolean(DYNAMIC_COLOUR, default.dynamicColour),
            liveMode = file.getBoolean(LIVE_MODE, default.liveMode),
            notifications = file.getBoolean(NOTIFICATIONS, default.notifications),
            notificationText = file.getBoolean(NOTIFICATION_TEXT, default.notificationText),
        )
        read.also { mutable.value = it }
    }

    override fun change(preferences: Preferences) {
        val before = mutable.value
        mutable.value = preferences
        scope.launch { keep(preferences) }
        changed(before, preferences)
    }

    /** Writes them to the disk. */
    suspend fun keep(preferences: Preferences) = withContext(Dispatchers.IO) {
        file.edit {
            putString(BRIGHTNESS, preferences.brightness.name)
            putBoolean(HIGH_CONTRAST, preferences.highContrast)
            putBoolean(DYNAMIC_COLOUR, preferences.dynamicColour)
            putBoolean(LIVE_MODE, preferences.liveMode)
            putBoolean(NOTIFICATIONS, preferences.notifications)
            putBoolean(NOTIFICATION_TEXT, preferences.notificationText)
        }
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
