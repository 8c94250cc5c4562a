package org.heliograph.android.ui

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.AlertDialog
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
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import org.heliograph.Failure
import org.heliograph.android.R
import org.heliograph.android.state.isForGood

/** The database can't be opened: why, and the way on. */
@Composable
internal fun BrokenPane(failure: Failure, reopen: () -> Unit, setAside: () -> Unit) {
    var asked by rememberSaveable { mutableStateOf(false) }
    if (asked) {
        AsideQuestion({ asked = false }) {
            asked = false
            setAside()
        }
    }
    Page(
        title = stringResource(R.string.broken),
        back = null,
        bottom = { MainAction(stringResource(R.string.try_now), reopen, Modifier.testTag("reopen")) },
    ) {
        Sheet {
            FailureCard(failure)
            if (failure.isForGood) {
                Text(stringResource(R.string.aside_text), style = MaterialTheme.typography.bodyLarge)
                SideAction(
                    stringResource(R.string.aside),
                    { asked = true },
                    Modifier.fillMaxWidth().testTag("aside"),
                )
            }
        }
    }
}

@Composable
private fun AsideQuestion(no: () -> Unit, yes: () -> Unit) {
    AlertDialog(
        onDismissRequest = no,
        title = { Text(stringResource(R.string.aside_question)) },
        text = { Text(stringResource(R.string.aside_warning)) },
        confirmButton = {
            TextButton(yes, Modifier.heightIn(min = TOUCH).testTag("aside-yes"), colors = destructive()) {
                Text(stringResource(R.string.aside_yes))
            }
        },
        dismissButton = { TextButton(no, Modifier.heightIn(min = TOUCH)) { Text(stringResource(R.string.cancel)) } },
        modifier = Modifier.padding(16.dp),
    )
}
