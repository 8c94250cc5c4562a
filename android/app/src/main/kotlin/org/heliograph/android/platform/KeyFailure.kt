package org.heliograph.android.platform

import org.heliograph.Failure
import org.heliograph.FailureCode

/** The trouble as the core would tell it, for those who show failures. No data is lost by any of them. */
internal fun KeyTrouble.failure(): Failure = when (this) {
    KeyTrouble.LOCKED -> Failure(
        code = FailureCode.STORE_LOCKED,
        name = "keystore-locked",
        transient = true,
        advice = "The phone's keystore is locked. Unlock the phone and try again.",
        detail = "",
    )

    KeyTrouble.FAULTY -> Failure(
        code = FailureCode.STORE_LOCKED,
        name = "keystore-faulty",
        transient = true,
        advice = "The phone's keystore does not answer. Try again, or restart the phone.",
        detail = "",
    )

    KeyTrouble.LOST -> Failure(
        code = FailureCode.STORE_LOCKED,
        name = "key-lost",
        transient = false,
        advice =
        "The messages on this phone were locked by another phone's keystore, as after restoring a backup. They are " +
            "still there, but only that phone can open them.",
        detail = "",
    )

    KeyTrouble.INVALIDATED -> Failure(
        code = FailureCode.STORE_LOCKED,
        name = "key-invalidated",
        transient = false,
        advice =
        "The phone made the key of the messages useless, as when its screen lock is removed. They are still there, " +
            "but can't be opened.",
        detail = "",
    )

    KeyTrouble.DISK -> Failure(
        code = FailureCode.DISK_FULL,
        name = "disk-full",
        transient = true,
        advice = "There is no space left on the phone. Free some and try again.",
        detail = "",
    )
}

/** There is no account on this phone yet. */
internal fun noAccount(): Failure = Failure(
    code = FailureCode.NOT_FOUND,
    name = "not-found",
    transient = false,
    advice = "There is no account on this phone yet.",
    detail = "",
)
