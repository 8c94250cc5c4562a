package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import android.app.job.JobScheduler
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.heliograph.CatchUpEnd
import org.heliograph.ConnectionState
import org.heliograph.ConversationId
import org.heliograph.FailureCode
import org.heliograph.Heliograph
import org.heliograph.MessageRow
import org.heliograph.Outcome
import org.heliograph.Settings
import org.heliograph.android.state.Account
import org.heliograph.android.state.Preferences
import org.heliograph.conversation
import org.heliograph.conversations
import org.heliograph.exportLog
import org.heliograph.getOrThrow
import org.heliograph.send
import org.heliograph.startChat
import org.heliograph.timeline
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.shadows.ShadowNetwork
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** The account's life on a phone, with the real core and a real server. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35])
class PhoneAccountTest {
    private val app = RuntimeEnvironment.getApplication()
    private val files = AccountFiles(app)
    private val manager = app.service<NotificationManager>()
    private val notifications = MessageNotifications(app) { Preferences() }
    private val others = mutableListOf<Heliograph>()
    private var account = start()

    /** What a process begins with. */
    private fun start(): PhoneAccount {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val surroundings = Surroundings(app, notifications, CatchUpSchedule(app), scope)
        return PhoneAccount(files, KeyVault(files), surroundings, CoreStart(app), scope, grace = 1.milliseconds)
    }

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    @After
    fun end() = runBlocking {
        account.shutdown()
        others.forEach { it.shutdown() }
    }

    private suspend fun contact(name: String) = Server.contact(name, app.cacheDir).also(others::add)

    private suspend fun signedIn(name: String): Account.Open = account.signIn(Server.account(name))

    @Test
    fun `it connects while it is seen, sleeps when it is not, and hears nothing then`() = runBlocking {
        val open = signedIn("ana")
        open.online()
        val connectivity = app.getSystemService(ConnectivityManager::class.java)
        account.sleep(open)
        assertTrue("the log is on", exportLog().lines().size > 1)
        assertTrue(shadowOf(connectivity).networkCallbacks.isEmpty())
        // What the screens do while it sleeps is done at once, and what they want to show comes when somebody looks.
        open.messenger.changeSettings(Settings(readReceipts = false)).getOrThrow()
        open.asleep()
        val asking = async { open.messenger.settings().getOrThrow() }
        account.visible(true)
        assertFalse(asking.await().readReceipts)
        open.online()
        val callback = shadowOf(connectivity).networkCallbacks.single()
        val network = ShadowNetwork.newInstance(1)
        callback.onAvailable(network)
        callback.onLost(network)
        open.messenger.connection().until { it.state == ConnectionState.OFFLINE }
        Unit
    }

    @Test
    fun `a push message wakes it, shows what waited, and lets it sleep again`() = runBlocking {
        val open = signedIn("chloe")
        open.online()
        val dora = contact("dora")
        val chat = dora.startChat(Server.account("chloe").address).getOrThrow()
        dora.conversations.until { all -> all.any { it.id == chat && it.state.name == "ACTIVE" } }
        account.visible(false)
        open.asleep()
        dora.send(chat, "the water is here").getOrThrow()
        dora.timeline(chat).getOrThrow().use { timeline ->
            timeline.states.until { state -> state.messages.any { it.state.ordinal >= 2 } }
        }
        val report = account.catchUp(30.seconds).getOrThrow()
        assertEquals(CatchUpEnd.COMPLETE, report.end)
        assertEquals(1uL, report.newMessages)
        val shown = manager.activeNotifications.single { it.id == MessageNotifications.ID }
        assertTrue("the water is here" in "${shown.notification.extras.getCharSequence("android.text")}")
        open.asleep()

        // The answer is given in the notification, which goes with it.
        val id = ConversationId(shown.tag.toLong())
        val newest = MessageRow(shown.notification.extras.getLong(MessageNotifications.NEWEST))
        NotificationReceiver.act(account, notifications, id, newest, answer = "on my way")
        dora.timeline(chat).getOrThrow().use { timeline ->
            timeline.states.until { state -> state.messages.any { it.text == "on my way" && !it.outgoing } }
        }
        assertEquals(0, manager.activeNotifications.count { it.id == MessageNotifications.ID })
        open.asleep()

        // A screen that goes away has the core keep what was typed there, and wakes nobody for it.
        open.messenger.setDraft(id, "and the bread").getOrThrow()
        open.asleep()
        assertEquals("and the bread", account.awake { it.conversation(id).getOrThrow().draft }.getOrThrow())
    }

    @Test
    fun `what was typed and what was not sent outlive the process`() = runBlocking {
        val open = signedIn("eve")
        open.online()
        val chat = account.awake { it.startChat(Server.account("finn").address).getOrThrow() }.getOrThrow()
        val network = ShadowNetwork.newInstance(1)
        val callback = shadowOf(app.getSystemService(ConnectivityManager::class.java)).networkCallbacks.single()
        callback.onAvailable(network)
        callback.onLost(network)
        open.messenger.connection().until { it.state == ConnectionState.OFFLINE }
        open.messenger.send(chat, "not sent yet").getOrThrow()
        open.messenger.setDraft(chat, "half a").getOrThrow()
        account.shutdown()

        account = start()
        account.visible(true)
        val again = account.account.until { it is Account.Open } as Account.Open
        assertEquals("half a", again.messenger.conversation(chat).getOrThrow().draft)
        again.messenger.history(chat).getOrThrow().use { history ->
            assertEquals("not sent yet", history.states.until { it.messages.isNotEmpty() }.messages.last().text)
        }
    }

    @Test
    fun `a keystore that is locked, a key that is lost and a database in use are told, and lose nothing`() =
        runBlocking {
            val open = signedIn("gina")
            open.online()
            account.shutdown()
            val database = files.database.length()

            StandInKeyStore.failure = android.security.keystore.UserNotAuthenticatedException()
            account = start()
            account.visible(true)
            assertEquals("keystore-locked", broken().name)
            StandInKeyStore.failure = null
            account.reopen()
            account.account.until { it is Account.Open }

            // A second process of the same app, as a phone with two profiles or a debugger may make one.
            val second = start()
            second.visible(true)
            val busy = second.account.until { it is Account.Broken } as Account.Broken
            assertEquals(FailureCode.STORE_BUSY, busy.failure.code)
            second.shutdown()
            account.shutdown()

            StandInKeyStore.keys.clear()
            account = start()
            account.visible(true)
            val lost = broken()
            assertEquals("key-lost", lost.name)
            assertEquals(false, lost.transient)
            assertTrue(files.database.length() >= database && files.key.exists())
        }

    private suspend fun broken() = (account.account.until { it is Account.Broken } as Account.Broken).failure

    @Test
    fun `the system wakes it when the core wants that, and not else`() {
        val schedule = CatchUpSchedule(app)
        val jobs = app.service<JobScheduler>()
        schedule.at(System.currentTimeMillis() + 3_600_000)
        val job = checkNotNull(jobs.getPendingJob(CatchUpSchedule.JOB))
        assertTrue(job.minLatencyMillis in 3_590_000..3_600_000)
        assertTrue(job.isPersisted)
        // With a latest moment the system would run it without a network, too: a wake-up for nothing.
        assertEquals(0, job.maxExecutionDelayMillis)
        assertTrue(checkNotNull(job.requiredNetwork).hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET))
        schedule.at(null)
        assertNull(jobs.getPendingJob(CatchUpSchedule.JOB))
    }

    @Test
    fun `without an account nothing is opened, and waking fails at once`() = runBlocking {
        val report = account.catchUp(5.seconds)
        assertEquals(FailureCode.NOT_FOUND, (report as Outcome.Failed).failure.code)
        assertEquals(Account.None, account.account.first())
        assertTrue(files.folder.listFiles().isNullOrEmpty())
    }
}
