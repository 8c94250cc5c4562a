package org.heliograph.android.ui

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.text.input.TextFieldLineLimits
import androidx.compose.foundation.text.input.clearText
import androidx.compose.foundation.text.input.rememberTextFieldState
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.remember
import androidx.compose.runtime.snapshotFlow
import androidx.compose.ui.Modifier
import androidx.compose.ui.focus.FocusRequester
import androidx.compose.ui.focus.focusRequester
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.AnnotatedString
import androidx.compose.ui.text.SpanStyle
import androidx.compose.ui.text.buildAnnotatedString
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import org.heliograph.android.R
import org.heliograph.android.state.Hit
import org.heliograph.android.state.Route
import org.heliograph.android.state.SearchState

/** Searching messages. The field is at the bottom, where the keyboard is. */
@Composable
internal fun SearchPane(
    state: SearchState,
    look: (String) -> Unit,
    open: (Route) -> Unit,
    back: () -> Unit,
    initial: String = "",
) {
    val query = rememberTextFieldState(initial)
    val focus = remember { FocusRequester() }
    LaunchedEffect(Unit) { if (initial.isEmpty()) focus.requestFocus() }
    LaunchedEffect(Unit) { snapshotFlow { query.text.toString() }.collect(look) }
    Page(
        title = state.within?.let { stringResource(R.string.search_within, it) } ?: stringResource(R.string.search),
        back = back,
        bottom = {
            OutlinedTextField(
                query,
                Modifier.fillMaxWidth().padding(12.dp).focusRequester(focus).testTag("query"),
                placeholder = { Text(stringResource(R.string.search_hint)) },
                leadingIcon = { Icon(Icons.search, null) },
                trailingIcon = {
                    if (query.text.isNotEmpty()) {
                        IconAction(Icons.close, stringResource(R.string.clear), { query.clearText() })
                    }
                },
                lineLimits = TextFieldLineLimits.SingleLine,
                shape = MaterialTheme.shapes.extraLarge,
            )
        },
    ) {
        Column(Modifier.fillMaxSize()) {
            if (state.busy) LinearProgressIndicator(Modifier.fillMaxWidth())
            FailureCard(state.failure, Modifier.padding(16.dp))
            val hits = state.hits
            when {
                hits == null -> if (state.failure == null) {
                    Empty(
                        Icons.search,
                        stringResource(R.string.search_start),
                        stringResource(R.string.search_start_text),
                    )
                }

                hits.isEmpty() ->
                    Empty(
                        Icons.search,
                        stringResource(R.string.search_empty),
                        stringResource(R.string.search_empty_text),
                    )

                else -> Hits(hits, state.more, open)
            }
        }
    }
}

@Composable
private fun Hits(hits: List<Hit>, more: Boolean, open: (Route) -> Unit) {
    val count = pluralStringResource(R.plurals.hits, hits.size, hits.size)
    LazyColumn(Modifier.fillMaxSize().testTag("hits")) {
        item {
            Text(
                if (more) stringResource(R.string.hits_more, hits.size) else count,
                Modifier.padding(16.dp).semantics { liveRegion = LiveRegionMode.Polite },
                style = MaterialTheme.typography.labelLarge,
            )
        }
        items(hits, key = { it.row.number }) { hit ->
            Column(
                Modifier.fillMaxWidth().clickable { open(Route.Chat(hit.conversation, hit.row)) }
                    .semantics(mergeDescendants = true) {}.heightIn(min = MAIN_TOUCH)
                    .padding(horizontal = 16.dp, vertical = 8.dp),
            ) {
                Row {
                    Text(
                        listOfNotNull(hit.title, hit.author?.takeIf { it != hit.title }).joinToString(" · "),
                        Modifier.weight(1f),
                        style = MaterialTheme.typography.titleSmall,
                        overflow = TextOverflow.Ellipsis,
                    )
                    Text(shortMoment(hit.sentAtMs), style = MaterialTheme.typography.labelMedium)
                }
                Text(
                    marked(hit),
                    style = MaterialTheme.typography.bodyMedium.copy(textDirection = TextDirection.Content),
                    maxLines = 3,
                    overflow = TextOverflow.Ellipsis,
                )
            }
            HorizontalDivider()
        }
    }
}

@Composable
private fun marked(hit: Hit): AnnotatedString {
    val colours = MaterialTheme.colorScheme
    return buildAnnotatedString {
        append(hit.text)
        for (mark in hit.marks) {
            addStyle(
                SpanStyle(
                    background = colours.tertiaryContainer,
                    color = colours.onTertiaryContainer,
                    fontWeight = FontWeight.Bold,
                ),
                mark.first,
                mark.last + 1,
            )
        }
    }
}
