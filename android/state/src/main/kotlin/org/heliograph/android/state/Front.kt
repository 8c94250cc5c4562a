package org.heliograph.android.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.heliograph.Failure

/** What the app shows as a whole. */
public sealed interface Front {
    /** The database is being opened. */
    public data object Opening : Front

    /** There is no account yet. */
    public data class SignIn(val screen: SignInScreen) : Front

    /** There is one, and it can't be opened. */
    public data class Broken(val failure: Failure) : Front

    /** There is one, in use. */
    public data class Open(val screens: Screens) : Front
}

/** Decides what is shown as a whole: goes with the account, and holds links back until there is one. */
public class FrontDoor(
    private val shell: Shell,
    private val scope: CoroutineScope,
    private var restored: List<String> = emptyList(),
) {
    private val mutable = MutableStateFlow<Front>(Front.Opening)
    private var wanted: Route? = null

    /** What is shown. */
    public val front: StateFlow<Front> = mutable.asStateFlow()

    init {
        scope.launch { shell.accounts.account.collect(::follow) }
    }

    private fun follow(account: Account) {
        when (val now = mutable.value) {
            is Front.Open -> now.screens.close()
            is Front.SignIn -> now.screen.close()
            else -> Unit
        }
        mutable.value = when (account) {
            Account.Opening -> Front.Opening
            Account.None -> Front.SignIn(SignInScreen(shell.accounts, scope))
            is Account.Broken -> Front.Broken(account.failure)
            is Account.Open -> Front.Open(Screens(account.messenger, shell.accounts, shell.shelf, scope, restored))
        }
        if (account is Account.Open) restored = emptyList()
        wanted?.let(::go)
    }

    /** Goes to [route] once the account is open. */
    public fun go(route: Route) {
        val now = mutable.value
        wanted = route.takeIf { now !is Front.Open }
        when {
            now is Front.Open -> now.screens.jump(route)
            now is Front.SignIn && route is Route.NewChat -> route.link?.let(now.screen::link)
            else -> Unit
        }
    }

    /** Opens the database again after it could not be opened. */
    public fun reopen(): Unit = shell.accounts.reopen()

    /** Puts messages aside that can't be opened any more, so that the user can sign in anew. */
    public fun setAside(): Unit = shell.accounts.setAside()

    /** What is shown, as text, to be kept over the death of the process. */
    public fun save(): List<String> = (mutable.value as? Front.Open)?.screens?.save() ?: restored
}
