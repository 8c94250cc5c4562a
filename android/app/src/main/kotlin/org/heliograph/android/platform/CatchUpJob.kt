package org.heliograph.android.platform

import android.app.job.JobParameters
import android.app.job.JobService
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.heliograph.android.HeliographApplication
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** The scheduled catch-up. */
internal class CatchUpJob : JobService() {
    private var running: Job? = null

    /** How long it may take. Shorter in tests. */
    internal var within: Duration = DEADLINE

    override fun onStartJob(params: JobParameters): Boolean {
        val app = application as HeliographApplication
        running = app.scope.launch {
            app.phoneAccount.catchUp(within)
            // The next one was scheduled when the client went to sleep.
            jobFinished(params, false)
        }
        return true
    }

    /** The system takes the time back: what came until now is stored, and the rest is fetched the next time. */
    override fun onStopJob(params: JobParameters): Boolean {
        running?.cancel()
        return true
    }

    internal companion object {
        /** Long enough for a slow network, far from the ten minutes after which the system ends a job. */
        val DEADLINE = 60.seconds
    }
}
