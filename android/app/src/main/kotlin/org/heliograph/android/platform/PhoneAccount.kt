package org.heliograph.android.platform

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import org.heliograph.AccountConfig
import org.heliograph.CatchUpReport
import org.heliograph.Contact
import org.heliograph.Failure
import org.heliograph.FailureException
import org.heliograph.Heliograph
import org.heliograph.Outcome
import org.heliograph.ServerCertificate
import org.heliograph.ServerOverride
import org.heliograph.Store
import org.heliograph.android.state.Account
import org.heliograph.android.state.Accounts
import org.heliograph.android.state.isForGood
import org.heliograph.exportLog
import org.heliograph.getOrElse
import org.heliograph.getOrNull
import org.heliograph.inspectServer
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * The account on this phone: opened when somebody needs it for the first time, awake as long as somebody holds it,
 * suspended when nobody does.
 *
 * Who holds it: the user who sees the app, live mode, and for a moment each push message, job and answer from a
 * notification. While it is suspended nothing runs: no file of the database is open, nothing listens to the network or
 * the battery.
 *
 * May be called from any thread and blocks none.
 */
internal class PhoneAccount(
    private val files: AccountFiles,
    private val vault: KeyVault,
    private val surroundings: Surroundings,
    private val core: CoreStart,
    private val scope: CoroutineScope,
    private val grace: Duration = GRACE,
) : Accounts {
    private val mutable = MutableStateFlow<Account>(Account.Opening)
    private val front = MutableStateFlow(Front(visible = false, attempt = 0))

    /** Held while it goes from one state to the next. */
    private val turn = Mutex()
    private var client: Heliograph? = null
    private var holders = 0
    private var inFront = false

    /** Whether the client can be asked. */
    private val isAwake = MutableStateFlow(false)

    private val use = object : ClientUse {
        override suspend fun <T> held(work: suspend () -> Outcome<T>): Outcome<T> {
            hold(connect = false).getOrElse { return Outcome.Failed(it) }
            return try {
                work()
            } finally {
                letGo()
            }
        }

        override suspend fun awake() {
            isAwake.first { it }
        }
    }

    override val account: StateFlow<Account> = mutable.asStateFlow()

    override val version: String get() = Heliograph.version

    init {
        scope.launch { front.collectLatest(::follow) }
    }

    /** Whether there is an account on this phone. Opens nothing. */
    suspend fun isThere(): Boolean = withContext(Dispatchers.IO) { files.database.exists() }

    /** The user sees the app, or no longer does. */
    fun visible(visible: Boolean) = front.update { it.copy(visible = visible, hurried = false) }

    /** Memory is short: what waits for the user to come back soon is let go now. */
    fun memoryShort() = front.update { if (it.visible) it else it.copy(hurried = true) }

    override fun reopen() = front.update { it.copy(attempt = it.attempt + 1) }

    private suspend fun follow(now: Front) {
        if (now.visible) {
            withContext(NonCancellable) {
                if (!inFront) inFront = hold(connect = true) is Outcome.Done
            }
            client?.appStateChanged(foreground = true)
        } else if (inFront) {
            client?.appStateChanged(foreground = false)
            // Whoever picks a picture or reads a text message is back in a moment, and need not sign in again.
            if (!now.hurried) delay(grace)
            withContext(NonCancellable) {
                letGo()
                inFront = false
            }
        }
    }

    /** Does [work] with a client that is awake, and lets it sleep again afterwards. */
    suspend fun <T> awake(work: suspend (Heliograph) -> T): Outcome<T> {
        val held = hold(connect = false).getOrElse { return Outcome.Failed(it) }
        return try {
            Outcome.Done(work(held))
        } catch (failed: FailureException) {
            Outcome.Failed(failed.failure)
        } finally {
            letGo()
        }
    }

    /** Fetches what waits at the server, for at most [within], and shows it. */
    suspend fun catchUp(within: Duration): Outcome<CatchUpReport> {
        var report: Outcome<CatchUpReport>? = null
        val done = awake { client ->
            report = client.catchUp(within)
            surroundings.show(client)
        }
        return report ?: Outcome.Failed((done as Outcome.Failed).failure)
    }

    /**
     * Wakes the client and keeps it so until [letGo]; connects it, if [connect]. To its end, also if it is cancelled.
     */
    suspend fun hold(connect: Boolean): Outcome<Heliograph> = withContext(NonCancellable) {
        turn.withLock {
            val opened = opened().getOrElse { return@withLock Outcome.Failed(it) }
            if (holders == 0) {
                val resumed = opened.resume()
                if (resumed is Outcome.Failed) return@withLock broken(resumed.failure)
                surroundings.enter(opened)
                isAwake.value = true
            }
            holders += 1
            if (connect) opened.start()
            Outcome.Done(opened)
        }
    }

    /** Takes a [hold] back. The last one suspends the client, and has the system wake it when it wants to be woken. */
    suspend fun letGo() = withContext(NonCancellable) {
        turn.withLock {
            holders -= 1
            val client = client ?: return@withLock
            if (holders > 0) return@withLock
            isAwake.value = false
            surroundings.leave()
            client.suspend()
            surroundings.wakeAt(client.nextCatchUp().getOrNull()?.toEpochMilliseconds())
        }
    }

    private suspend fun opened(): Outcome<Heliograph> {
        client?.let { return Outcome.Done(it) }
        return withContext(Dispatchers.IO) {
            if (!isThere()) {
                mutable.value = Account.None
                return@withContext Outcome.Failed(noAccount())
            }
            mutable.value = Account.Opening
            open()
        }
    }

    private suspend fun open(): Outcome<Heliograph> = when (val key = vault.key()) {
        is DatabaseKey.Missing -> broken(key.trouble.failure())

        is DatabaseKey.Ready -> {
            core.authorities
            val opened = Heliograph.open(Store(files.database.path, key.bytes))
            key.bytes.fill(0)
            when (opened) {
                is Outcome.Failed -> broken(opened.failure)

                is Outcome.Done -> opened.also {
                    client = it.value
                    it.value.appStateChanged(front.value.visible)
                    mutable.value = Account.Open(ClientMessenger(it.value, use))
                }
            }
        }
    }

    private suspend fun broken(failure: Failure): Outcome.Failed {
        // What can't be opened again is opened anew the next time.
        client?.shutdown()
        client = null
        isAwake.value = false
        mutable.value = Account.Broken(failure)
        return Outcome.Failed(failure)
    }

    override fun setAside() {
        scope.launch {
            turn.withLock {
                val now = mutable.value
                if (now !is Account.Broken || !now.failure.isForGood) return@withLock
                val isAside = withContext(Dispatchers.IO) { files.setAside(System.currentTimeMillis()) }
                mutable.value = if (isAside) Account.None else Account.Broken(diskFull())
            }
        }
    }

    override suspend fun add(config: AccountConfig): Outcome<Unit> {
        val added = turn.withLock { withContext(Dispatchers.IO) { create(config) } }
        if (added is Outcome.Done) reopen()
        return added
    }

    private suspend fun create(config: AccountConfig): Outcome<Unit> {
        core.authorities
        files.folder.mkdirs()
        return when (val key = vault.key()) {
            is DatabaseKey.Missing -> Outcome.Failed(key.trouble.failure())

            is DatabaseKey.Ready -> {
                val added = Heliograph.addAccount(Store(files.database.path, key.bytes), config)
                key.bytes.fill(0)
                added
            }
        }
    }

    override suspend fun inspect(config: AccountConfig): Outcome<ServerCertificate> = withContext(Dispatchers.IO) {
        core.authorities
        inspectServer(config)
    }

    override suspend fun readAddress(text: String): Outcome<Contact> = ofCore { org.heliograph.readAddress(text) }

    override suspend fun readServer(place: String, port: String): Outcome<ServerOverride> =
        ofCore { org.heliograph.readServer(place, port) }

    override suspend fun log(): Outcome<String> = ofCore { Outcome.Done(exportLog()) }

    /** Asks the core, and may be the first in this process. */
    private suspend fun <T> ofCore(ask: () -> T): T = withContext(Dispatchers.IO) {
        core.authorities
        ask()
    }

    /** Ends everything. When this returns no thread of the client is left. Nothing else may be called afterwards. */
    suspend fun shutdown() {
        turn.withLock {
            if (holders > 0) surroundings.leave()
            holders = 0
            client?.shutdown()
            client = null
        }
        scope.cancel()
    }

    /** What is wanted of the account on behalf of the user who looks. A new [attempt] tries again. */
    private data class Front(val visible: Boolean, val attempt: Int, val hurried: Boolean = false)

    internal companion object {
        /**
         * How long the client outlives the screen. The system may freeze an app ten seconds after it went behind
         * (Android 14), and by then the database has to be closed.
         */
        val GRACE: Duration = 5.seconds
    }
}
