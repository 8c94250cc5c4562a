package org.heliograph.android.platform

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import org.heliograph.Outcome

/**
 * What a UnifiedPush distributor says. Any app can call this; without the token that only the distributor has, it is
 * air.
 */
internal class UnifiedPushReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) = later(context) { app ->
        if (!app.unifiedPush.isOurs(intent)) return@later
        when (intent.action) {
            UnifiedPush.MESSAGE -> {
                app.unifiedPush.acknowledge(intent)
                // What it says is not read: it was a stranger's to write. That it came is all.
                app.pushWake.arrived()
            }

            UnifiedPush.NEW_ENDPOINT -> {
                val endpoint = intent.getStringExtra(UnifiedPush.EXTRA_ENDPOINT)
                if (endpoint == null) return@later
                val kept = app.pushWake.registered(app.unifiedPush.target(endpoint))
                // The next visit asks again.
                if (kept is Outcome.Failed) app.unifiedPush.unregister()
            }

            UnifiedPush.REGISTRATION_FAILED -> app.unifiedPush.forget()

            UnifiedPush.UNREGISTERED -> {
                app.unifiedPush.forget()
                app.pushWake.unregistered()
            }
        }
    }
}
