package org.heliograph.android.ui

import androidx.activity.ComponentActivity
import androidx.compose.runtime.getValue
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import org.heliograph.android.state.Preferences
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File

/**
 * Draws every screen, in every dress, and compares the pictures with small ones that are checked in. Pictures and contact
 * sheets lie below the target folder; with `HELIOGRAPH_NEW_PICTURES=1` the small ones are written anew.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w411dp-h820dp-xhdpi")
class PicturesTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    @Test
    fun `in the light`() = draw("light")

    @Test
    @Config(qualifiers = "+night")
    fun `in the dark`() = draw("dark")

    @Test
    @Config(qualifiers = "+ar-rEG-ldrtl")
    fun `in Arabic, from right to left`() = draw("arabic")

    @Test
    @Config(fontScale = 2f)
    fun `with text at twice its size`() = draw("large")

    @Test
    fun `with high contrast`() = draw("contrast", PLAIN.copy(highContrast = true))

    @Test
    @Config(qualifiers = "+night")
    fun `with high contrast in the dark`() = draw("contrast-dark", PLAIN.copy(highContrast = true))

    private fun draw(dress: String, preferences: Preferences = PLAIN) {
        val pictures = LinkedHashMap<String, Picture>()
        compose.walk(preferences = preferences) { screen ->
            val picture = Picture.of(compose.activity.window.decorView)
            picture.write(File(OUTPUT, "$dress/$screen.png"))
            pictures[screen] = picture.narrowed(SHEET_WIDTH)
        }
        Picture.sheet(pictures, COLUMNS).write(File(OUTPUT, "$dress.png"))
        compare(dress, pictures)
    }

    private fun compare(dress: String, pictures: Map<String, Picture>) {
        val file = File(REFERENCES, "$dress.jpg")
        val now = Picture.sheet(pictures.mapValues { it.value.narrowed(REFERENCE_WIDTH) }, COLUMNS).asReference()
        if (System.getenv("HELIOGRAPH_NEW_PICTURES") == "1") file.writeBytes(now)
        val difference = Picture.of(now).difference(Picture.of(file.readBytes()))
        assertTrue(
            "$dress.png below ${OUTPUT.path} differs from ${file.path} by $difference; if it is as it should be, " +
                "run with HELIOGRAPH_NEW_PICTURES=1",
            difference <= TOLERANCE,
        )
    }

    private companion object {
        /** Colours of our own: those of a wallpaper are Android's business. */
        val PLAIN = Preferences(dynamicColour = false)
        val OUTPUT = File(checkNotNull(System.getProperty("heliograph.screenshots")))
        val REFERENCES = File(checkNotNull(System.getProperty("heliograph.references")))
        const val SHEET_WIDTH = 411
        const val REFERENCE_WIDTH = 90
        const val COLUMNS = 8

        /** Between what two machines make of the same curve and a word that is missing. */
        const val TOLERANCE = 8
    }
}
