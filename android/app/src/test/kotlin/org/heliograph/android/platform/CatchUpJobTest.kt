package org.heliograph.android.platform

import android.Manifest
import android.app.NotificationManager
import android.app.job.JobParameters
import android.os.Parcel
import kotlinx.coroutines.runBlocking
import org.heliograph.android.state.Account
import org.junit.After
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** The scheduled catch-up, as the system runs it. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class CatchUpJobTest {
    private val app = RuntimeEnvironment.getApplication() as PhoneApp
    private val relay = Relay(checkNotNull(Server.account("kim").server))
    private var contact: Contact? = null

    @Before
    fun prepare() {
        StandInKeyStore.install()
        shadowOf(app).grantPermissions(Manifest.permission.POST_NOTIFICATIONS)
    }

    @After
    fun end() = runBlocking {
        app.phoneAccount.shutdown()
        contact?.client?.shutdown()
        relay.close()
    }

    /** The system has no constructor for others. */
    private val parameters: JobParameters by lazy {
        val nothing = Parcel.obtain()
        JobParameters.CREATOR.createFromParcel(nothing).also { nothing.recycle() }
    }

    private fun job(): CatchUpJob = Robolectric.buildService(CatchUpJob::class.java).create().get()

    private fun isOver(job: CatchUpJob) = shadowOf(job).isJobFinished

    @Test
    fun `it fetches what waits, shows it, and says that it is over`() = runBlocking {
        val open = app.phoneAccount.signIn(Server.account("kim"))
        open.online()
        val lea = Contact("lea", app.cacheDir).also { contact = it }
        val chat = lea.chat("kim")
        app.phoneAccount.sleep(open)
        lea.writes(chat, "the road is clear")
        val job = job()
        assertTrue("the system must know that it goes on", job.onStartJob(parameters))
        mainUntil { isOver(job) }
        assertFalse("the core says when the next one is", shadowOf(job).isRescheduleNeeded)
        val shown = app.service<NotificationManager>().activeNotifications.single { it.id == MessageNotifications.ID }
        assertTrue("the road is clear" in "${shown.notification.extras.getCharSequence("android.text")}")
        open.asleep()
        Unit
    }

    @Test
    fun `where nothing gets through it ends by its deadline, or when the system takes its time back`() = runBlocking {
        assertTrue("the system ends a job after ten minutes", CatchUpJob.DEADLINE < 10.minutes)
        val open = app.phoneAccount.signIn(relay.through(Server.account("max")))
        open.online()
        app.phoneAccount.sleep(open)
        relay.hold()
        val late = job().apply { within = 1.seconds }
        late.onStartJob(parameters)
        mainUntil { isOver(late) }
        open.asleep()

        val stopped = job()
        stopped.onStartJob(parameters)
        open.messenger.connection().until { it.state.name == "CONNECTING" }
        assertTrue("what was not fetched is fetched another time", stopped.onStopJob(parameters))
        open.asleep()
        assertFalse("the system knows already", isOver(stopped))
        assertTrue(app.phoneAccount.account.value is Account.Open)
    }
}
