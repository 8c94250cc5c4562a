package org.heliograph.android.platform

import android.content.BroadcastReceiver
import android.content.Context
import kotlinx.coroutines.launch
import org.heliograph.android.HeliographApplication

/** Does [work] off the main thread, and has the system keep the process until it is done. */
internal fun BroadcastReceiver.later(context: Context, work: suspend (HeliographApplication) -> Unit) {
    val app = context.applicationContext as HeliographApplication
    val pending = goAsync()
    app.scope.launch {
        try {
            work(app)
        } finally {
            // Nothing where a receiver was called by hand.
            pending?.finish()
        }
    }
}
