package org.heliograph.android.state

import kotlinx.coroutines.flow.StateFlow

/** Light or dark. */
public enum class Brightness {
    /** As the phone has it. */
    SYSTEM,

    /** Always light. */
    LIGHT,

    /** Always dark. */
    DARK,
}

/** What the user wants of this app on this phone; nothing in it is secret. */
public data class Preferences(
    /** Light or dark. */
    val brightness: Brightness = Brightness.SYSTEM,
    /** Black on white or white on black, with outlines: for sunlight and weak eyes. */
    val highContrast: Boolean = false,
    /** Colours from the phone's wallpaper, where the phone offers them. */
    val dynamicColour: Boolean = true,
    /** The connection is kept while nobody looks, with a permanent notification. */
    val liveMode: Boolean = false,
    /** New messages are announced. */
    val notifications: Boolean = true,
    /** Announcements show who wrote and what. */
    val notificationText: Boolean = true,
)

/** Where [Preferences] are kept. The Android part of the app implements it and acts on them. */
public interface PreferenceShelf {
    /** As they are now; the defaults, until they were read. */
    public val preferences: StateFlow<Preferences>

    /** As they are, once they were read: for those who must not act on what the user did not choose. */
    public suspend fun read(): Preferences

    /** Changes them as they are then, which may be a moment later. */
    public fun change(change: (Preferences) -> Preferences)
}
