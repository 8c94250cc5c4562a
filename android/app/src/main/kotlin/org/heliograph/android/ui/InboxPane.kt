package org.heliograph.android.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.Badge
import androidx.compose.material3.Button
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.SpanStyle
import androidx.compose.ui.text.buildAnnotatedString
import androidx.compose.ui.text.font.FontStyle
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.text.withStyle
import androidx.compose.ui.unit.dp
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.DeliveryState
import org.heliograph.Security
import org.heliograph.android.R
import org.heliograph.android.state.Glimpse
import org.heliograph.android.state.InboxRow
import org.heliograph.android.state.InboxState
import org.heliograph.android.state.Route

/** All conversations. */
@Composable
internal fun InboxPane(state: InboxState, open: (Route) -> Unit, reconnect: () -> Unit) {
    Page(
        title = stringResource(R.string.inbox),
        back = null,
        actions = {
            IconAction(Icons.search, stringResource(R.string.search), { open(Route.Search()) })
            IconAction(Icons.signal, stringResource(R.string.connection), { open(Route.Link) })
            IconAction(Icons.settings, stringResource(R.string.settings), { open(Route.Settings) })
        },
        bottom = { NewActions(open) },
    ) {
        Column(Modifier.fillMaxSize()) {
            ConnectionBar(state.line, open, reconnect)
            FailureCard(state.failure, Modifier.padding(16.dp))
            val rows = state.rows
            when {
                rows == null -> if (state.failure == null) Reading()

                rows.isEmpty() ->
                    Empty(Icons.sun, stringResource(R.string.inbox_empty), stringResource(R.string.inbox_empty_text))

                else -> LazyColumn(Modifier.fillMaxSize().testTag("inbox")) {
                    items(rows, key = { it.id.number }) { row ->
                        InboxLine(row, { open(Route.Chat(row.id)) }, Modifier.animateItem())
                        if (LocalHighContrast.current) HorizontalDivider()
                    }
                }
            }
        }
    }
}

@Composable
private fun NewActions(open: (Route) -> Unit) {
    Row(Modifier.fillMaxWidth().padding(16.dp), horizontalArrangement = Arrangement.spacedBy(12.dp)) {
        SideAction(
            stringResource(R.string.new_group),
            { open(Route.NewGroup) },
            Modifier.weight(1f).heightIn(min = MAIN_TOUCH),
            Icons.people,
        )
        Button({ open(Route.NewChat()) }, Modifier.weight(1f).heightIn(min = MAIN_TOUCH)) {
            Icon(Icons.add, null, Modifier.padding(end = 8.dp).size(20.dp))
            Text(stringResource(R.string.new_chat))
        }
    }
}

@Composable
private fun InboxLine(row: InboxRow, open: () -> Unit, modifier: Modifier) {
    Row(
        modifier.fillMaxWidth().clickable(onClick = open).semantics(mergeDescendants = true) {}
            .heightIn(min = 72.dp).padding(horizontal = 16.dp, vertical = 10.dp),
        verticalAlignment = Alignment.CenterVertically,
    ) {
        Face(row.title, if (row.kind == ConversationKind.DIRECT) null else Icons.people)
        Column(Modifier.weight(1f).padding(start = 16.dp)) {
            Row(verticalAlignment = Alignment.CenterVertically) {
                Text(
                    row.title,
                    Modifier.weight(1f, fill = false),
                    style = MaterialTheme.typography.titleMedium,
                    fontWeight = if (row.unread > 0u) FontWeight.Bold else FontWeight.Normal,
                    maxLines = 1,
                    overflow = TextOverflow.Ellipsis,
                )
                if (row.security == Security.PLAIN && row.state != ConversationState.PREPARING) {
                    Icon(
                        Icons.open,
                        stringResource(R.string.not_encrypted),
                        Modifier.padding(start = 6.dp).size(16.dp),
                        tint = MaterialTheme.colorScheme.error,
                    )
                }
            }
            GlimpseLine(row)
        }
        Column(
            Modifier.padding(start = 12.dp),
            horizontalAlignment = Alignment.End,
            verticalArrangement = Arrangement.spacedBy(4.dp),
        ) {
            row.atMs?.let { Text(shortMoment(it), style = MaterialTheme.typography.labelMedium) }
            if (row.unread > 0u) UnreadBadge(row.unread)
        }
    }
}

@Composable
private fun UnreadBadge(unread: ULong) {
    val spoken = pluralStringResource(R.plurals.unread, unread.toInt(), unread.toInt())
    Badge(
        Modifier.semantics { contentDescription = spoken },
        containerColor = MaterialTheme.colorScheme.primary,
        contentColor = MaterialTheme.colorScheme.onPrimary,
    ) {
        Text(
            if (unread > MOST_COUNTED) "${number(MOST_COUNTED)}+" else number(unread),
            Modifier.padding(horizontal = 4.dp, vertical = 2.dp),
            style = MaterialTheme.typography.labelMedium,
        )
    }
}

@Composable
private fun GlimpseLine(row: InboxRow) {
    val colours = MaterialTheme.colorScheme
    Row(verticalAlignment = Alignment.CenterVertically) {
        val last = row.glimpse as? Glimpse.Last
        last?.state?.let { DeliveryMark(it, Modifier.padding(end = 4.dp)) }
        val text = when (val glimpse = row.glimpse) {
            Glimpse.Nothing -> buildAnnotatedString { append(row.address) }

            is Glimpse.Draft -> buildAnnotatedString {
                withStyle(SpanStyle(color = colours.tertiary, fontWeight = FontWeight.Bold)) {
                    append(stringResource(R.string.draft))
                }
                append(" ")
                withStyle(SpanStyle(fontStyle = FontStyle.Italic)) { append(glimpse.text) }
            }

            is Glimpse.Last -> buildAnnotatedString {
                glimpse.author?.let { append("\u2068$it\u2069: ") }
                append(glimpse.text)
            }
        }
        val state = when (row.state) {
            ConversationState.PREPARING -> stringResource(R.string.chat_preparing_short)
            ConversationState.LEFT -> stringResource(R.string.chat_left_short)
            ConversationState.FAILED -> stringResource(R.string.chat_failed_short)
            ConversationState.ACTIVE -> null
        }
        Text(
            if (state != null && row.glimpse is Glimpse.Nothing) buildAnnotatedString { append(state) } else text,
            style = MaterialTheme.typography.bodyMedium.copy(textDirection = TextDirection.Content),
            color = if (row.unread > 0u) colours.onSurface else colours.onSurfaceVariant,
            maxLines = 2,
            overflow = TextOverflow.Ellipsis,
        )
    }
}

/** How far a message of ours has got, as an icon that says so. */
@Composable
internal fun DeliveryMark(state: DeliveryState, modifier: Modifier = Modifier) {
    val tint = when (state) {
        DeliveryState.FAILED -> MaterialTheme.colorScheme.error
        else -> MaterialTheme.colorScheme.onSurfaceVariant
    }
    Icon(deliveryIcon(state), deliveryText(state), modifier.size(18.dp), tint = tint)
}

/** More unread messages than this are of no interest one by one, and take room. */
private const val MOST_COUNTED = 999uL
