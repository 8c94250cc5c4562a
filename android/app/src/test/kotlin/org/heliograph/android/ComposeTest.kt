package org.heliograph.android

import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.activity.ComponentActivity
import androidx.compose.material3.Button
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.test.assertTextEquals
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performClick
import org.heliograph.android.ui.KnownActivity
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.rules.RuleChain
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import java.io.File

/** Shows that the tools are set up: Compose runs, is drawn, and hears a click on both versions of Android. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [29, 35], qualifiers = "w411dp-h731dp-xhdpi")
class ComposeTest {
    private val compose = createAndroidComposeRule<ComponentActivity>()

    @get:Rule
    val rules: RuleChain = RuleChain.outerRule(KnownActivity(ComponentActivity::class.java)).around(compose)

    @Test
    fun `a click is heard and drawn`() {
        compose.setContent {
            var clicks by remember { mutableStateOf(0) }
            MaterialTheme {
                Button(onClick = { clicks++ }, Modifier.testTag("button")) { Text("$clicks") }
            }
        }
        compose.onNodeWithTag("button").performClick().assertTextEquals("1")
        val view = compose.activity.window.decorView
        val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
        view.draw(Canvas(picture))
        val file = File(System.getProperty("heliograph.screenshots")!!, "click.png")
        file.parentFile!!.mkdirs()
        assertTrue(file.outputStream().use { picture.compress(Bitmap.CompressFormat.PNG, 100, it) })
    }
}
