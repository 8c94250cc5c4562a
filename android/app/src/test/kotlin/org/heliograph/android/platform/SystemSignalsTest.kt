package org.heliograph.android.platform

import android.app.NotificationManager
import android.content.Intent
import android.os.PowerManager
import kotlinx.coroutines.runBlocking
import org.heliograph.PowerState
import org.heliograph.android.HeliographApplication
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** What the phone says, and what comes of it: power, boot, live mode. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class SystemSignalsTest {
    private val app = RuntimeEnvironment.getApplication() as HeliographApplication

    @Test
    fun `battery saver, doze and charger are told, until the end`() {
        val power = app.getSystemService(PowerManager::class.java)
        val said = mutableListOf<PowerState>()
        val monitor = PowerMonitor(app, said::add)
        monitor.start()
        assertEquals(PowerState(), said.single())
        shadowOf(power).setIsPowerSaveMode(true)
        app.sendBroadcast(Intent(PowerManager.ACTION_POWER_SAVE_MODE_CHANGED))
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertTrue(said.last().lowPower)
        shadowOf(power).setIsDeviceIdleMode(true)
        app.sendBroadcast(Intent(PowerManager.ACTION_DEVICE_IDLE_MODE_CHANGED))
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertTrue(said.last().idle)
        app.sendBroadcast(Intent(Intent.ACTION_POWER_CONNECTED))
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertTrue(said.last().charging)
        monitor.stop()
        val before = said.size
        app.sendBroadcast(Intent(Intent.ACTION_POWER_DISCONNECTED))
        shadowOf(android.os.Looper.getMainLooper()).idle()
        assertEquals(before, said.size)
    }

    /** The user wants live mode, which begins at once. */
    private fun wantLiveMode() {
        app.shelf.change { it.copy(liveMode = true) }
        mainUntil { shadowOf(app).nextStartedService != null }
    }

    private fun boot() = runBlocking {
        shadowOf(app).clearStartedServices()
        BootReceiver.restore(app, isReplaced = false)
    }

    @Test
    fun `a phone that starts starts nothing, unless the user wants live mode and there is an account`() {
        boot()
        assertNull(shadowOf(app).nextStartedService)
        val files = AccountFiles(app)
        assertFalse(files.folder.exists())
        wantLiveMode()
        boot()
        assertNull("there is nobody to keep connected", shadowOf(app).nextStartedService)
        files.folder.mkdirs()
        files.database.writeBytes(ByteArray(1))
        boot()
        assertEquals(LiveService::class.java.name, shadowOf(app).nextStartedService.component!!.className)
    }

    @Test
    fun `live mode that can't keep anybody connected ends, and does not say that it does`() {
        val service = Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
        mainUntil { shadowOf(service.get()).isStoppedBySelf }
    }

    @Test
    fun `live mode shows that it is on, and how to end it`() {
        val service = Robolectric.buildService(LiveService::class.java).create().startCommand(0, 1)
        val shown = shadowOf(service.get()).lastForegroundNotification
        assertEquals("Live mode", shown.extras.getString("android.title"))
        assertEquals("Stop", shown.actions.single().title.toString())
        assertEquals(LiveService.ID, shadowOf(service.get()).lastForegroundNotificationId)
        wantLiveMode()
        service.get().onStartCommand(shadowOf(shown.actions.single().actionIntent).savedIntent, 0, 2)
        // The last that comes of it: what would still be at work then would fail in another test.
        mainUntil { shadowOf(app).nextStoppedService != null }
        assertFalse(app.shelf.preferences.value.liveMode)
        service.destroy()
        assertEquals(
            0,
            app.service<NotificationManager>().activeNotifications.count {
                it.id ==
                    MessageNotifications.ID
            },
        )
    }
}
