package org.heliograph.android.ui

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.clearText
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.retain.retain
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.android.R
import org.heliograph.android.state.ServerPlace
import org.heliograph.android.state.SignInState

/** What the user does while signing in. */
internal class SignInEvents(
    val signIn: (String, String, ServerPlace?) -> Unit = { _, _, _ -> },
    val trust: () -> Unit = {},
    val cancel: () -> Unit = {},
)

/** Signing in. */
@Composable
internal fun SignInPane(state: SignInState, events: SignInEvents, expanded: Boolean = false) {
    val address = rememberTextFieldState()
    // Not saveable: a password has no place in what the system keeps of an activity. Kept while the phone is turned.
    val password = retain { TextFieldState() }
    val place = rememberPlace()
    var isExpanded by rememberSaveable { mutableStateOf(expanded) }
    TakeLink(state.linked, address)
    val certificate = state.certificate
    if (certificate != null) {
        CertificatePane(certificate, state.mayTrust, events)
        return
    }
    val canGo = address.text.isNotBlank() && password.text.isNotEmpty() && !state.busy
    val go = {
        if (canGo) events.signIn(address.text.toString(), password.text.toString(), place.value(isExpanded))
    }
    Page(
        title = stringResource(R.string.sign_in),
        back = null,
        bottom = {
            Column {
                if (state.busy) {
                    TextButton(events.cancel, Modifier.fillMaxWidth().heightIn(min = TOUCH)) {
                        Text(stringResource(R.string.cancel))
                    }
                }
                MainAction(stringResource(R.string.sign_in), go, Modifier.testTag("sign-in"), canGo, state.busy)
            }
        },
    ) {
        Sheet {
            Icon(Icons.sun, null, Modifier.size(48.dp), tint = MaterialTheme.colorScheme.tertiary)
            Text(stringResource(R.string.sign_in_text), style = MaterialTheme.typography.bodyLarge)
            Refusal(state.failure)
            AddressField(
                address,
                stringResource(R.string.address),
                Modifier.testTag("address"),
                stringResource(R.string.address_hint),
            )
            PasswordField(password, stringResource(R.string.password), Modifier.testTag("password"), go)
            TextButton({ isExpanded = !isExpanded }, Modifier.heightIn(min = TOUCH).testTag("server")) {
                Text(stringResource(if (isExpanded) R.string.server_automatic else R.string.server_by_hand))
            }
            if (isExpanded) PlaceFields(place)
        }
    }
}

/** Why it did not work. What is said of a refused password elsewhere, that it is set in the settings, is no help here. */
@Composable
private fun Refusal(failure: Failure?) {
    if (failure?.code == FailureCode.AUTHENTICATION_FAILED) {
        Notice(Icons.warning, stringResource(R.string.sign_in_refused), isBad = true)
    } else {
        FailureCard(failure)
    }
}

private class Place(val host: TextFieldState, val port: TextFieldState, val authority: TextFieldState) {
    fun value(isUsed: Boolean): ServerPlace? =
        if (isUsed) ServerPlace(host.text.toString(), port.text.toString(), authority.text.toString()) else null
}

@Composable
private fun rememberPlace(): Place {
    val host = rememberTextFieldState()
    val port = rememberTextFieldState()
    val authority = rememberTextFieldState()
    return remember { Place(host, port, authority) }
}

@Composable
private fun PlaceFields(place: Place) {
    Text(stringResource(R.string.server_text), style = MaterialTheme.typography.bodyMedium)
    AddressField(place.host, stringResource(R.string.host), Modifier.testTag("host"))
    OutlinedTextField(
        place.port,
        Modifier.fillMaxWidth().testTag("port"),
        label = { Text(stringResource(R.string.port)) },
        placeholder = { Text("5222") },
        lineLimits = TextFieldLineLimits.SingleLine,
        textStyle = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Ltr),
        keyboardOptions = KeyboardOptions(keyboardType = KeyboardType.Number),
    )
    OutlinedTextField(
        place.authority,
        Modifier.fillMaxWidth().testTag("authority"),
        label = { Text(stringResource(R.string.authority)) },
        placeholder = { Text("-----BEGIN CERTIFICATE-----") },
        lineLimits = TextFieldLineLimits.MultiLine(maxHeightInLines = 4),
        textStyle = MaterialTheme.typography.bodySmall.copy(fontFamily = FontFamily.Monospace),
    )
    if (place.authority.text.isNotEmpty()) {
        TextButton({ place.authority.clearText() }, Modifier.heightIn(min = TOUCH)) {
            Text(stringResource(R.string.clear))
        }
    }
}
