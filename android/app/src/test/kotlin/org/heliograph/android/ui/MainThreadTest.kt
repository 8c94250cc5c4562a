package org.heliograph.android.ui

import android.os.StrictMode
import androidx.compose.ui.test.assertTextContains
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.performScrollTo
import kotlinx.coroutines.runBlocking
import org.heliograph.android.platform.AccountFiles
import org.heliograph.android.platform.CoreStart
import org.heliograph.android.platform.KeyVault
import org.heliograph.android.platform.PhoneApp
import org.heliograph.android.platform.Server
import org.heliograph.android.platform.TestPhone
import org.heliograph.android.platform.signIn
import org.junit.After
import org.junit.Assert.assertThrows
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/**
 * The main thread waits for nothing: whatever of the core waits for files and threads, and the keystore, is marked for
 * Android's strict mode, which here ends whoever does it on the main thread.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class, qualifiers = "w411dp-h820dp-xhdpi")
class MainThreadTest {
    @get:Rule(order = 0)
    val compose = createEmptyComposeRule()

    @get:Rule(order = 1)
    internal val phone = TestPhone()

    private val shown = ShownApp(phone)

    @Before
    fun watch() = StrictMode.setThreadPolicy(StrictMode.ThreadPolicy.Builder().detectAll().penaltyDeath().build())

    @After
    fun forget() = StrictMode.setThreadPolicy(StrictMode.ThreadPolicy.LAX)

    @Test
    fun `the watch sees what it is for`() {
        assertThrows(RuntimeException::class.java) { CoreStart(phone.app).authorities }
        assertThrows(RuntimeException::class.java) { KeyVault(AccountFiles(phone.app)).key() }
    }

    @Test
    fun `from a link at the first start to the log, and asleep and awake again`() {
        val finn = Server.account("finn").address
        shown.open(link = "xmpp:$finn")
        compose.see(hasTestTag("address"))
        compose.until { compose.onNodeWithTag("address").fetchSemanticsNode().config.toString().contains(finn) }
        runBlocking { phone.account.signIn(Server.account("leo")) }

        // The link leads on.
        compose.see(hasTestTag("start"))
        compose.onNodeWithTag("address").assertTextContains(finn)
        compose.touch("start")
        compose.see(hasTestTag("reply"))
        compose.type("reply", "the bridge is open")
        compose.touch("send")
        compose.see(hasContentDescription("the bridge is open", substring = true))
        shown.die()
        compose.see(hasContentDescription("the bridge is open", substring = true))

        compose.press("Back")
        compose.press("Connection")
        compose.press("Back")
        compose.press("Settings")
        compose.see(hasTestTag("log"))
        compose.onNodeWithTag("log").performScrollTo()
        compose.touch("log")
    }
}
