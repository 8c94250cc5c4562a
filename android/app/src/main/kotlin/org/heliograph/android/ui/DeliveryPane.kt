package org.heliograph.android.ui

import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import org.heliograph.Delivery
import org.heliograph.DeliveryState
import org.heliograph.Recipient
import org.heliograph.Waiting
import org.heliograph.android.R
import org.heliograph.android.state.ConnectionLine
import org.heliograph.android.state.DeliveryScreenState

/** What the user does about a message. */
internal class DeliveryEvents(val sendAgain: () -> Unit = {}, val discard: () -> Unit = {})

/** Why was this not delivered? Or: who has it? */
@Composable
internal fun DeliveryPane(state: DeliveryScreenState, events: DeliveryEvents, back: () -> Unit) {
    LaunchedEffect(state.discarded) { if (state.discarded) back() }
    val delivery = state.delivery
    val isUnderWay = delivery?.message?.state.let { it != null && it < DeliveryState.ARCHIVED }
    val isFailed = delivery?.message?.state == DeliveryState.FAILED
    val title = if (isUnderWay || isFailed) R.string.delivery_why else R.string.delivery
    Page(
        title = stringResource(title),
        back = back,
        bottom = if (delivery != null && (delivery.maySendAgain || delivery.mayDiscard)) {
            { DeliveryActions(delivery, events) }
        } else {
            null
        },
    ) {
        if (delivery == null) {
            if (state.failure == null) Reading() else Sheet { FailureCard(state.failure) }
            return@Page
        }
        Sheet {
            FailureCard(state.failure)
            Surface(
                color = MaterialTheme.colorScheme.primaryContainer,
                shape = MaterialTheme.shapes.medium,
                border = outline(),
            ) {
                Text(
                    delivery.message.text,
                    Modifier.fillMaxWidth().padding(12.dp),
                    style = MaterialTheme.typography.bodyLarge.copy(textDirection = TextDirection.Content),
                    maxLines = 4,
                    overflow = TextOverflow.Ellipsis,
                )
            }
            Reason(delivery, state.line)
            Steps(delivery)
            if (delivery.recipients.isNotEmpty()) PartTitle(stringResource(R.string.recipients))
            for (recipient in delivery.recipients) RecipientLine(recipient)
        }
    }
}

@Composable
private fun DeliveryActions(delivery: Delivery, events: DeliveryEvents) {
    Column {
        if (delivery.mayDiscard) {
            TextButton(
                events.discard,
                Modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 4.dp).heightIn(min = TOUCH)
                    .testTag("discard"),
                colors = destructive(),
            ) { Text(stringResource(R.string.discard)) }
        }
        if (delivery.maySendAgain) {
            MainAction(
                stringResource(R.string.send_again),
                events.sendAgain,
                Modifier.testTag("again"),
            )
        }
    }
}

/** In one sentence what it waits for, or how it ended. */
@Composable
private fun Reason(delivery: Delivery, line: ConnectionLine) {
    val message = delivery.message
    val waiting = delivery.waitingFor
    if (message.state == DeliveryState.FAILED) {
        val failure = message.failure
        Notice(
            Icons.warning,
            if (failure == null) stringResource(R.string.waiting_failed) else failureText(failure.code),
            isBad = true,
        )
        return
    }
    val text = when (waiting) {
        Waiting.NETWORK -> stringResource(R.string.waiting_network)

        Waiting.CONNECTION -> stringResource(R.string.waiting_connection, connectionText(line))

        Waiting.CONVERSATION -> stringResource(R.string.waiting_conversation)

        Waiting.KEYS -> stringResource(R.string.waiting_keys)

        Waiting.SERVER -> stringResource(R.string.waiting_server)

        Waiting.RECIPIENTS -> stringResource(R.string.waiting_recipients)

        null -> stringResource(
            if (message.state == DeliveryState.DISPLAYED) R.string.waiting_displayed else R.string.waiting_nothing,
        )
    }
    Notice(if (waiting == null) Icons.checks else Icons.clock, text)
}

@Composable
private fun Steps(delivery: Delivery) {
    val state = delivery.message.state
    Column {
        Step(stringResource(R.string.step_kept), longMoment(delivery.queuedAtMs), true)
        val attempts = delivery.attempts.toInt()
        val tries = if (attempts > 1) pluralStringResource(R.plurals.attempts, attempts, attempts) else null
        Step(stringResource(R.string.step_sent), tries, state.isAtLeast(DeliveryState.SENT))
        Step(stringResource(R.string.step_archived), null, state.isAtLeast(DeliveryState.ARCHIVED))
        Step(stringResource(R.string.step_delivered), null, state.isAtLeast(DeliveryState.DELIVERED))
        Step(stringResource(R.string.step_displayed), null, state.isAtLeast(DeliveryState.DISPLAYED))
    }
}

private fun DeliveryState.isAtLeast(other: DeliveryState): Boolean = this != DeliveryState.FAILED && this >= other

@Composable
private fun Step(title: String, detail: String?, isDone: Boolean) {
    val colours = MaterialTheme.colorScheme
    Row(
        Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}.heightIn(min = 40.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        val spoken = stringResource(if (isDone) R.string.step_done else R.string.step_open)
        Icon(
            if (isDone) Icons.check else Icons.clock,
            spoken,
            Modifier.size(24.dp),
            tint = if (isDone) colours.primary else colours.onSurfaceVariant,
        )
        Column(Modifier.padding(start = 12.dp, top = 4.dp, bottom = 4.dp)) {
            Text(
                title,
                style = MaterialTheme.typography.bodyLarge,
                color = if (isDone) colours.onSurface else colours.onSurfaceVariant,
            )
            if (detail != null) {
                Text(detail, style = MaterialTheme.typography.bodySmall, color = colours.onSurfaceVariant)
            }
        }
    }
}

@Composable
private fun RecipientLine(recipient: Recipient) {
    val displayed = recipient.displayedAtMs
    val delivered = recipient.deliveredAtMs
    val text = when {
        displayed != null -> stringResource(R.string.recipient_displayed, longMoment(displayed))
        delivered != null -> stringResource(R.string.recipient_delivered, longMoment(delivered))
        else -> stringResource(R.string.recipient_unknown)
    }
    PersonLine(text, recipient.name)
}
