package org.heliograph.android.platform

import android.app.ForegroundServiceStartNotAllowedException
import android.app.PendingIntent
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import androidx.core.app.NotificationChannelCompat
import androidx.core.app.NotificationCompat
import androidx.core.app.NotificationManagerCompat
import androidx.core.app.ServiceCompat
import androidx.core.content.ContextCompat
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import org.heliograph.Outcome
import org.heliograph.android.HeliographApplication
import org.heliograph.android.R

/**
 * Live mode: keeps the connection while nobody looks, with a permanent notification. Runs only while the user wants it.
 *
 * Of the types that Android 14 asks for it is `remoteMessaging`, which carries text messages and has no limit of time;
 * `dataSync` is ended after six hours by Android 15 and may not begin when the phone starts.
 */
internal class LiveService : Service() {
    private val app get() = application as HeliographApplication

    /** Whether the account could be kept awake, once that is known. */
    private var holding: Deferred<Boolean>? = null

    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        if (intent?.action == ACTION_STOP) {
            app.shelf.change { it.copy(liveMode = false) }
            return START_NOT_STICKY
        }
        NotificationManagerCompat.from(this).createNotificationChannel(channel())
        try {
            ServiceCompat.startForeground(this, ID, notification(), type())
        } catch (_: IllegalStateException) {
            // The system started us again and does not let us be in front: the scheduled catch-up takes over.
            stopSelf()
            return START_NOT_STICKY
        }
        holding = holding ?: app.scope.async {
            val isHeld = app.phoneAccount.hold(connect = true) is Outcome.Done
            // Nobody stays connected, and the notification would say so. The next visit tries again.
            if (!isHeld) stopSelf()
            isHeld
        }
        return START_STICKY
    }

    override fun onDestroy() {
        // It may be ended while the account is still being woken: only what is held is let go.
        holding?.let { app.scope.launch { if (it.await()) app.phoneAccount.letGo() } }
        holding = null
        super.onDestroy()
    }

    private fun notification() = NotificationCompat.Builder(this, CHANNEL)
        .setSmallIcon(R.drawable.notification_icon)
        .setContentTitle(getString(R.string.live_title))
        .setContentText(getString(R.string.live_text))
        .setOngoing(true)
        .setCategory(NotificationCompat.CATEGORY_SERVICE)
        .addAction(0, getString(R.string.live_stop), stopIntent())
        .build()

    private fun stopIntent(): PendingIntent {
        val intent = Intent(this, LiveService::class.java).setAction(ACTION_STOP)
        return PendingIntent.getService(this, 0, intent, PendingIntent.FLAG_IMMUTABLE)
    }

    private fun channel() = NotificationChannelCompat.Builder(CHANNEL, NotificationManagerCompat.IMPORTANCE_LOW)
        .setName(getString(R.string.channel_live))
        .setShowBadge(false)
        .build()

    private fun type(): Int = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
        ServiceInfo.FOREGROUND_SERVICE_TYPE_REMOTE_MESSAGING
    } else {
        0
    }

    internal companion object {
        private const val CHANNEL = "live"
        private const val ACTION_STOP = "org.heliograph.android.LIVE_STOP"

        /** The number of the permanent notification. */
        const val ID = 3

        /**
         * Starts or ends live mode. Where the system does not let it start from behind, it starts when the user is
         * back.
         */
        fun set(context: Context, wanted: Boolean) {
            val intent = Intent(context, LiveService::class.java)
            if (!wanted) {
                context.stopService(intent)
                return
            }
            try {
                ContextCompat.startForegroundService(context, intent)
            } catch (exception: IllegalStateException) {
                if (!isRefusal(exception)) throw exception
            }
        }

        private fun isRefusal(exception: IllegalStateException): Boolean =
            Build.VERSION.SDK_INT >= Build.VERSION_CODES.S &&
                exception is ForegroundServiceStartNotAllowedException
    }
}
