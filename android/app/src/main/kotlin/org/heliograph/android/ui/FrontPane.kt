package org.heliograph.android.ui

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import org.heliograph.Failure
import org.heliograph.android.R
import org.heliograph.android.state.ChatScreen
import org.heliograph.android.state.DeliveryScreen
import org.heliograph.android.state.Entry
import org.heliograph.android.state.Front
import org.heliograph.android.state.FrontDoor
import org.heliograph.android.state.InboxScreen
import org.heliograph.android.state.LinkScreen
import org.heliograph.android.state.MembersScreen
import org.heliograph.android.state.NewChatScreen
import org.heliograph.android.state.NewGroupScreen
import org.heliograph.android.state.OwnCodeScreen
import org.heliograph.android.state.Route
import org.heliograph.android.state.Screens
import org.heliograph.android.state.SearchScreen
import org.heliograph.android.state.SettingsScreen
import org.heliograph.android.state.SignInScreen

/** The app as a whole. */
@Composable
internal fun FrontPane(door: FrontDoor) {
    val front by door.front.collectAsStateWithLifecycle()
    when (val now = front) {
        Front.Opening -> OpeningPane()
        is Front.SignIn -> SignIn(now.screen)
        is Front.Broken -> BrokenPane(now.failure, door::reopen, door::setAside)
        is Front.Open -> OpenScreens(now.screens)
    }
}

/** The database is being opened: a moment, in which nothing jumps. */
@Composable
internal fun OpeningPane() {
    Page(stringResource(R.string.app_name), back = null) { Reading() }
}

@Composable
private fun SignIn(screen: SignInScreen) {
    val state by screen.state.collectAsStateWithLifecycle()
    BackHandler(state.certificate != null || state.busy) { screen.cancel() }
    SignInPane(state, remember(screen) { SignInEvents(screen::signIn, screen::trust, screen::cancel) })
}

/** Draws what is on top of the stack, and keeps what was typed and scrolled in those below. */
@Composable
private fun OpenScreens(screens: Screens) {
    val stack by screens.stack.collectAsStateWithLifecycle()
    val kept = rememberSaveableStateHolder()
    val top = stack.last()
    BackHandler(stack.size > 1) { screens.back() }
    for (entry in stack) {
        key(entry.key) {
            DisposableEffect(Unit) {
                onDispose { if (screens.stack.value.none { it.key == entry.key }) kept.removeState(entry.key) }
            }
        }
    }
    kept.SaveableStateProvider(top.key) { Shown(top, screens) }
}

@Composable
private fun Shown(entry: Entry, screens: Screens) {
    val open: (Route) -> Unit = screens::open
    val back: () -> Unit = { screens.back() }
    when (val screen = entry.screen) {
        is InboxScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            InboxPane(state, open, screen::reconnect)
        }

        is ChatScreen -> Chat(screen, entry.route as Route.Chat, open, back)

        is MembersScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            MembersPane(state, screen::invite, screen::remove, back)
        }

        is DeliveryScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            DeliveryPane(state, remember(screen) { DeliveryEvents(screen::sendAgain, screen::discard) }, back)
        }

        is SearchScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            SearchPane(state, screen::look, open, back)
        }

        is NewChatScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            NewChatPane(state, screen::start, open, back)
        }

        is NewGroupScreen -> NewGroup(screen, back)

        is LinkScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            LinkPane(state, screen::reconnect, screen::refresh, back)
        }

        is SettingsScreen -> Settings(screen, open, back)

        is OwnCodeScreen -> {
            val state by screen.state.collectAsStateWithLifecycle()
            OwnCodePane(state, back)
        }
    }
}

@Composable
private fun Chat(screen: ChatScreen, route: Route.Chat, open: (Route) -> Unit, back: () -> Unit) {
    val state by screen.state.collectAsStateWithLifecycle()
    val events = remember(screen) {
        ChatEvents(
            send = screen::send,
            typed = screen::typed,
            keepDraft = screen::keepDraft,
            seen = screen::seen,
            readEarlier = screen::readEarlier,
            loadOlder = screen::loadOlder,
            shown = screen::shown,
            reconnect = screen::reconnect,
            dismiss = screen::dismiss,
        )
    }
    ChatPane(state, route, events, open, back)
}

@Composable
private fun NewGroup(screen: NewGroupScreen, back: () -> Unit) {
    val state by screen.state.collectAsStateWithLifecycle()
    val events = remember(screen) {
        NewGroupEvents(screen::add, screen::drop, screen::restore, screen::create)
    }
    NewGroupPane(state, events, back)
}

@Composable
private fun Settings(screen: SettingsScreen, open: (Route) -> Unit, back: () -> Unit) {
    val state by screen.state.collectAsStateWithLifecycle()
    val events = remember(screen) {
        SettingsEvents(
            prefer = screen::prefer,
            readReceipts = screen::readReceipts,
            setPassword = screen::setPassword,
            askForLog = screen::askForLog,
            taken = screen::taken,
        )
    }
    SettingsPane(state, events, open, back)
}
