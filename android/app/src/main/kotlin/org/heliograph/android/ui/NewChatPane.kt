package org.heliograph.android.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.foundation.text.input.setTextAndPlaceCursorAtEnd
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalClipboard
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import kotlinx.coroutines.launch
import org.heliograph.android.R
import org.heliograph.android.state.NewChatState
import org.heliograph.android.state.Route

/** Starting a chat by address or link. Codes are scanned by the phone's camera app, which opens the link here. */
@Composable
internal fun NewChatPane(state: NewChatState, start: (String) -> Unit, open: (Route) -> Unit, back: () -> Unit) {
    val address = rememberTextFieldState()
    TakeLink(state.linked, address)
    val go = { if (address.text.isNotBlank()) start(address.text.toString()) }
    val clipboard = LocalClipboard.current
    val scope = rememberCoroutineScope()
    Page(
        title = stringResource(R.string.new_chat),
        back = back,
        bottom = {
            MainAction(
                stringResource(R.string.start_chat),
                go,
                Modifier.testTag("start"),
                address.text.isNotBlank(),
                state.busy,
            )
        },
    ) {
        Sheet {
            FailureCard(state.failure)
            AddressField(
                address,
                stringResource(R.string.address_or_link),
                Modifier.testTag("address"),
                stringResource(R.string.address_hint),
                go,
            )
            SideAction(
                stringResource(R.string.paste),
                {
                    scope.launch {
                        val clip = clipboard.getClipEntry()?.clipData?.takeIf { it.itemCount > 0 }
                        clip?.getItemAt(0)?.text?.let { address.setTextAndPlaceCursorAtEnd(it.toString()) }
                    }
                },
                Modifier.fillMaxWidth(),
                Icons.copy,
            )
            Text(stringResource(R.string.new_chat_text), style = MaterialTheme.typography.bodyMedium)
            SideAction(
                stringResource(R.string.own_code_show),
                { open(Route.OwnCode) },
                Modifier.fillMaxWidth(),
                Icons.code,
            )
        }
    }
}
