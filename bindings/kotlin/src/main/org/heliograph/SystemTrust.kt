package org.heliograph

/** Whose word counts for a server's certificate. */
public enum class TrustedAuthorities {
    /** The phone's: what the user and the user's employer trust, and what was revoked. */
    OF_THE_PHONE,

    /** Those that Mozilla trusts, as of this version of the library. */
    BUILT_IN,
}

/** The phone's own verifier of certificates. */
public object SystemTrust {
    /**
     * Introduces the app to the phone's verifier of certificates. On Android it has to be called once in a process,
     * before the first account is added or opened and before a server is looked at: until then, servers that need a
     * public authority are not connected to, and the connection fails with [FailureCode.INTERNAL]. On other systems the
     * authorities are built in, and this does nothing. Loads the library: not for the main thread.
     *
     * Fails with [FailureCode.INTERNAL] where the app lacks a part of the library: its native half, or the classes
     * that `rules.txt` keeps.
     *
     * @param context any `android.content.Context` of the app; its application's is kept. Elsewhere anything
     */
    public fun introduceApp(context: Any): Outcome<TrustedAuthorities> {
        if (!isAndroid()) return Outcome.Done(TrustedAuthorities.BUILT_IN)
        return try {
            // JNA loads the library, too, but where the virtual machine does not look for what is `external`.
            System.loadLibrary(LIBRARY)
            if (introduce(context)) Outcome.Done(TrustedAuthorities.OF_THE_PHONE) else Outcome.Failed(incomplete(""))
        } catch (missing: UnsatisfiedLinkError) {
            Outcome.Failed(incomplete(missing.message.orEmpty()))
        }
    }

    /** In `bindings/ffi/src/system_trust.rs`. */
    private external fun introduce(context: Any): Boolean

    private fun isAndroid(): Boolean = System.getProperty("java.vm.name") == ANDROID

    private fun incomplete(detail: String) = Failure(
        code = FailureCode.INTERNAL,
        name = "internal",
        transient = false,
        advice = "A fault in Heliograph: please report it.",
        detail = "the app lacks a part of the library, for the phone's verifier of certificates was not found. $detail",
    )

    /** As in `bindings/ffi/uniffi.toml`. */
    private const val LIBRARY = "heliograph_ffi"

    /** What Android's virtual machine has been called since its first. */
    private const val ANDROID = "Dalvik"
}
