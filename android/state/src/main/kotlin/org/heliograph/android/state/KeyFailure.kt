package org.heliograph.android.state

import org.heliograph.Failure
import org.heliograph.FailureCode

/** Why the key of the messages can't be had: what the phone adds to the core's failures, told by [Failure.name]. */
public enum class KeyFailure(
    /** [Failure.name] of it. */
    public val code: String,
    /** Whether it may pass by itself. */
    public val transient: Boolean,
    /** What happened and what can be done, in English, for whoever shows failures without having words of their own. */
    public val advice: String,
) {
    /** The phone's keystore is locked, as it is until the phone was unlocked for the first time. */
    LOCKED("keystore-locked", true, "The phone's keystore is locked. Unlock the phone and try again."),

    /** The keystore does not answer as it should. */
    FAULTY("keystore-faulty", true, "The phone's keystore does not answer. Try again, or restart the phone."),

    /** The database came from another phone, or the keystore was emptied. */
    LOST(
        "key-lost",
        false,
        "The messages on this phone were locked by another phone's keystore, as after restoring a backup. They are " +
            "still there, but only that phone can open them.",
    ),

    /** The system made the key useless. */
    INVALIDATED(
        "key-invalidated",
        false,
        "The phone made the key of the messages useless, as when its screen lock is removed. They are still there, " +
            "but can't be opened.",
    ),
    ;

    /** The same as the core would tell it. No data is lost by any of them. */
    public fun failure(): Failure = Failure(FailureCode.STORE_LOCKED, code, transient, advice, detail = "")

    public companion object {
        /** What [failure] is of these; nothing if it is the core's own. */
        public fun of(failure: Failure): KeyFailure? = entries.find { it.code == failure.name }
    }
}

/** Whether nothing will ever open these messages on this phone, so that one can only begin anew. */
public val Failure.isForGood: Boolean
    get() = !transient && (code == FailureCode.STORE_LOCKED || code == FailureCode.STORE_CORRUPT)
