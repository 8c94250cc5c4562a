package org.heliograph.android.platform

import org.heliograph.Failure
import org.heliograph.FailureCode
import org.heliograph.android.state.KeyFailure

/** The trouble as the core would tell it, for those who show failures. No data is lost by any of them. */
internal fun KeyTrouble.failure(): Failure = when (this) {
    KeyTrouble.LOCKED -> KeyFailure.LOCKED.failure()
    KeyTrouble.FAULTY -> KeyFailure.FAULTY.failure()
    KeyTrouble.LOST -> KeyFailure.LOST.failure()
    KeyTrouble.INVALIDATED -> KeyFailure.INVALIDATED.failure()
    KeyTrouble.DISK -> diskFull()
}

/** There is no space for what the phone itself has to write. */
internal fun diskFull(): Failure = Failure(
    code = FailureCode.DISK_FULL,
    name = "disk-full",
    transient = true,
    advice = "There is no space left on the phone. Free some and try again.",
    detail = "",
)

/** There is no account on this phone yet. */
internal fun noAccount(): Failure = Failure(
    code = FailureCode.NOT_FOUND,
    name = "not-found",
    transient = false,
    advice = "There is no account on this phone yet.",
    detail = "",
)
