package org.heliograph.android.ui

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.KeyboardActionHandler
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.TextObfuscationMode
import androidx.compose.foundation.text.input.clearText
import androidx.compose.foundation.text.input.setTextAndPlaceCursorAtEnd
import androidx.compose.material3.Icon
import androidx.compose.material3.IconToggleButton
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedSecureTextField
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.heliograph.android.R

/** Where an address or a link is typed: from left to right in every language, without corrections. */
@Composable
internal fun AddressField(
    field: TextFieldState,
    label: String,
    modifier: Modifier = Modifier,
    hint: String = "",
    done: (() -> Unit)? = null,
) {
    OutlinedTextField(
        field,
        modifier.fillMaxWidth(),
        label = { Text(label) },
        placeholder = { Text(hint) },
        lineLimits = TextFieldLineLimits.SingleLine,
        textStyle = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Ltr),
        keyboardOptions = KeyboardOptions(
            capitalization = KeyboardCapitalization.None,
            autoCorrectEnabled = false,
            keyboardType = KeyboardType.Email,
            imeAction = if (done == null) ImeAction.Next else ImeAction.Done,
        ),
        onKeyboardAction = done?.let { KeyboardActionHandler { _ -> it() } },
    )
}

/** Puts what a link brought into [field], once: what the user makes of it outlives a rotation. */
@Composable
internal fun TakeLink(linked: String?, field: TextFieldState) {
    var taken by rememberSaveable { mutableStateOf<String?>(null) }
    LaunchedEffect(linked) {
        if (linked == null || linked == taken) return@LaunchedEffect
        field.setTextAndPlaceCursorAtEnd(linked)
        taken = linked
    }
}

/** Empties [field] when [count], of what was taken from it, has grown; not when the phone is turned. */
@Composable
internal fun EmptyWhenTaken(count: Int, field: TextFieldState) = WhenGrown(count) { field.clearText() }

/** Fills [field] when [count], of texts that came from elsewhere, has grown; not when the phone is turned. */
@Composable
internal fun FillWhenGiven(count: Int, field: TextFieldState, text: String) =
    WhenGrown(count) { field.setTextAndPlaceCursorAtEnd(text) }

@Composable
private fun WhenGrown(count: Int, act: () -> Unit) {
    var seen by rememberSaveable { mutableIntStateOf(count) }
    LaunchedEffect(count) {
        if (count > seen) act()
        // In a new process it begins again with nothing.
        seen = count
    }
}

/** Where a password is typed. It may be looked at: on a phone, outdoors, mistyping is likelier than spying. */
@Composable
internal fun PasswordField(field: TextFieldState, label: String, modifier: Modifier = Modifier, done: () -> Unit) {
    var isShown by remember { mutableStateOf(false) }
    OutlinedSecureTextField(
        field,
        modifier.fillMaxWidth(),
        label = { Text(label) },
        textObfuscationMode = if (isShown) TextObfuscationMode.Visible else TextObfuscationMode.RevealLastTyped,
        keyboardOptions = KeyboardOptions(keyboardType = KeyboardType.Password, imeAction = ImeAction.Done),
        onKeyboardAction = { done() },
        trailingIcon = {
            IconToggleButton(isShown, { isShown = it }) {
                Icon(Icons.eye, stringResource(if (isShown) R.string.hide_password else R.string.show_password))
            }
        },
    )
}

/** Something that is on or off. The whole line is the switch. */
@Composable
internal fun SwitchLine(
    title: String,
    text: String?,
    isOn: Boolean,
    enabled: Boolean = true,
    change: (Boolean) -> Unit,
) {
    Row(
        Modifier.fillMaxWidth().toggleable(
            isOn,
            enabled,
            Role.Switch,
            onValueChange = change,
        ).heightIn(min = MAIN_TOUCH)
            .padding(vertical = 8.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Column(Modifier.weight(1f).padding(end = 16.dp)) {
            Text(title, style = MaterialTheme.typography.bodyLarge)
            if (text != null) {
                Text(
                    text,
                    style = MaterialTheme.typography.bodyMedium,
                    color = MaterialTheme.colorScheme.onSurfaceVariant,
                )
            }
        }
        Switch(isOn, onCheckedChange = null, enabled = enabled)
    }
}
