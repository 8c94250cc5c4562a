package org.heliograph.android.platform

import android.app.job.JobParameters
import android.os.Parcel
import kotlinx.coroutines.runBlocking
import org.heliograph.android.state.Account
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/** The scheduled catch-up, as the system runs it. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class)
class CatchUpJobTest {
    @get:Rule
    internal val phone = TestPhone()

    private fun job(): CatchUpJob = Robolectric.buildService(CatchUpJob::class.java).create().get()

    private fun isOver(job: CatchUpJob) = shadowOf(job).isJobFinished

    @Test
    fun `it fetches what waits, shows it, and says that it is over`() = runBlocking {
        val open = phone.account.signIn(Server.account("kim"))
        open.online()
        val lea = phone.contact("lea")
        val chat = lea.chat("kim")
        phone.account.sleep(open)
        lea.writes(chat, "the road is clear")
        val job = job()
        assertTrue("the system must know that it goes on", job.onStartJob(jobParameters()))
        mainUntil { isOver(job) }
        assertFalse("the core says when the next one is", shadowOf(job).isRescheduleNeeded)
        assertTrue("the road is clear" in phone.shownText)
        open.asleep()
        Unit
    }

    @Test
    fun `where nothing gets through it ends by its deadline, or when the system takes its time back`() = runBlocking {
        assertTrue("the system ends a job after ten minutes", CatchUpJob.DEADLINE < 10.minutes)
        val relay = phone.relay()
        val open = phone.account.signIn(relay.through(Server.account("max")))
        open.online()
        phone.account.sleep(open)
        relay.hold()
        val late = job().apply { within = 1.seconds }
        val began = TimeSource.Monotonic.markNow()
        late.onStartJob(jobParameters())
        mainUntil { isOver(late) }
        assertTrue("it has another deadline", began.elapsedNow() < CatchUpJob.DEADLINE)
        open.asleep()

        val stopped = job()
        stopped.onStartJob(jobParameters())
        open.messenger.connection().until { it.state.name == "CONNECTING" }
        assertTrue("what was not fetched is fetched another time", stopped.onStopJob(jobParameters()))
        open.asleep()
        assertFalse("the system knows already", isOver(stopped))
        assertTrue(phone.account.account.value is Account.Open)
    }
}

/** What the system gives to a job. It has no constructor for others. */
internal fun jobParameters(): JobParameters {
    val nothing = Parcel.obtain()
    return JobParameters.CREATOR.createFromParcel(nothing).also { nothing.recycle() }
}
