package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow

/** A place on the stack, and what stands behind it. */
public class Entry internal constructor(
    /** The place. */
    public val route: Route,
    /** Tells this entry from others with the same route, and is the same after the process died. */
    public val key: String,
    /** Of the class that belongs to the route. */
    public val screen: Screen<*>,
)

/** The screens of one open account: a stack that begins with the inbox. */
public class Screens(
    private val messenger: Messenger,
    private val accounts: Accounts,
    private val shelf: PreferenceShelf,
    private val scope: CoroutineScope,
    restored: List<String> = emptyList(),
) : AutoCloseable {
    private val mutable = MutableStateFlow(emptyList<Entry>())

    /** From the inbox to what is shown. Never empty. */
    public val stack: StateFlow<List<Entry>> = mutable.asStateFlow()

    init {
        val routes = restored.mapNotNull(Route::of).dropWhile { it != Route.Inbox }.ifEmpty { listOf(Route.Inbox) }
        routes.forEach(::open)
    }

    /** The stack as text, to be kept over the death of the process. */
    public fun save(): List<String> = mutable.value.map { it.route.code }

    /** Goes to [route]; nothing happens if that is what is shown. */
    public fun open(route: Route) {
        if (mutable.value.lastOrNull()?.route == route) return
        mutable.value += Entry(route, "${mutable.value.size} ${route.code}", screen(route))
    }

    /**
     * Goes to [route], with the inbox behind it: for notifications and links. Where it was opened already, what is being
     * done there goes on.
     */
    public fun jump(route: Route) {
        val isOpen = mutable.value.getOrNull(1)?.route == route
        cut(if (isOpen) 2 else 1)
        if (route != Route.Inbox && !isOpen) open(route)
    }

    /** Goes to [route] instead of what is shown. */
    public fun replace(route: Route) {
        cut(mutable.value.size - 1)
        open(route)
    }

    /** Goes one back; false at the inbox. */
    public fun back(): Boolean {
        if (mutable.value.size < 2) return false
        cut(mutable.value.size - 1)
        return true
    }

    private fun cut(size: Int) {
        val gone = mutable.value.drop(size.coerceAtLeast(1))
        mutable.value = mutable.value.take(size.coerceAtLeast(1))
        gone.forEach { it.screen.close() }
    }

    private fun screen(route: Route): Screen<*> = when (route) {
        Route.Inbox -> InboxScreen(messenger, scope)
        is Route.Chat -> ChatScreen(messenger, route.conversation, scope, route.row)
        is Route.Members -> MembersScreen(messenger, route.conversation, scope)
        is Route.Delivery -> DeliveryScreen(messenger, route.row, scope)
        is Route.Search -> SearchScreen(messenger, route.within, scope)
        is Route.NewChat -> NewChatScreen(messenger, accounts, scope, route.link) { replace(Route.Chat(it)) }
        Route.NewGroup -> NewGroupScreen(messenger, accounts, scope) { replace(Route.Chat(it)) }
        Route.Link -> LinkScreen(messenger, scope)
        Route.Settings -> SettingsScreen(messenger, accounts, shelf, scope)
        Route.OwnCode -> OwnCodeScreen(messenger, scope)
    }

    override fun close() {
        mutable.value.forEach { it.screen.close() }
    }
}
