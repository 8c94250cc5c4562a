package org.heliograph.android.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.material3.ButtonDefaults
import androidx.compose.material3.Icon
import androidx.compose.material3.LocalContentColor
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import org.heliograph.FailureCode
import org.heliograph.android.R
import org.heliograph.android.state.ConnectionLine
import org.heliograph.android.state.Route

/** How the connection is, in one sentence. */
@Composable
internal fun connectionText(line: ConnectionLine): String = when (line) {
    ConnectionLine.Fine -> stringResource(R.string.connection_fine)

    ConnectionLine.NoNetwork -> stringResource(R.string.connection_no_network)

    ConnectionLine.Connecting -> stringResource(R.string.connection_connecting)

    ConnectionLine.Fetching -> stringResource(R.string.connection_fetching)

    ConnectionLine.Unanswered -> stringResource(R.string.connection_unanswered)

    ConnectionLine.Resting -> stringResource(R.string.connection_resting)

    is ConnectionLine.Waiting -> {
        val at = line.retryAtMs
        if (at == null) {
            stringResource(R.string.connection_waiting)
        } else {
            stringResource(R.string.connection_waiting_until, timeOfDay(at))
        }
    }

    is ConnectionLine.Stopped -> line.code?.let { failureText(it) } ?: stringResource(R.string.connection_stopped)
}

/**
 * How the connection is, if there is something to say. A touch opens the whole truth; a button does what may help: try again,
 * or give the new password. Read out when it changes.
 */
@Composable
internal fun ConnectionBar(line: ConnectionLine, open: (Route) -> Unit, reconnect: () -> Unit) {
    if (line == ConnectionLine.Fine) return
    val isBad = line is ConnectionLine.Stopped
    val needsPassword = line is ConnectionLine.Stopped && line.code == FailureCode.AUTHENTICATION_FAILED
    val colours = MaterialTheme.colorScheme
    Surface(
        color = if (isBad) colours.errorContainer else colours.tertiaryContainer,
        contentColor = if (isBad) colours.onErrorContainer else colours.onTertiaryContainer,
        border = outline(),
    ) {
        // Side by side, or one above the other where the text is large.
        FlowRow(
            Modifier.fillMaxWidth().testTag("connection").heightIn(min = TOUCH)
                .clickable(onClickLabel = stringResource(R.string.connection_details)) { open(Route.Link) }
                .semantics { liveRegion = LiveRegionMode.Polite }.padding(start = 16.dp, end = 4.dp),
            horizontalArrangement = Arrangement.End,
            itemVerticalAlignment = Alignment.CenterVertically,
        ) {
            Row(Modifier.weight(1f).widthIn(min = LEAST_LINE), verticalAlignment = Alignment.CenterVertically) {
                Icon(if (isBad) Icons.warning else Icons.signal, null, Modifier.size(20.dp))
                Text(
                    connectionText(line),
                    Modifier.weight(1f).padding(horizontal = 12.dp, vertical = 8.dp),
                    style = MaterialTheme.typography.bodyMedium,
                )
            }
            if (needsPassword) {
                BarAction(stringResource(R.string.new_password)) { open(Route.Settings) }
            } else if (line is ConnectionLine.Waiting || isBad) {
                BarAction(stringResource(R.string.try_now), reconnect)
            }
        }
    }
}

@Composable
private fun BarAction(text: String, onClick: () -> Unit) {
    TextButton(
        onClick,
        Modifier.heightIn(min = TOUCH),
        colors = ButtonDefaults.textButtonColors(contentColor = LocalContentColor.current),
    ) { Text(text, fontWeight = FontWeight.Bold) }
}

/** A sentence in less than this is a tower of words. */
private val LEAST_LINE = 240.dp
