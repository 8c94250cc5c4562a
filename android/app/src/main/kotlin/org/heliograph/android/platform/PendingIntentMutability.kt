package org.heliograph.android.platform

import android.app.PendingIntent
import android.os.Build

/**
 * How a pending intent says that the system may fill it in. Before Android 12 all could be, and nothing was to be said.
 */
internal object PendingIntentMutability {
    val MUTABLE: Int = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.S) PendingIntent.FLAG_MUTABLE else 0
}
