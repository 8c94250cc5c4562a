package org.heliograph.android.platform

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import org.heliograph.android.HeliographApplication

/**
 * The phone started, or the app was replaced by a newer one. Scheduled catch-ups are kept by the system; what is not is
 * set up again: live mode, if the user wants it, and after a replacement the registration for push. Nothing connects
 * for it, and without an account nothing happens.
 */
internal class BootReceiver : BroadcastReceiver() {
    override fun onReceive(context: Context, intent: Intent) {
        val isReplaced = intent.action == Intent.ACTION_MY_PACKAGE_REPLACED
        if (!isReplaced && intent.action != Intent.ACTION_BOOT_COMPLETED) return
        later(context) { app -> restore(app, isReplaced) }
    }

    internal companion object {
        /** Sets up again what the system does not keep. */
        suspend fun restore(app: HeliographApplication, isReplaced: Boolean) {
            if (!app.phoneAccount.isThere()) return
            if (app.shelf.read().liveMode) LiveService.set(app, wanted = true)
            if (isReplaced) app.unifiedPush.renew()
        }
    }
}
