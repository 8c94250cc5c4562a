package org.heliograph.android.ui

import android.os.Build
import androidx.activity.ComponentActivity
import androidx.compose.material3.MaterialTheme
import androidx.compose.runtime.SideEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import org.heliograph.android.state.Brightness
import org.heliograph.android.state.Preferences
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNotEquals
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** Where the app's colours come from. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35])
class ThemeTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    private var preferences by mutableStateOf(Preferences())
    private var seen = Color.Unspecified

    private fun accent(wanted: Preferences): Color {
        preferences = wanted
        compose.waitForIdle()
        return seen
    }

    @Test
    fun `the wallpaper's colours are taken where the phone has them, and ours where the user wants those`() {
        compose.setContent {
            HeliographTheme(preferences) {
                val primary = MaterialTheme.colorScheme.primary
                SideEffect { seen = primary }
            }
        }
        for (brightness in listOf(Brightness.LIGHT, Brightness.DARK)) {
            val of = Preferences(brightness = brightness)
            val own = accent(of.copy(dynamicColour = false))
            val contrast = accent(of.copy(dynamicColour = false, highContrast = true))
            assertNotEquals(own, contrast)
            val wallpaper = if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) own else wallpaper(brightness)
            assertEquals("$brightness", wallpaper, accent(of.copy(dynamicColour = true)))
            val both = accent(of.copy(dynamicColour = true, highContrast = true))
            assertEquals("no wallpaper makes it hard to read", contrast, both)
        }
    }

    /** The accent that the system derived from the wallpaper. Robolectric's is not ours. */
    private fun wallpaper(brightness: Brightness): Color {
        val dark = brightness == Brightness.DARK
        return Color(compose.activity.getColor(if (dark) SYSTEM_PRIMARY_DARK else SYSTEM_PRIMARY_LIGHT)).also {
            assertNotEquals(accent(preferences.copy(dynamicColour = false)), it)
        }
    }

    private companion object {
        const val SYSTEM_PRIMARY_LIGHT = android.R.color.system_primary_light
        const val SYSTEM_PRIMARY_DARK = android.R.color.system_primary_dark
    }
}
