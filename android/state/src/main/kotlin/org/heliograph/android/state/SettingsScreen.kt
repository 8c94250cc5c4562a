package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import org.heliograph.Failure
import org.heliograph.Settings
import org.heliograph.getOrThrow

/** See [SettingsScreen]. */
public data class SettingsState(
    /** Our account. */
    val address: String,
    /** What it is called. */
    val name: String,
    /** The version of the core. */
    val version: String,
    /** What the user wants of this app. */
    val preferences: Preferences,
    /** What the core keeps; nothing while it is being read. */
    val settings: Settings? = null,
    /** The log, once it was asked for, until it is [taken][SettingsScreen.taken]. */
    val log: String? = null,
    /** The new password is being kept. */
    val busy: Boolean = false,
    /** How often the password was changed. */
    val passwordChanged: Int = 0,
    /** Why something did not work. */
    val failure: Failure? = null,
)

/** The settings. */
public class SettingsScreen(
    private val messenger: Messenger,
    private val accounts: Accounts,
    private val shelf: PreferenceShelf,
    parent: CoroutineScope,
) : Screen<SettingsState>(
    parent,
    SettingsState(messenger.address, messenger.name, accounts.version, shelf.preferences.value),
) {
    init {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            shelf.preferences.collect { preferences -> change { it.copy(preferences = preferences) } }
        }
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val settings = messenger.settings().getOrThrow()
            change { it.copy(settings = settings) }
        }
    }

    /** Changes the preferences. */
    public fun prefer(change: (Preferences) -> Preferences): Unit = shelf.change(change)

    /** Whether others learn that their messages were read. */
    public fun readReceipts(on: Boolean) {
        val settings = state.value.settings ?: return
        val changed = settings.copy(readReceipts = on)
        change { it.copy(settings = changed, failure = null) }
        attempt({ now, failure ->
            now.copy(settings = settings, failure = failure)
        }) { messenger.changeSettings(changed).getOrThrow() }
    }

    /** Replaces a password that the server refused. */
    public fun setPassword(password: String) {
        if (password.isEmpty() || state.value.busy) return
        change { it.copy(busy = true, failure = null) }
        attempt({ now, failure -> now.copy(busy = false, failure = failure) }) {
            messenger.setPassword(password).getOrThrow()
            change { it.copy(busy = false, passwordChanged = it.passwordChanged + 1) }
        }
    }

    /** Asks for the log. */
    public fun askForLog() {
        attempt({ now, failure -> now.copy(failure = failure) }) {
            val log = accounts.log().getOrThrow()
            change { it.copy(log = log) }
        }
    }

    /** The log was handed on. */
    public fun taken(): Unit = change { it.copy(log = null) }
}
