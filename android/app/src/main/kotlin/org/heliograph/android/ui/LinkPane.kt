package org.heliograph.android.ui

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clip
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.heliograph.Connection
import org.heliograph.ConnectionState
import org.heliograph.Push
import org.heliograph.PushState
import org.heliograph.SituationUsage
import org.heliograph.android.R
import org.heliograph.android.state.LinkState
import org.heliograph.android.state.line

/** The connection, and what it costs. */
@Composable
internal fun LinkPane(state: LinkState, reconnect: () -> Unit, refresh: () -> Unit, back: () -> Unit) {
    val connection = state.connection
    val mayTry = connection?.state == ConnectionState.WAITING || connection?.state == ConnectionState.STOPPED ||
        connection?.state == ConnectionState.SUSPENDED
    Page(
        title = stringResource(R.string.connection),
        back = back,
        actions = { IconAction(Icons.retry, stringResource(R.string.refresh), refresh) },
        bottom = if (mayTry) {
            (
                {
                    MainAction(stringResource(R.string.try_now), reconnect, Modifier.testTag("reconnect"))
                }
                )
        } else {
            null
        },
    ) {
        if (connection == null) {
            if (state.failure == null) Reading() else Sheet { FailureCard(state.failure) }
            return@Page
        }
        Sheet {
            FailureCard(state.failure)
            ConnectionFacts(connection, state)
            state.push?.let { PushFacts(it) }
            Costs(state)
        }
    }
}

@Composable
private fun ConnectionFacts(connection: Connection, state: LinkState) {
    val isBad = connection.state == ConnectionState.STOPPED
    Notice(if (isBad) Icons.warning else Icons.signal, connectionText(connection.line()), isBad = isBad)
    val failure = connection.failure
    if (failure != null && !isBad) Fact(stringResource(R.string.connection_why), failureText(failure.code))
    connection.retryAtMs?.let { Fact(stringResource(R.string.next_try), longMoment(it)) }
    Fact(stringResource(R.string.situation), situationText(connection.situation))
    state.nextCatchUpMs?.let { Fact(stringResource(R.string.next_wake), longMoment(it)) }
    if (connection.lacking.isNotEmpty()) {
        PartTitle(stringResource(R.string.lacking))
        for (code in connection.lacking) Text(failureText(code), style = MaterialTheme.typography.bodyMedium)
    }
}

@Composable
private fun PushFacts(push: Push) {
    val text = when (push.state) {
        PushState.OFF -> R.string.push_off
        PushState.STOPPING -> R.string.push_stopping
        PushState.PENDING -> R.string.push_pending
        PushState.ON -> R.string.push_on
        PushState.REFUSED -> R.string.push_refused
    }
    PartTitle(stringResource(R.string.push))
    Text(stringResource(text), style = MaterialTheme.typography.bodyLarge)
    push.failure?.let { Text(failureText(it.code), style = MaterialTheme.typography.bodyMedium) }
}

@Composable
private fun Costs(state: LinkState) {
    val usage = state.usage
    PartTitle(stringResource(R.string.costs))
    if (usage == null || usage.bySituation.isEmpty()) {
        Text(stringResource(R.string.costs_none), style = MaterialTheme.typography.bodyMedium)
    } else {
        Text(
            stringResource(R.string.costs_since, longMoment(usage.sinceMs)),
            style = MaterialTheme.typography.bodyMedium,
            color = MaterialTheme.colorScheme.onSurfaceVariant,
        )
        val most = usage.bySituation.maxOf { it.bytesUp + it.bytesDown }
        for (cost in usage.bySituation) CostLine(cost, most)
    }
    state.traffic?.let {
        Fact(
            stringResource(R.string.traffic_now),
            stringResource(R.string.traffic_value, bytesText(it.bytesUp), bytesText(it.bytesDown)),
        )
    }
}

/** One situation: how much came and went, how often the radio had to wake, and a bar to compare by. */
@Composable
private fun CostLine(cost: SituationUsage, most: ULong) {
    val all = cost.bytesUp + cost.bytesDown
    Column(Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}) {
        FlowRow(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.SpaceBetween) {
            Text(situationText(cost.situation), style = MaterialTheme.typography.bodyLarge)
            Text(bytesText(all), style = MaterialTheme.typography.bodyLarge)
        }
        val colours = MaterialTheme.colorScheme
        Box(
            Modifier.padding(vertical = 4.dp).fillMaxWidth().height(8.dp).clip(RoundedCornerShape(4.dp))
                .background(colours.surfaceContainerHighest),
        ) {
            val part = if (most == 0uL) 0f else (all.toDouble() / most.toDouble()).toFloat()
            Box(
                Modifier.fillMaxWidth(part.coerceAtLeast(LEAST_BAR)).height(8.dp).clip(RoundedCornerShape(4.dp))
                    .background(colours.tertiary),
            )
        }
        val wakes = cost.wakes.toInt()
        val connects = cost.connects.toInt()
        Text(
            listOf(
                durationText(cost.seconds),
                pluralStringResource(R.plurals.wakes, wakes, wakes),
                pluralStringResource(R.plurals.connects, connects, connects),
            ).joinToString(" · "),
            style = MaterialTheme.typography.bodySmall,
            color = colours.onSurfaceVariant,
        )
    }
}

@Composable
private fun durationText(seconds: ULong): String {
    val minutes = (seconds / SECONDS_A_MINUTE).toInt()
    val hours = minutes / MINUTES_AN_HOUR
    return when {
        minutes == 0 -> pluralStringResource(R.plurals.seconds, seconds.toInt(), seconds.toInt())
        hours == 0 -> pluralStringResource(R.plurals.minutes, minutes, minutes)
        else -> stringResource(R.string.hours_minutes, hours, minutes % MINUTES_AN_HOUR)
    }
}

/** A name and a value, one thing to a screen reader. */
@Composable
internal fun Fact(name: String, value: String) {
    Column(Modifier.fillMaxWidth().semantics(mergeDescendants = true) {}) {
        Text(name, style = MaterialTheme.typography.labelLarge, color = MaterialTheme.colorScheme.onSurfaceVariant)
        Text(value, style = MaterialTheme.typography.bodyLarge)
    }
}

private const val SECONDS_A_MINUTE = 60u
private const val MINUTES_AN_HOUR = 60

/** Something that cost a little is seen, too. */
private const val LEAST_BAR = 0.02f
