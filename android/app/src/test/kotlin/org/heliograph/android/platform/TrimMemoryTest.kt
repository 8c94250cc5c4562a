package org.heliograph.android.platform

import android.content.ComponentCallbacks2.TRIM_MEMORY_BACKGROUND
import android.content.ComponentCallbacks2.TRIM_MEMORY_UI_HIDDEN
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.runBlocking
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** Memory is short: what the app keeps for a user who may be back soon is let go. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = TrimMemoryTest.PromptApp::class)
class TrimMemoryTest {
    /** Goes to sleep in the call that sends it there, so that a test sees at once whether a call does. */
    internal class PromptApp : PhoneApp() {
        override val workers get() = Dispatchers.Unconfined
    }

    @get:Rule
    internal val phone = TestPhone()

    private fun listens() = shadowOf(phone.connectivity).networkCallbacks.isNotEmpty()

    @Test
    fun `the account sleeps at once when the app is behind, and not while somebody looks`() = runBlocking {
        val open = phone.account.signIn(Server.account("sam"))
        open.online()
        phone.app.onTrimMemory(TRIM_MEMORY_BACKGROUND)
        assertTrue("somebody looks", listens())
        phone.account.visible(false)
        // The system says this each time; the grace of an hour goes on.
        phone.app.onTrimMemory(TRIM_MEMORY_UI_HIDDEN)
        assertTrue("memory is not short", listens())
        phone.app.onTrimMemory(TRIM_MEMORY_BACKGROUND)
        open.asleep()
        phone.account.visible(true)
        open.online()
        Unit
    }
}
