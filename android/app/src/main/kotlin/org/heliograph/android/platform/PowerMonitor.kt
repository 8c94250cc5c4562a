package org.heliograph.android.platform

import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager
import org.heliograph.PowerState

/** Follows battery saver, doze and charger, from [start] to [stop]. */
internal class PowerMonitor(private val context: Context, private val report: (PowerState) -> Unit) :
    BroadcastReceiver() {
    private val power = context.service<PowerManager>()
    private val battery = context.service<BatteryManager>()

    /** Begins, and says at once how it is. */
    fun start() {
        val filter = IntentFilter(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED)
        filter.addAction(PowerManager.ACTION_DEVICE_IDLE_MODE_CHANGED)
        filter.addAction(Intent.ACTION_POWER_CONNECTED)
        filter.addAction(Intent.ACTION_POWER_DISCONNECTED)
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            filter.addAction(PowerManager.ACTION_DEVICE_LIGHT_IDLE_MODE_CHANGED)
        }
        context.registerReceiver(this, filter)
        report(now(battery.isCharging))
    }

    /** Ends. */
    fun stop() {
        context.unregisterReceiver(this)
    }

    override fun onReceive(context: Context, intent: Intent) {
        // The battery service may not have heard yet of the charger that this broadcast is about.
        val charging = when (intent.action.orEmpty()) {
            Intent.ACTION_POWER_CONNECTED -> true
            Intent.ACTION_POWER_DISCONNECTED -> false
            else -> battery.isCharging
        }
        report(now(charging))
    }

    private fun now(charging: Boolean): PowerState {
        val resting = Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU && power.isDeviceLightIdleMode
        return PowerState(
            lowPower = power.isPowerSaveMode,
            charging = charging,
            idle =
            resting || power.isDeviceIdleMode,
        )
    }
}
