package org.heliograph.android.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.text.input.TextFieldState
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import org.heliograph.android.R
import org.heliograph.android.state.MembersState

/** Who is in a group. */
@Composable
internal fun MembersPane(state: MembersState, invite: (String) -> Unit, remove: (String) -> Unit, back: () -> Unit) {
    val address = rememberTextFieldState()
    var asked by rememberSaveable { mutableStateOf<String?>(null) }
    EmptyWhenTaken(state.invited, address)
    asked?.let { member ->
        val name = state.members?.firstOrNull { it.address == member }?.name ?: member
        RemoveQuestion(name, { asked = null }) {
            asked = null
            remove(member)
        }
    }
    Page(
        title = stringResource(R.string.members),
        back = back,
        subtitle = {
            Text(
                state.title,
                style = MaterialTheme.typography.labelLarge,
                color = MaterialTheme.colorScheme.onSurfaceVariant,
            )
        },
        bottom = if (state.mayChange) {
            { InviteAction(address, state.busy, invite) }
        } else {
            null
        },
    ) {
        val members = state.members
        if (members == null) {
            if (state.failure == null) Reading() else Sheet { FailureCard(state.failure) }
            return@Page
        }
        Sheet {
            FailureCard(state.failure)
            if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
            PartTitle(pluralStringResource(R.plurals.members, members.size, members.size))
            for (member in members) {
                val name = if (member.own) stringResource(R.string.member_you, member.name) else member.name
                PersonLine(member.address, name) {
                    if (state.mayChange && !member.own) {
                        IconAction(Icons.trash, stringResource(R.string.remove_member, name), {
                            asked = member.address
                        })
                    }
                }
            }
            if (state.mayChange) InvitePart(address, invite)
        }
    }
}

@Composable
private fun InviteAction(address: TextFieldState, busy: Boolean, invite: (String) -> Unit) {
    val isNamed = address.text.isNotBlank()
    MainAction(
        stringResource(R.string.invite),
        { if (isNamed) invite(address.text.toString()) },
        Modifier.testTag("invite"),
        isNamed,
        busy,
    )
}

@Composable
private fun InvitePart(address: TextFieldState, invite: (String) -> Unit) {
    PartTitle(stringResource(R.string.invite_somebody))
    AddressField(
        address,
        stringResource(R.string.address_or_link),
        Modifier.testTag("member"),
        stringResource(R.string.address_hint),
    ) { if (address.text.isNotBlank()) invite(address.text.toString()) }
}

@Composable
private fun RemoveQuestion(name: String, no: () -> Unit, yes: () -> Unit) {
    AlertDialog(
        onDismissRequest = no,
        title = { Text(stringResource(R.string.remove_question, name)) },
        text = { Text(stringResource(R.string.remove_text)) },
        confirmButton = {
            TextButton(yes, Modifier.heightIn(min = TOUCH).testTag("remove"), colors = destructive()) {
                Text(stringResource(R.string.remove))
            }
        },
        dismissButton = { TextButton(no, Modifier.heightIn(min = TOUCH)) { Text(stringResource(R.string.cancel)) } },
        modifier = Modifier.padding(16.dp),
    )
}
