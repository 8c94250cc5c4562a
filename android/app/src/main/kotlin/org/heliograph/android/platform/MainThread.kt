package org.heliograph.android.platform

import android.os.StrictMode

/**
 * In builds for developers, the log tells each time the main thread touches a file or a network, or does what is marked
 * as slow ([StrictMode.noteSlowCall]): whatever of the core waits for files and threads, and the keystore.
 */
internal fun watchMainThread() {
    StrictMode.setThreadPolicy(StrictMode.ThreadPolicy.Builder().detectAll().penaltyLog().build())
}
