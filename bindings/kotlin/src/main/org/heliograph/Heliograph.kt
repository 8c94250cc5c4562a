package org.heliograph

import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.heliograph.ffi.HeliographClient
import kotlin.time.Duration
import kotlin.time.Instant

/**
 * One account on this device.
 *
 * It is opened, started when it shall be connected, suspended when the app goes away, and shut down at the end, or
 * [use]d. Messages, conversations and the rest are extensions in files of their own.
 *
 * All of it may be called from any thread and blocks none: what waits, reads or writes is suspending. Cancelling a
 * coroutine ends its wait and nothing else: what a call has asked for is done all the same. [addAccount] and [catchUp]
 * are about waiting only, and end with it.
 */
public class Heliograph private constructor(internal val core: HeliographClient) {
    /** Our account, `name@server`. */
    public val address: String = core.address()

    /** What to call our account: what others see of it, and what to be called in ordinary rooms. */
    public val name: String = core.name()

    /**
     * The connection as it is now, and each time it changes. States in between may be left out. Ends when the client is
     * shut down.
     */
    public val connection: Flow<Connection> = flow {
        val changes = attempt { core.connectionChanges() }.untilClosed() ?: return@flow
        changes.use {
            emit(attempt { core.connection() }.untilClosed() ?: return@flow)
            while (true) emit(attempt { changes.next() }.untilClosed() ?: return@flow)
        }
    }.distinctUntilChanged()

    /**
     * The account has another password, usually after [FailureCode.AUTHENTICATION_FAILED]: it is kept, and tried at
     * once. Whether the server takes it is told by [connection]. A session that is online is left alone.
     */
    public suspend fun setPassword(password: String): Outcome<Unit> = attempt { core.setPassword(password) }

    /**
     * Connects, and stays connected as far as the network allows, until [suspend]. After a failure that retrying can't
     * cure this is also how to try again.
     */
    public fun start(): Outcome<Unit> = attempt { core.start() }

    /**
     * Says goodbye to the server and closes everything. When this returns, no timer is armed and no file of the
     * database is open, so that the system may freeze the app. Idempotent; subscriptions go on after [resume].
     */
    public suspend fun suspend(): Outcome<Unit> = attempt { core.suspend() }

    /** Opens the database again after [suspend]; [start] connects. Idempotent. */
    public suspend fun resume(): Outcome<Unit> = attempt { core.resume() }

    /**
     * [suspend] for good. When this returns, every subscription has ended and no thread of the client is left.
     * Idempotent; goes to its end even if the coroutine is cancelled. Everything else then fails with
     * [FailureCode.CLOSED].
     */
    public suspend fun shutdown(): Outcome<Unit> = withContext(NonCancellable + Dispatchers.IO) {
        val outcome = attempt { core.shutdown() }
        core.close()
        if (outcome is Outcome.Failed && outcome.failure.code == FailureCode.CLOSED) Outcome.Done(Unit) else outcome
    }

    /**
     * For push messages and background refresh: connects, reads what waits, and suspends again, unless the app has
     * called [start] or [resume]. Returns when everything is here, when waiting is of no use, and in any case before
     * [within] is over, with whatever came until then.
     */
    public suspend fun catchUp(within: Duration): Outcome<CatchUpReport> = attempt {
        core.catchUp(within.inWholeMilliseconds.coerceAtLeast(0).toULong())
    }

    /**
     * When a client that sleeps should be woken for [catchUp] although nobody asks for it; `null`: not needed. To be
     * asked after [suspend] or a catch-up, and given to the operating system, to be run when there is a network at that
     * time or later.
     */
    public suspend fun nextCatchUp(): Outcome<Instant?> =
        attempt { core.nextCatchUp()?.let(Instant::fromEpochMilliseconds) }

    /**
     * The operating system says how the network is. Without one nothing is tried and no timer runs.
     *
     * @param available whether there is one
     * @param id names it, the same each time the phone is on it: then what it stands is learned
     * @param previousGone the network before it no longer exists, so that its sockets are dead
     * @param nameServers the IP addresses that the system asks for names on this network
     * (`LinkProperties.getDnsServers`);
     *     without them SRV records are not looked up on Android
     */
    public fun networkChanged(
        available: Boolean,
        id: String? = null,
        previousGone: Boolean = false,
        nameServers: List<String> = emptyList(),
    ): Outcome<Unit> = attempt { core.networkChanged(available, id, previousGone, nameServers) }

    /** The operating system says how the power is. */
    public fun powerChanged(power: PowerState): Outcome<Unit> = attempt { core.powerChanged(power) }

    /** The app came to the front or went behind. */
    public fun appStateChanged(foreground: Boolean): Outcome<Unit> = attempt { core.appStateChanged(foreground) }

    /** What was sent and received since the account was opened. */
    public fun traffic(): Outcome<Traffic> = attempt { core.traffic() }

    /** The address is the user's: it is not printed. */
    override fun toString(): String = "Heliograph"

    /** How one comes by a client. */
    public companion object {
        /**
         * Signs in once to check the account, then creates its database. On failure, and if the coroutine is cancelled,
         * nothing is left behind.
         *
         * Fails with whatever can go wrong with a connection, [FailureCode.INVALID_ARGUMENT], [FailureCode.DISK_FULL].
         */
        public suspend fun addAccount(store: Store, account: AccountConfig): Outcome<Unit> =
            // The core joins its threads before it returns.
            withContext(Dispatchers.IO) { attempt { org.heliograph.ffi.addAccount(store.path, store.key, account) } }

        /**
         * Opens an account that [addAccount] made. Does not connect.
         *
         * Fails with [FailureCode.INVALID_ARGUMENT] (a key that has not [Store.KEY_BYTES]), [FailureCode.STORE_LOCKED]
         * (wrong key), [FailureCode.STORE_CORRUPT], [FailureCode.STORE_TOO_NEW], [FailureCode.STORE_BUSY] (open
         * elsewhere), [FailureCode.NOT_FOUND] (no account there).
         */
        public suspend fun open(store: Store): Outcome<Heliograph> =
            // Threads are started, and the first call in a process loads the library.
            withContext(Dispatchers.IO) { attempt { Heliograph(HeliographClient.open(store.path, store.key)) } }

        /** The version of the core, as in `0.1.0`: for the screen that says so, and for reports. */
        public val version: String get() = org.heliograph.ffi.version()
    }
}

/** Does something with a client and shuts it down, whatever comes. */
public suspend inline fun <T> Heliograph.use(block: (Heliograph) -> T): T = try {
    block(this)
} finally {
    shutdown()
}
