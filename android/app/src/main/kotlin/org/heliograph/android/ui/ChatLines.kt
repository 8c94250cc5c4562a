package org.heliograph.android.ui

import androidx.compose.foundation.combinedClickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.BoxWithConstraints
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.widthIn
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.platform.ClipEntry
import androidx.compose.ui.platform.LocalClipboard
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.clearAndSetSemantics
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.semantics.stateDescription
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import kotlinx.coroutines.launch
import org.heliograph.DeliveryState
import org.heliograph.Message
import org.heliograph.MessageRow
import org.heliograph.SeamKind
import org.heliograph.Security
import org.heliograph.android.R
import org.heliograph.android.state.ChatItem
import org.heliograph.name

/** The day of what follows. */
@Composable
internal fun DayLine(item: ChatItem.Day) {
    Text(
        dayName(item.date),
        Modifier.fillMaxWidth().padding(vertical = 12.dp).semantics { heading() },
        style = MaterialTheme.typography.labelLarge,
        color = MaterialTheme.colorScheme.onSurfaceVariant,
        textAlign = TextAlign.Center,
    )
}

/** Above what had not been read. */
@Composable
internal fun NewLine() {
    Row(
        Modifier.fillMaxWidth().padding(vertical = 8.dp).semantics(mergeDescendants = true) { heading() },
        verticalAlignment = Alignment.CenterVertically,
        horizontalArrangement = Arrangement.spacedBy(12.dp),
    ) {
        val colour = MaterialTheme.colorScheme.tertiary
        HorizontalDivider(Modifier.weight(1f), color = colour)
        Text(stringResource(R.string.new_from_here), color = colour, style = MaterialTheme.typography.labelLarge)
        HorizontalDivider(Modifier.weight(1f), color = colour)
    }
}

/** Messages are missing here: says so, and offers to fetch what can be had. */
@Composable
internal fun GapLine(item: ChatItem.Gap, loading: Boolean, load: () -> Unit) {
    Surface(
        Modifier.fillMaxWidth().padding(vertical = 8.dp).testTag("gap"),
        color = MaterialTheme.colorScheme.surfaceContainer,
        shape = MaterialTheme.shapes.medium,
        border = outline(),
    ) {
        Column(Modifier.padding(12.dp), horizontalAlignment = Alignment.CenterHorizontally) {
            Text(seamText(item.kind), style = MaterialTheme.typography.bodyMedium, textAlign = TextAlign.Center)
            if (item.kind == SeamKind.NOT_LOADED) {
                if (loading) {
                    CircularProgressIndicator(Modifier.padding(12.dp).size(24.dp), strokeWidth = 3.dp)
                } else {
                    SideAction(stringResource(R.string.load_older), load, Modifier.padding(top = 8.dp), Icons.down)
                }
            }
        }
    }
}

/**
 * One message. A screen reader takes it as one thing: who, what, when, how far. A touch on one of ours tells more, a long one
 * copies the text.
 */
@Composable
internal fun Bubble(item: ChatItem.Bubble, inEncrypted: Boolean, explain: (MessageRow) -> Unit) {
    val message = item.message
    val isOwn = message.outgoing
    val clipboard = LocalClipboard.current
    val scope = rememberCoroutineScope()
    val isPlainHere = inEncrypted && message.security == Security.PLAIN
    val spoken = spoken(item, isPlainHere)
    val state = if (isOwn) deliveryText(message.state) else null
    BoxWithConstraints(
        Modifier.fillMaxWidth().padding(top = if (item.first) 8.dp else 2.dp),
        contentAlignment = if (isOwn) Alignment.CenterEnd else Alignment.CenterStart,
    ) {
        Surface(
            Modifier.widthIn(max = minOf(maxWidth * WIDEST, MOST_WIDTH)).clip(shape(item)).combinedClickable(
                onClickLabel = if (isOwn) stringResource(R.string.delivery_details) else null,
                onLongClickLabel = stringResource(R.string.copy),
                onLongClick = {
                    scope.launch {
                        clipboard.setClipEntry(ClipEntry(android.content.ClipData.newPlainText("", message.readable)))
                    }
                },
                onClick = { if (isOwn) explain(message.row) },
            ).testTag("message").semantics {
                contentDescription = spoken
                if (state != null) stateDescription = state
            },
            color = bubbleColour(message),
            shape = shape(item),
            border = outline(),
        ) {
            Column(Modifier.clearAndSetSemantics {}.padding(horizontal = 12.dp, vertical = 8.dp)) {
                BubbleContent(item, isPlainHere)
            }
        }
    }
}

@Composable
private fun ColumnScope.BubbleContent(item: ChatItem.Bubble, isPlainHere: Boolean) {
    val message = item.message
    item.author?.let {
        Text(
            it,
            style = MaterialTheme.typography.labelLarge,
            fontWeight = FontWeight.Bold,
            color = MaterialTheme.colorScheme.primary,
        )
    }
    Text(
        message.readable,
        // As the text is written, not as the app is: Arabic in an English app goes from right to left.
        style = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Content),
    )
    if (isPlainHere) {
        Row(verticalAlignment = Alignment.CenterVertically) {
            Icon(Icons.open, null, Modifier.size(16.dp))
            Text(
                stringResource(R.string.not_encrypted),
                Modifier.padding(start = 4.dp),
                fontWeight = FontWeight.Bold,
                style = MaterialTheme.typography.labelMedium,
            )
        }
    }
    if (item.last) {
        FlowRow(Modifier.align(Alignment.End), horizontalArrangement = Arrangement.spacedBy(6.dp)) {
            Text(timeOfDay(message.sentAtMs), style = MaterialTheme.typography.labelMedium)
            if (message.outgoing) DeliveryLabel(message.state)
        }
    }
}

/** How far it has got; in words where the user may want to do something about it. */
@Composable
private fun DeliveryLabel(state: DeliveryState) {
    Row(verticalAlignment = Alignment.CenterVertically) {
        Icon(deliveryIcon(state), null, Modifier.padding(end = 4.dp).size(16.dp))
        val weight = if (state == DeliveryState.FAILED) FontWeight.Bold else null
        Text(deliveryText(state), fontWeight = weight, style = MaterialTheme.typography.labelMedium)
    }
}

@Composable
private fun spoken(item: ChatItem.Bubble, isPlainHere: Boolean): String {
    val who = if (item.message.outgoing) stringResource(R.string.you) else item.message.sender.name
    val time = timeOfDay(item.message.sentAtMs)
    val text = stringResource(R.string.spoken_message, who, item.message.readable, time)
    return if (isPlainHere) "$text ${stringResource(R.string.not_encrypted)}" else text
}

/** Whose it is; one that failed stands out in every theme. */
@Composable
private fun bubbleColour(message: Message): Color = when {
    message.state == DeliveryState.FAILED -> MaterialTheme.colorScheme.errorContainer
    message.outgoing -> MaterialTheme.colorScheme.primaryContainer
    else -> MaterialTheme.colorScheme.surfaceContainerHigh
}

/** Those that belong together look so. */
private fun shape(item: ChatItem.Bubble): RoundedCornerShape {
    val top = if (item.first) ROUND else JOINED
    val bottom = if (item.last) ROUND else JOINED
    return if (item.message.outgoing) {
        RoundedCornerShape(topStart = ROUND, topEnd = top, bottomEnd = bottom, bottomStart = ROUND)
    } else {
        RoundedCornerShape(topStart = top, topEnd = ROUND, bottomEnd = ROUND, bottomStart = bottom)
    }
}

private val ROUND = 18.dp
private val JOINED = 4.dp

/** Part of the width that a bubble takes at most: the free side shows who wrote. */
private const val WIDEST = 0.86f
