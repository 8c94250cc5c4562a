package org.heliograph.android.platform

import android.content.Context
import android.os.StrictMode
import org.heliograph.LogLevel
import org.heliograph.Outcome
import org.heliograph.SystemTrust
import org.heliograph.TrustedAuthorities
import org.heliograph.startLogging

/**
 * What the core needs before it is asked for anything, once in a process: that it may write to the log, and that the
 * phone's verifier of certificates knows this app. Loads the library: not for the main thread.
 */
internal class CoreStart(private val context: Context) {
    /**
     * Whose word counts for a server's certificate. If that can't be found out, messages can be read and written all
     * the same, and the core says of each connection why there is none.
     */
    val authorities: Outcome<TrustedAuthorities> get() {
        StrictMode.noteSlowCall("the core")
        return found
    }

    private val found by lazy {
        startLogging(LogLevel.INFO)
        SystemTrust.introduceApp(context)
    }
}
