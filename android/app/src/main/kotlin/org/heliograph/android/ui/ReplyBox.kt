package org.heliograph.android.ui

import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.foundation.text.input.setTextAndPlaceCursorAtEnd
import androidx.compose.material3.FilledIconButton
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.snapshotFlow
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.heliograph.ConversationState
import org.heliograph.Security
import org.heliograph.android.R
import org.heliograph.android.state.ChatHeader
import org.heliograph.android.state.ChatState

/** Where an answer is written. It begins with the draft; sending works without a connection, and says what happens then. */
@Composable
internal fun ReplyBox(state: ChatState, header: ChatHeader, events: ChatEvents) {
    val field = rememberTextFieldState(state.draft.orEmpty())
    EmptyWhenTaken(state.sent, field)
    FillWhenGiven(state.given, field, state.draft.orEmpty())
    LaunchedEffect(Unit) { snapshotFlow { field.text.toString() }.collect(events.typed) }
    LaunchedEffect(state.draft) {
        val draft = state.draft.orEmpty()
        if (field.text.isEmpty() && draft.isNotEmpty()) field.setTextAndPlaceCursorAtEnd(draft)
    }
    val isPlain = header.security == Security.PLAIN && header.state == ConversationState.ACTIVE
    val hint = stringResource(if (isPlain) R.string.reply_plain else R.string.reply_encrypted)
    Row(Modifier.fillMaxWidth().padding(horizontal = 12.dp, vertical = 8.dp), verticalAlignment = Alignment.Bottom) {
        OutlinedTextField(
            field,
            Modifier.weight(1f).heightIn(min = MAIN_TOUCH).testTag("reply"),
            label = null,
            placeholder = { Text(hint) },
            lineLimits = TextFieldLineLimits.MultiLine(1, MOST_LINES),
            textStyle = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Content),
            keyboardOptions = KeyboardOptions(capitalization = KeyboardCapitalization.Sentences),
            shape = MaterialTheme.shapes.extraLarge,
        )
        FilledIconButton(
            { events.send(field.text.toString()) },
            Modifier.padding(start = 8.dp).size(MAIN_TOUCH).testTag("send"),
            enabled = field.text.isNotBlank() && !state.sending,
        ) { Icon(Icons.send, stringResource(R.string.send)) }
    }
}

/** A longer text scrolls: the conversation must stay in sight. */
private const val MOST_LINES = 5
