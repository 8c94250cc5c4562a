package org.heliograph.android.ui

import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.NotificationManager
import android.os.Build
import android.provider.Settings
import androidx.activity.ComponentActivity
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The user is asked once whether the app may notify, and sees in the settings if it may not. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35], qualifiers = "w411dp-h820dp-xhdpi")
class NotificationLeaveTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()
    private val app = RuntimeEnvironment.getApplication()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    private fun asked() = shadowOf(compose.activity).lastRequestedPermission?.requestedPermissions

    private fun ask() {
        compose.setContent { AskToNotify() }
        compose.waitForIdle()
    }

    @Test
    fun `where the phone wants that, it asks`() {
        ask()
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU) {
            assertNull(asked())
        } else {
            assertArrayEquals(arrayOf(POST_NOTIFICATIONS), asked())
        }
    }

    @Test
    fun `who has answered is not asked again`() {
        shadowOf(app).grantPermissions(POST_NOTIFICATIONS)
        ask()
        assertNull(asked())
    }

    @Test
    fun `who has said no is not asked again`() {
        shadowOf(app.packageManager).setShouldShowRequestPermissionRationale(POST_NOTIFICATIONS, true)
        ask()
        assertNull(asked())
    }

    @Test
    fun `the settings say that nothing is shown, and lead to where that is changed`() {
        shadowOf(app.getSystemService(NotificationManager::class.java)).setNotificationsEnabled(false)
        compose.setContent { HeliographTheme { SettingsPane(Samples.settings, SettingsEvents(), {}, {}) } }
        compose.onNodeWithTag("allow-notifications").performClick()
        compose.waitForIdle()
        assertEquals(
            Settings.ACTION_APP_NOTIFICATION_SETTINGS,
            shadowOf(compose.activity).nextStartedActivity.action,
        )
    }
}
