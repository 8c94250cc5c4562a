package org.heliograph.android.state

import kotlinx.coroutines.flow.StateFlow
import org.heliograph.AccountConfig
import org.heliograph.Contact
import org.heliograph.Failure
import org.heliograph.Outcome
import org.heliograph.ServerCertificate
import org.heliograph.ServerOverride

/** The account on this phone: whether there is one, and how to add it. The Android part of the app implements it. */
public interface Accounts {
    /** The account as it is now. */
    public val account: StateFlow<Account>

    /** Opens the database again after [Account.Broken]. */
    public fun reopen()

    /**
     * Puts messages aside that can't be opened any more ([isForGood]), so that one can sign in anew: [account] becomes
     * [Account.None]. They stay on the phone.
     */
    public fun setAside()

    /** Signs in once, keeps the account and opens it: [account] becomes [Account.Open]. */
    public suspend fun add(config: AccountConfig): Outcome<Unit>

    /** What certificate the server shows, without signing in. */
    public suspend fun inspect(config: AccountConfig): Outcome<ServerCertificate>

    /** Reads an address or an `xmpp:` link, as QR codes hold it. Fails with `INVALID_ARGUMENT`. */
    public suspend fun readAddress(text: String): Outcome<Contact>

    /** Reads a server's place as it was typed; [port] may be empty. Fails with `INVALID_ARGUMENT`. */
    public suspend fun readServer(place: String, port: String): Outcome<ServerOverride>

    /** What happened lately, for a developer, without private data. */
    public suspend fun log(): Outcome<String>

    /** The version of the core. */
    public val version: String
}

/** Whether there is an account on this phone. */
public sealed interface Account {
    /** The database is being opened. */
    public data object Opening : Account

    /** There is none yet. */
    public data object None : Account

    /** There is one, and it can be used. */
    public data class Open(
        /** To use it with. */
        val messenger: Messenger,
    ) : Account

    /** There is one, and it can't be opened. */
    public data class Broken(
        /** Why not. */
        val failure: Failure,
    ) : Account
}

/** What the app offers to its screens. The Android part of the app, its `Application`, implements it. */
public interface Shell {
    /** The account on this phone. */
    public val accounts: Accounts

    /** What the user wants of this app. */
    public val shelf: PreferenceShelf
}
