package org.heliograph.android.platform

import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context
import java.time.Clock
import kotlin.time.Duration.Companion.milliseconds

/**
 * When the system shall wake the client: a job, and only where the core asks for it. Survives a restart of the phone.
 */
internal class CatchUpSchedule(private val context: Context, private val clock: Clock = Clock.systemUTC()) {
    private val jobs = context.service<JobScheduler>()

    /**
     * At this moment or later, once there is a network; nothing: not at all. There is no latest moment: at that the system
     * would wake the phone also where there is no network, and nothing to be had.
     */
    fun at(atMs: Long?) {
        if (atMs == null) {
            jobs.cancel(JOB)
            return
        }
        val wait = (atMs - clock.millis()).milliseconds.coerceAtLeast(0.milliseconds)
        val job = JobInfo
            .Builder(JOB, ComponentName(context, CatchUpJob::class.java))
            .setRequiredNetworkType(JobInfo.NETWORK_TYPE_ANY)
            .setMinimumLatency(wait.inWholeMilliseconds)
            .setPersisted(true)
            .build()
        jobs.schedule(job)
    }

    /** As soon as there is a network: for what a push message announced and nobody could fetch in time. */
    fun soon() = at(clock.millis())

    internal companion object {
        /** The job's number, unique in the app. */
        const val JOB = 1
    }
}
