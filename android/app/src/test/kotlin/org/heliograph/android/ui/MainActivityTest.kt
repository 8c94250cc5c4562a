package org.heliograph.android.ui

import android.content.Intent
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.assertTextContains
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithTag
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.core.content.IntentCompat
import kotlinx.coroutines.runBlocking
import org.heliograph.ConversationId
import org.heliograph.android.R
import org.heliograph.android.platform.PhoneApp
import org.heliograph.android.platform.Server
import org.heliograph.android.platform.TestPhone
import org.heliograph.android.platform.online
import org.heliograph.android.platform.signIn
import org.heliograph.getOrThrow
import org.heliograph.send
import org.heliograph.startChat
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** The whole app: what is half done outlives what the system does to its activity and its process. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = PhoneApp::class, qualifiers = "w411dp-h820dp-xhdpi")
class MainActivityTest {
    @get:Rule(order = 0)
    val compose = createEmptyComposeRule()

    // The inner one: what it ends is still on the screen.
    @get:Rule(order = 1)
    internal val phone = TestPhone()

    private val shown = ShownApp(phone)

    /** Signs in, and begins a chat with a message in it. */
    private fun chat(account: String): ConversationId = runBlocking {
        phone.account.signIn(Server.account(account)).online()
        phone.account.awake { client ->
            client.startChat(Server.account("finn").address).getOrThrow()
                .also { client.send(it, "the bridge is open").getOrThrow() }
        }.getOrThrow()
    }

    private fun holds(tag: String, text: String) {
        compose.see(hasTestTag(tag))
        compose.onNodeWithTag(tag).assertTextContains(text)
    }

    /** Whatever the system does, [expected] is so: the phone is turned, and the process ends. */
    private fun outlives(expected: () -> Unit) {
        shown.turn()
        expected()
        shown.die()
        expected()
    }

    @Test
    fun `a draft survives that the phone is turned, and that the app is ended behind the user's back`() {
        shown.open(chat("vera"))
        holds("reply", "")
        compose.type("reply", "half a thought")
        outlives { holds("reply", "half a thought") }
    }

    @Test
    fun `a notification disturbs nobody who writes in its chat, and is followed once`() {
        val chat = chat("dan")
        shown.open(chat)
        holds("reply", "")
        compose.type("reply", "half")
        shown.come(chat)
        compose.type("reply", " a thought")
        compose.press("Back")
        compose.read(R.string.new_chat)
        shown.turn()
        compose.read(R.string.new_chat)
        compose.onNodeWithTag("reply").assertDoesNotExist()
        shown.come(chat)
        shown.die()
        holds("reply", "half a thought")
    }

    @Test
    fun `signing in goes on where it was, and the password is kept nowhere`() {
        shown.open()
        compose.see(hasTestTag("address"))
        compose.type("address", "ana@relief.example")
        compose.type("password", "secret")
        compose.touch("server")
        compose.type("host", "10.0.0.7")
        shown.turn()
        holds("address", "ana@relief.example")
        holds("host", "10.0.0.7")
        compose.onNodeWithTag("sign-in").assertIsEnabled()
        shown.die()
        holds("address", "ana@relief.example")
        holds("host", "10.0.0.7")
        compose.onNodeWithTag("sign-in").assertIsNotEnabled()
    }

    @Test
    fun `the log goes to whom the user chooses, and names nobody`() {
        chat("nora")
        shown.open()
        compose.press("Settings")
        compose.onNodeWithTag("log").performScrollTo()
        compose.touch("log")
        compose.until { shadowOf(phone.app).peekNextStartedActivity() != null }
        val chooser = shadowOf(phone.app).nextStartedActivity
        assertEquals(Intent.ACTION_CHOOSER, chooser.action)
        assertEquals("Share the log", chooser.getStringExtra(Intent.EXTRA_TITLE))
        val sent = checkNotNull(IntentCompat.getParcelableExtra(chooser, Intent.EXTRA_INTENT, Intent::class.java))
        assertEquals(Intent.ACTION_SEND to "text/plain", sent.action to sent.type)
        val log = checkNotNull(sent.getStringExtra(Intent.EXTRA_TEXT))
        assertTrue(log, log.lines().count { "heliograph" in it } > 3)
        for (secret in listOf("nora", "finn", Server.account("nora").password, "the bridge is open")) {
            assertFalse("$secret is in the log", secret in log)
        }
        compose.touch("log")
        compose.until { shadowOf(phone.app).nextStartedActivity != null }
    }

    @Test
    fun `what is sought, begun or set is there again`() {
        chat("ina")
        shown.open()
        compose.read(R.string.new_chat)

        compose.press("Search")
        compose.type("query", "bridge")
        outlives {
            holds("query", "bridge")
            compose.see(hasText("the bridge is open"))
        }
        compose.press("Back")

        compose.onNodeWithText("New group").performClick()
        compose.see(hasTestTag("group-name"))
        compose.type("group-name", "Night shift")
        compose.type("member", "ben@relief.example")
        compose.touch("add")
        compose.see(hasContentDescription("Leave out ben"))
        compose.type("member", "cam@")
        outlives {
            holds("group-name", "Night shift")
            compose.see(hasContentDescription("Leave out ben"))
            holds("member", "cam@")
        }
        compose.press("Back")

        compose.onNodeWithText("New chat").performClick()
        compose.see(hasTestTag("start"))
        compose.type("address", "ben@")
        outlives { holds("address", "ben@") }
        compose.press("Back")

        compose.press("Settings")
        compose.touch("open-password")
        compose.type("new-password", "secret")
        shown.die()
        compose.see(hasTestTag("new-password"))
        compose.onNodeWithTag("use-password").assertIsNotEnabled()
    }
}
