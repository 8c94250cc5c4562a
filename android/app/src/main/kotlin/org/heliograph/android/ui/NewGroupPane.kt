package org.heliograph.android.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.unit.dp
import org.heliograph.android.R
import org.heliograph.android.state.NewGroupState

/** What the user does while making a group. */
internal class NewGroupEvents(
    val add: (String) -> Unit = {},
    val drop: (String) -> Unit = {},
    val restore: (List<String>) -> Unit = {},
    val create: (String) -> Unit = {},
)

/** Making a group. */
@Composable
internal fun NewGroupPane(state: NewGroupState, events: NewGroupEvents, back: () -> Unit) {
    val name = rememberTextFieldState()
    val address = rememberTextFieldState()
    var chosen by rememberSaveable { mutableStateOf(emptyList<String>()) }
    LaunchedEffect(Unit) { if (state.chosen.isEmpty() && chosen.isNotEmpty()) events.restore(chosen) }
    LaunchedEffect(state.chosen) {
        if (state.chosen.isNotEmpty() || chosen.size == 1) chosen = state.chosen.map { it.address }
    }
    EmptyWhenTaken(state.added, address)
    val canGo = name.text.isNotBlank() && state.chosen.isNotEmpty()
    Page(
        title = stringResource(R.string.new_group),
        back = back,
        bottom = {
            MainAction(
                stringResource(R.string.create_group),
                { events.create(name.text.toString()) },
                Modifier.testTag("create"),
                canGo,
                state.busy,
            )
        },
    ) {
        Sheet {
            FailureCard(state.failure)
            OutlinedTextField(
                name,
                Modifier.fillMaxWidth().testTag("group-name"),
                label = { Text(stringResource(R.string.group_name)) },
                lineLimits = TextFieldLineLimits.SingleLine,
                keyboardOptions = KeyboardOptions(capitalization = KeyboardCapitalization.Sentences),
            )
            PartTitle(stringResource(R.string.members))
            for (member in state.chosen) {
                PersonLine(member.address, member.name) {
                    IconAction(Icons.close, stringResource(R.string.drop_member, member.name), {
                        events.drop(member.address)
                    })
                }
            }
            InviteField(address, events.add)
            if (state.known.isNotEmpty()) PartTitle(stringResource(R.string.known_contacts))
            for (contact in state.known) {
                PersonLine(contact.address, contact.name, Modifier.clickable { events.add(contact.address) }) {
                    Icon(Icons.add, stringResource(R.string.add_member), Modifier.padding(12.dp))
                }
            }
            Text(
                stringResource(R.string.new_group_text),
                style = MaterialTheme.typography.bodyMedium,
                color = MaterialTheme.colorScheme.onSurfaceVariant,
            )
        }
    }
}

/** Where the address of somebody to add is typed. */
@Composable
internal fun InviteField(address: androidx.compose.foundation.text.input.TextFieldState, add: (String) -> Unit) {
    val go = { if (address.text.isNotBlank()) add(address.text.toString()) }
    Row(verticalAlignment = Alignment.CenterVertically) {
        AddressField(
            address,
            stringResource(R.string.address_or_link),
            Modifier.weight(1f).testTag("member"),
            stringResource(R.string.address_hint),
            go,
        )
        IconAction(Icons.add, stringResource(R.string.add_member), go, Modifier.padding(start = 8.dp).testTag("add"))
    }
}

/** Somebody, with what can be done. */
@Composable
internal fun PersonLine(
    address: String,
    name: String,
    modifier: Modifier = Modifier,
    action: @Composable () -> Unit = {},
) {
    Row(modifier.fillMaxWidth().heightIn(min = MAIN_TOUCH), verticalAlignment = Alignment.CenterVertically) {
        Face(name)
        androidx.compose.foundation.layout.Column(Modifier.weight(1f).padding(horizontal = 12.dp)) {
            Text(name, style = MaterialTheme.typography.bodyLarge)
            Text(
                address,
                style = MaterialTheme.typography.bodySmall,
                color = MaterialTheme.colorScheme.onSurfaceVariant,
            )
        }
        action()
    }
}
