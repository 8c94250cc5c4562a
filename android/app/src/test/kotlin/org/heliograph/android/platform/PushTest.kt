package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Intent
import android.content.IntentFilter
import android.os.Looper
import kotlinx.coroutines.runBlocking
import org.heliograph.PushState
import org.heliograph.android.state.Account
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.seconds

/** Being woken, from the distributor's broadcasts to what the user sees, with the real core and a real server. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class PushTest {
    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val relay = Relay(checkNotNull(Server.account("pia").server))
    private val jobs = app.service<JobScheduler>()
    private var contact: Contact? = null

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
        val distributor = ComponentName("org.example.distributor", "org.example.distributor.Register")
        shadowOf(app.packageManager).addReceiverIfNotPresent(distributor)
        shadowOf(app.packageManager).addIntentFilterForReceiver(distributor, IntentFilter(UnifiedPush.REGISTER))
    }

    @After
    fun end() = runBlocking {
        app.phoneAccount.shutdown()
        contact?.client?.shutdown()
        relay.close()
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

    private fun shown() =
        app.service<NotificationManager>().activeNotifications.filter { it.id == MessageNotifications.ID }

    @Test
    fun `registered, woken, shown, asleep again, and at last forgotten`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("pia"))
        open.online()
        assertTrue(app.unifiedPush.register())
        val token = said(UnifiedPush.REGISTER).last().getStringExtra(UnifiedPush.EXTRA_TOKEN)
        says(UnifiedPush.NEW_ENDPOINT, "guessed", UnifiedPush.EXTRA_ENDPOINT to "https://elsewhere.example.org")
        says(UnifiedPush.NEW_ENDPOINT, token, UnifiedPush.EXTRA_ENDPOINT to "https://up.example.org/pia")
        open.push(PushState.ON)

        val quin = Contact("quin", app.cacheDir).also { contact = it }
        val chat = quin.chat("pia")
        app.phoneAccount.sleep(open)
        quin.writes(chat, "the ferry leaves at six")
        says(UnifiedPush.MESSAGE, "guessed", UnifiedPush.EXTRA_ID to "m0")
        assertEquals("a stranger's word wakes nobody", 0, said(UnifiedPush.ACKNOWLEDGE).size)
        says(UnifiedPush.MESSAGE, token, UnifiedPush.EXTRA_ID to "m1")
        mainUntil { shown().isNotEmpty() }
        val text = shown().single().notification.extras.getCharSequence("android.text")
        assertTrue("the ferry leaves at six" in "$text")
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
}
