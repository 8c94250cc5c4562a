package org.heliograph.android.platform

import org.heliograph.CatchUpEnd
import org.heliograph.Outcome
import org.heliograph.PushTarget
import org.heliograph.disablePush
import org.heliograph.enablePush
import org.heliograph.getOrThrow
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * Where every way of being woken ends: UnifiedPush here, Google's FCM in builds that have its library (its service
 * calls [arrived] and [registered]). What a push message says is never looked at; it makes the client fetch.
 */
public class PushWake internal constructor(
    private val account: PhoneAccount,
    private val schedule: CatchUpSchedule,
    private val within: Duration = DEADLINE,
) {
    /** A push message came: fetches what waits and shows it. What can't be fetched in time, a job fetches. */
    public suspend fun arrived() {
        val report = account.catchUp(within)
        val isCutShort = report is Outcome.Done &&
            (report.value.end == CatchUpEnd.DEADLINE || report.value.end == CatchUpEnd.OFFLINE)
        if (isCutShort) schedule.soon()
    }

    /** The phone can be reached through this target. If that can't be kept, whoever registered has to do so again. */
    public suspend fun registered(target: PushTarget): Outcome<Unit> =
        account.awake { it.enablePush(target).getOrThrow() }

    /** The phone can no longer be reached. */
    public suspend fun unregistered() {
        account.awake { it.disablePush() }
    }

    internal companion object {
        /** A receiver may take ten seconds, and a high-priority FCM message as long. */
        val DEADLINE = 8.seconds
    }
}
