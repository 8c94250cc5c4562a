package org.heliograph.android.platform

import android.app.Activity
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Intent
import android.content.IntentFilter
import android.os.Looper
import kotlinx.coroutines.runBlocking
import org.heliograph.PushState
import org.heliograph.android.state.Account
import org.heliograph.getOrThrow
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotNull
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** Being woken, from the distributor's broadcasts to what the user sees, with the real core and a real server. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class PushTest {
    @get:Rule
    internal val phone = TestPhone()

    private val app get() = phone.app
    private val jobs get() = app.service<JobScheduler>()

    @Before
    fun prepare() {
        val distributor = ComponentName("org.example.distributor", "org.example.distributor.Register")
        shadowOf(app.packageManager).addReceiverIfNotPresent(distributor)
        shadowOf(app.packageManager).addIntentFilterForReceiver(distributor, IntentFilter(UnifiedPush.REGISTER))
    }

    private fun said(action: String) = shadowOf(app).broadcastIntents.filter { it.action == action }

    /** What the distributor says, to whom it may concern. */
    private fun says(action: String, token: String?, vararg more: Pair<String, String>) {
        val intent = Intent(action).setPackage(app.packageName).putExtra(UnifiedPush.EXTRA_TOKEN, token)
        more.forEach { (name, value) -> intent.putExtra(name, value) }
        app.sendBroadcast(intent)
        shadowOf(Looper.getMainLooper()).idle()
    }

    private suspend fun Account.Open.push(expected: PushState) = messenger.push().until { it.state == expected }

    /** The user wants live mode, which begins at once. */
    private fun wantLiveMode() {
        app.shelf.change { it.copy(liveMode = true) }
        mainUntil { shadowOf(app).nextStartedService != null }
    }

    /** The token with which a distributor is asked now. */
    private fun asked(): String? {
        assertTrue(app.unifiedPush.register())
        return said(UnifiedPush.REGISTER).last().getStringExtra(UnifiedPush.EXTRA_TOKEN)
    }

    @Test
    fun `registered, woken, shown, asleep again, and at last forgotten`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("pia"))
        open.online()
        val token = asked()
        says(UnifiedPush.NEW_ENDPOINT, "guessed", UnifiedPush.EXTRA_ENDPOINT to "https://elsewhere.example.org")
        says(UnifiedPush.NEW_ENDPOINT, token, UnifiedPush.EXTRA_ENDPOINT to "https://up.example.org/pia")
        open.push(PushState.ON)

        val quin = phone.contact("quin")
        val chat = quin.chat("pia")
        app.phoneAccount.sleep(open)
        quin.writes(chat, "the ferry leaves at six")
        says(UnifiedPush.MESSAGE, "guessed", UnifiedPush.EXTRA_ID to "m0")
        assertEquals("a stranger's word wakes nobody", 0, said(UnifiedPush.ACKNOWLEDGE).size)
        says(UnifiedPush.MESSAGE, token, UnifiedPush.EXTRA_ID to "m1")
        mainUntil { phone.shown.isNotEmpty() }
        assertTrue("the ferry leaves at six" in phone.shownText)
        assertEquals("m1", said(UnifiedPush.ACKNOWLEDGE).single().getStringExtra(UnifiedPush.EXTRA_ID))
        open.asleep()

        app.phoneAccount.visible(true)
        open.online()
        says(UnifiedPush.UNREGISTERED, token)
        open.push(PushState.OFF)
        assertTrue("a later visit asks anew", app.unifiedPush.register())
    }

    @Test
    fun `what can't be fetched in time is a job's, as soon as there is a network`() = runBlocking {
        val schedule = CatchUpSchedule(app)
        PushWake(app.phoneAccount, schedule).arrived()
        assertNull("without an account there is nothing to fetch", jobs.getPendingJob(CatchUpSchedule.JOB))

        val relay = phone.relay()
        val open = app.phoneAccount.signIn(relay.through(Server.account("olaf")))
        open.online()
        app.phoneAccount.sleep(open)
        relay.hold()
        PushWake(app.phoneAccount, schedule, within = 1.seconds).arrived()
        val job = checkNotNull(jobs.getPendingJob(CatchUpSchedule.JOB))
        assertEquals(0, job.minLatencyMillis)
        open.asleep()
        Unit
    }

    @Test
    fun `woken without a network, nothing stays awake and nothing is lost, and the next wake fetches`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("abe"))
        open.online()
        val token = asked()
        val bea = phone.contact("bea")
        val chat = bea.chat("abe")
        app.phoneAccount.sleep(open)
        bea.writes(chat, "the bridge is down")
        jobs.cancel(CatchUpSchedule.JOB)

        phone.network(isThere = false)
        says(UnifiedPush.MESSAGE, token, UnifiedPush.EXTRA_ID to "m1")
        mainUntil { jobs.getPendingJob(CatchUpSchedule.JOB)?.minLatencyMillis == 0L }
        open.asleep()
        assertTrue("it listens to the network", shadowOf(phone.connectivity).networkCallbacks.isEmpty())
        assertTrue(
            "it listens to the battery",
            shadowOf(app).registeredReceivers.none { it.broadcastReceiver is PowerMonitor },
        )
        assertEquals(emptyList<String>(), phone.shown.map { it.tag })
        assertNotNull("the job waits for a network", jobs.getPendingJob(CatchUpSchedule.JOB)?.requiredNetwork)

        phone.network(isThere = true)
        says(UnifiedPush.MESSAGE, token, UnifiedPush.EXTRA_ID to "m2")
        mainUntil { phone.shown.isNotEmpty() }
        assertTrue("the bridge is down" in phone.shownText)
        open.asleep()
        Unit
    }

    @Test
    fun `when a newer app has replaced this one, the distributor is asked again, and nothing connects`() = runBlocking {
        BootReceiver.restore(app, isReplaced = true)
        assertEquals("nobody was asked before", 0, said(UnifiedPush.REGISTER).size)
        val open = app.phoneAccount.signIn(Server.account("bob"))
        open.online()
        val token = asked()
        app.phoneAccount.sleep(open)

        BootReceiver.restore(app, isReplaced = false)
        assertEquals("a phone that starts asks nobody", 1, said(UnifiedPush.REGISTER).size)
        app.sendBroadcast(Intent(Intent.ACTION_MY_PACKAGE_REPLACED).setPackage(app.packageName))
        mainUntil { said(UnifiedPush.REGISTER).size > 1 }
        val tokens = said(UnifiedPush.REGISTER).map { it.getStringExtra(UnifiedPush.EXTRA_TOKEN) }
        assertEquals(listOf(token, token), tokens)
        assertNull("nobody wanted live mode", shadowOf(app).nextStartedService)
        open.asleep()

        wantLiveMode()
        app.sendBroadcast(Intent(Intent.ACTION_MY_PACKAGE_REPLACED).setPackage(app.packageName))
        mainUntil { shadowOf(app).peekNextStartedService() != null }
        assertEquals(LiveService::class.java.name, shadowOf(app).nextStartedService.component?.className)
    }

    @Test
    fun `what a distributor could not register is asked for anew`() {
        val token = asked()
        says(UnifiedPush.REGISTRATION_FAILED, token)
        mainUntil { !app.unifiedPush.isOurs(Intent().putExtra(UnifiedPush.EXTRA_TOKEN, token)) }
        assertTrue(app.unifiedPush.register())
    }

    @Test
    fun `there is push and live mode once there is an account, and push again where an answer could not be kept`() =
        runBlocking {
            wantLiveMode()
            Robolectric.buildActivity(Activity::class.java).use { visit ->
                visit.setup()
                app.phoneAccount.account.until { it is Account.None }
                assertEquals("an endpoint would be lost", 0, said(UnifiedPush.REGISTER).size)
                assertNull("nobody is to be kept connected", shadowOf(app).peekNextStartedService())
                says(UnifiedPush.NEW_ENDPOINT, asked(), UnifiedPush.EXTRA_ENDPOINT to "https://up.example.org/cyd")
                mainUntil { said(UnifiedPush.UNREGISTER).isNotEmpty() }

                app.phoneAccount.add(Server.account("cyd")).getOrThrow()
                mainUntil { said(UnifiedPush.REGISTER).size == 2 }
                mainUntil { shadowOf(app).peekNextStartedService() != null }
            }
        }
}
