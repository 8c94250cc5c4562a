package org.heliograph.android.ui

import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListState
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.SmallFloatingActionButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.derivedStateOf
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.snapshotFlow
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.pluralStringResource
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.lifecycle.Lifecycle
import androidx.lifecycle.compose.LifecycleEventEffect
import androidx.lifecycle.compose.LocalLifecycleOwner
import androidx.lifecycle.repeatOnLifecycle
import kotlinx.coroutines.launch
import org.heliograph.ConversationKind
import org.heliograph.ConversationState
import org.heliograph.MessageRow
import org.heliograph.Security
import org.heliograph.Unreadable
import org.heliograph.android.R
import org.heliograph.android.state.ChatHeader
import org.heliograph.android.state.ChatItem
import org.heliograph.android.state.ChatState
import org.heliograph.android.state.Route

/** What the user does in a conversation. */
internal class ChatEvents(
    val send: (String) -> Unit = {},
    val typed: (String) -> Unit = {},
    val keepDraft: () -> Unit = {},
    val seen: (MessageRow) -> Unit = {},
    val readEarlier: () -> Unit = {},
    val loadOlder: () -> Unit = {},
    val shown: () -> Unit = {},
    val reconnect: () -> Unit = {},
    val dismiss: () -> Unit = {},
)

/** One conversation. */
@Composable
internal fun ChatPane(
    state: ChatState,
    route: Route.Chat,
    events: ChatEvents,
    open: (Route) -> Unit,
    back: () -> Unit,
) {
    LifecycleEventEffect(Lifecycle.Event.ON_STOP) { events.keepDraft() }
    val header = state.header
    Page(
        title = header?.title ?: stringResource(R.string.chat),
        back = back,
        subtitle = header?.let { { SecurityLine(it) } },
        actions = {
            IconAction(Icons.search, stringResource(R.string.search_here), { open(Route.Search(route.conversation)) })
            if (header?.kind == ConversationKind.GROUP) {
                IconAction(Icons.people, stringResource(R.string.members), { open(Route.Members(route.conversation)) })
            }
        },
        bottom = {
            when {
                header == null || state.draft == null -> Unit
                header.mayWrite -> ReplyBox(state, header, events)
                else -> Closed(header)
            }
        },
    ) {
        Column(Modifier.fillMaxSize()) {
            ConnectionBar(state.line, open, events.reconnect)
            FailureCard(state.failure, Modifier.padding(horizontal = 16.dp, vertical = 4.dp), events.dismiss)
            val items = state.items
            when {
                items == null -> if (state.failure == null) Reading()

                items.isEmpty() && state.unreadable.isEmpty() ->
                    Empty(Icons.sun, stringResource(R.string.chat_empty), stringResource(R.string.chat_empty_text))

                else -> MessageList(items, state, events, open)
            }
        }
    }
}

/** Whether what is written here is encrypted, in words: a lock alone says nothing to most people. */
@Composable
private fun SecurityLine(header: ChatHeader) {
    val isPlain = header.security == Security.PLAIN
    val isPreparing = header.state == ConversationState.PREPARING
    val colour = when {
        isPreparing -> MaterialTheme.colorScheme.onSurfaceVariant
        isPlain -> MaterialTheme.colorScheme.error
        else -> MaterialTheme.colorScheme.primary
    }
    Row(Modifier.semantics(mergeDescendants = true) {}, verticalAlignment = Alignment.CenterVertically) {
        val icon = when {
            isPreparing -> Icons.clock
            isPlain -> Icons.open
            else -> Icons.lock
        }
        Icon(icon, null, Modifier.padding(end = 4.dp).size(16.dp), tint = colour)
        val text = when {
            isPreparing -> R.string.chat_preparing
            isPlain -> R.string.not_encrypted_long
            else -> R.string.encrypted_long
        }
        Text(stringResource(text), color = colour, style = MaterialTheme.typography.labelLarge)
    }
}

/** Where one would answer, why that can't be done. */
@Composable
private fun Closed(header: ChatHeader) {
    val isFailed = header.state == ConversationState.FAILED
    val text = when {
        !isFailed -> stringResource(R.string.chat_left)
        else -> header.failure?.let { failureText(it.code) } ?: stringResource(R.string.chat_failed)
    }
    Notice(Icons.warning, text, Modifier.padding(16.dp), isBad = isFailed)
}

/** How many messages are missing because they can't be read. */
@Composable
private fun UnreadableLine(unreadable: Unreadable) {
    val count = unreadable.messages.toInt()
    Notice(
        Icons.lock,
        pluralStringResource(unreadablePlural(unreadable.reason), count, count),
        Modifier.padding(top = 8.dp),
    )
}

@Composable
private fun MessageList(items: List<ChatItem>, state: ChatState, events: ChatEvents, open: (Route) -> Unit) {
    val list = rememberLazyListState()
    // The list is drawn from its bottom, so that the newest stays where it is while older ones come in.
    val upwards = remember(items) { items.asReversed() }
    LaunchedEffect(state.target) {
        val index = upwards.indexOfFirst { it is ChatItem.Bubble && it.message.row == state.target }
        if (index >= 0) {
            list.scrollToItem(index + state.unreadable.size)
            events.shown()
        }
    }
    WatchList(list, upwards, state.unreadable.size, events)
    // What comes in while the end is looked at is shown; whoever reads further up is left there.
    val newest = upwards.firstOrNull()?.key
    LaunchedEffect(newest) { if (list.firstVisibleItemIndex <= 1 && state.target == null) list.scrollToItem(0) }
    Box(Modifier.fillMaxSize()) {
        LazyColumn(
            Modifier.fillMaxSize().testTag("messages"),
            state = list,
            reverseLayout = true,
            contentPadding = PaddingValues(horizontal = 12.dp, vertical = 8.dp),
        ) {
            items(state.unreadable, key = { it.reason.name }) { UnreadableLine(it) }
            items(upwards, key = { it.key }, contentType = { it::class }) { item ->
                ChatLine(item, state, events.loadOlder) { open(Route.Delivery(it)) }
            }
        }
        DownButton(list, Modifier.align(Alignment.BottomEnd).padding(16.dp))
    }
}

/** Tells what is seen, and asks for more when the beginning comes near. */
@Composable
private fun WatchList(list: LazyListState, upwards: List<ChatItem>, unreadable: Int, events: ChatEvents) {
    val items by rememberUpdatedState(upwards)
    val below by rememberUpdatedState(unreadable)
    val owner = LocalLifecycleOwner.current
    LaunchedEffect(list, owner) {
        owner.repeatOnLifecycle(Lifecycle.State.RESUMED) {
            snapshotFlow {
                items to list.layoutInfo.visibleItemsInfo.map { it.index - below }
            }.collect { (all, visible) ->
                visible.asSequence().sorted().mapNotNull { all.getOrNull(it) as? ChatItem.Bubble }
                    .firstOrNull { !it.message.outgoing }?.let { events.seen(it.message.row) }
                if ((visible.maxOrNull() ?: 0) >= all.size - READ_AHEAD) events.readEarlier()
            }
        }
    }
}

@Composable
private fun DownButton(list: LazyListState, modifier: Modifier) {
    val isAway by remember { derivedStateOf { list.firstVisibleItemIndex > READ_AHEAD } }
    val scope = rememberCoroutineScope()
    if (isAway) {
        SmallFloatingActionButton({ scope.launch { list.animateScrollToItem(0) } }, modifier.size(TOUCH)) {
            Icon(Icons.down, stringResource(R.string.to_newest))
        }
    }
}

@Composable
private fun ChatLine(item: ChatItem, state: ChatState, loadOlder: () -> Unit, explain: (MessageRow) -> Unit) {
    Box(Modifier.fillMaxWidth()) {
        when (item) {
            is ChatItem.Day -> DayLine(item)
            is ChatItem.Gap -> GapLine(item, state.loadingOlder, loadOlder)
            ChatItem.NewFromHere -> NewLine()
            is ChatItem.Bubble -> Bubble(item, state.header?.security == Security.ENCRYPTED, explain)
        }
    }
}

/** So many lines before the beginning is reached more are read, so that nobody waits. */
private const val READ_AHEAD = 10
