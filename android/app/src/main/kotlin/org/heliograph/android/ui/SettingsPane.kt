package org.heliograph.android.ui

import android.content.Intent
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.clearText
import androidx.compose.material3.FilterChip
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import org.heliograph.android.R
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.Preferences
import org.heliograph.android.state.Route
import org.heliograph.android.state.SettingsState

/** What the user does in the settings. */
internal class SettingsEvents(
    val prefer: ((Preferences) -> Preferences) -> Unit = {},
    val readReceipts: (Boolean) -> Unit = {},
    val setPassword: (String) -> Unit = {},
    val askForLog: () -> Unit = {},
    val taken: () -> Unit = {},
)

/** The settings. */
@Composable
internal fun SettingsPane(state: SettingsState, events: SettingsEvents, open: (Route) -> Unit, back: () -> Unit) {
    ShareLog(state.log, events.taken)
    Page(title = stringResource(R.string.settings), back = back) {
        Sheet {
            FailureCard(state.failure)
            PartTitle(stringResource(R.string.account))
            PersonLine(state.address, state.name)
            SideAction(
                stringResource(R.string.own_code_show),
                { open(Route.OwnCode) },
                Modifier.fillMaxWidth(),
                Icons.code,
            )
            PasswordPart(state, events.setPassword)
            HorizontalDivider()
            DeliveryPart(state, events)
            HorizontalDivider()
            LookPart(state.preferences, events.prefer)
            HorizontalDivider()
            PartTitle(stringResource(R.string.help))
            Text(stringResource(R.string.log_text), style = MaterialTheme.typography.bodyMedium)
            SideAction(
                stringResource(R.string.log_share),
                events.askForLog,
                Modifier.fillMaxWidth().testTag("log"),
                Icons.share,
            )
            Fact(stringResource(R.string.version), state.version)
        }
    }
}

@Composable
private fun PasswordPart(state: SettingsState, setPassword: (String) -> Unit) {
    val password = remember { TextFieldState() }
    var isOpen by rememberSaveable { mutableStateOf(false) }
    LaunchedEffect(state.passwordChanged) {
        if (state.passwordChanged > 0) {
            password.clearText()
            isOpen = false
        }
    }
    if (state.passwordChanged > 0) Notice(Icons.check, stringResource(R.string.new_password_used))
    if (!isOpen) {
        SideAction(
            stringResource(R.string.new_password),
            { isOpen = true },
            Modifier.fillMaxWidth().testTag("open-password"),
            Icons.lock,
        )
        return
    }
    val go = { setPassword(password.text.toString()) }
    Text(stringResource(R.string.new_password_text), style = MaterialTheme.typography.bodyMedium)
    PasswordField(password, stringResource(R.string.new_password), Modifier.testTag("new-password"), go)
    SideAction(
        stringResource(R.string.new_password_use),
        go,
        Modifier.fillMaxWidth().testTag("use-password"),
        enabled = password.text.isNotEmpty() && !state.busy,
    )
}

@Composable
private fun DeliveryPart(state: SettingsState, events: SettingsEvents) {
    val preferences = state.preferences
    Column {
        PartTitle(stringResource(R.string.receiving))
        SwitchLine(
            stringResource(R.string.live_mode),
            stringResource(R.string.live_mode_text),
            preferences.liveMode,
        ) { wanted -> events.prefer { it.copy(liveMode = wanted) } }
        SwitchLine(
            stringResource(R.string.notifications),
            stringResource(R.string.notifications_text),
            preferences.notifications,
        ) { wanted -> events.prefer { it.copy(notifications = wanted) } }
        if (preferences.notifications) NotificationsRefused()
        SwitchLine(
            stringResource(R.string.notification_text),
            stringResource(R.string.notification_text_text),
            preferences.notificationText,
            enabled = preferences.notifications,
        ) { wanted -> events.prefer { it.copy(notificationText = wanted) } }
        SwitchLine(
            stringResource(R.string.read_receipts),
            stringResource(R.string.read_receipts_text),
            state.settings?.readReceipts == true,
            enabled = state.settings != null,
            change = events.readReceipts,
        )
    }
}

@Composable
private fun LookPart(preferences: Preferences, prefer: ((Preferences) -> Preferences) -> Unit) {
    Column {
        PartTitle(stringResource(R.string.look))
        FlowRow(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.spacedBy(8.dp)) {
            for (brightness in Brightness.entries) {
                FilterChip(
                    preferences.brightness == brightness,
                    { prefer { it.copy(brightness = brightness) } },
                    { Text(stringResource(brightnessText(brightness))) },
                    Modifier.heightIn(min = TOUCH),
                )
            }
        }
        SwitchLine(
            stringResource(R.string.high_contrast),
            stringResource(R.string.high_contrast_text),
            preferences.highContrast,
        ) { wanted -> prefer { it.copy(highContrast = wanted) } }
        SwitchLine(
            stringResource(R.string.dynamic_colour),
            null,
            preferences.dynamicColour,
            enabled = !preferences.highContrast,
        ) { wanted -> prefer { it.copy(dynamicColour = wanted) } }
    }
}

private fun brightnessText(brightness: Brightness): Int = when (brightness) {
    Brightness.SYSTEM -> R.string.brightness_system
    Brightness.LIGHT -> R.string.brightness_light
    Brightness.DARK -> R.string.brightness_dark
}

/** Hands the log to another app, once it is there. */
@Composable
private fun ShareLog(log: String?, taken: () -> Unit) {
    val context = LocalContext.current
    val title = stringResource(R.string.log_share)
    LaunchedEffect(log) {
        if (log == null) return@LaunchedEffect
        val send = Intent(Intent.ACTION_SEND).setType("text/plain")
            .putExtra(Intent.EXTRA_SUBJECT, "Heliograph").putExtra(Intent.EXTRA_TEXT, log.takeLast(MOST_SHARED))
        context.startActivity(Intent.createChooser(send, title))
        taken()
    }
}

/** An intent passes through a buffer of 1 MB that all apps share, and a character takes two bytes. */
private const val MOST_SHARED = 200_000
